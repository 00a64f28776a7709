namespace Dapr.Voice.Tests.Unit.Opus;

/// <summary>What the first bytes of an Opus packet say (RFC 6716, section 3), without decoding it.</summary>
internal static class OpusPacket
{
    // RFC 6716, section 3.1: the TOC byte.
    //  0 1 2 3 4 5 6 7
    // | config  |s| c |
    private const int MaximumMicroseconds = 120_000;

    /// <summary>Samples per channel at <paramref name="sampleRate"/>; 0 if these bytes are no packet.</summary>
    public static int DurationSamples(ReadOnlySpan<byte> packet, int sampleRate)
    {
        if (packet.IsEmpty) return 0;
        int frames = (packet[0] & 3) switch
        {
            0 => 1,
            1 or 2 => 2,
            _ => packet.Length >= 2 ? packet[1] & 0x3F : 0,
        };
        int microseconds = frames * FrameMicroseconds(packet[0]);
        return microseconds <= MaximumMicroseconds ? (int)((long)microseconds * sampleRate / 1_000_000) : 0;
    }

    /// <summary>
    /// The packet carries a coarse copy of the frame before it (RFC 6716, section 4.2.4). Only packets of one frame are looked at, as
    /// WebRTC sends them; it is false for others.
    /// </summary>
    public static bool HasLbrr(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 2 || (packet[0] & 3) != 0 || packet[0] >> 3 >= 16) return false;
        // The LP layer begins with one voice activity flag for each 20 ms and then the LBRR flag, each a whole bit.
        int silkFrames = Math.Max(1, FrameMicroseconds(packet[0]) / 20_000);
        bool isStereo = (packet[0] & 4) != 0;
        return ((packet[1] >> (7 - silkFrames)) & 1) != 0 || (isStereo && silkFrames < 3 && ((packet[1] >> (6 - 2 * silkFrames)) & 1) != 0);
    }

    private static int FrameMicroseconds(byte toc)
    {
        int config = toc >> 3;
        return config switch
        {
            < 12 => (config & 3) switch { 0 => 10_000, 1 => 20_000, 2 => 40_000, _ => 60_000 },
            < 16 => (config & 1) == 0 ? 10_000 : 20_000,
            _ => 2_500 << (config & 3),
        };
    }
}
