using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary><c>a=rtpmap</c>: a payload type and the format that it stands for (RFC 8866, section 6.6).</summary>
/// <param name="Channels">Null if the line does not say it.</param>
internal readonly record struct RtpMap(int PayloadType, string Encoding, int ClockRate, int? Channels)
{
    public static bool TryParse(string value, out RtpMap map)
    {
        map = default;
        int space = value.IndexOf(' ');
        if (space < 0 || !TryReadPayloadType(value.AsSpan(0, space), out int payloadType)) return false;
        string[] parts = value[(space + 1)..].Trim(' ').Split('/');
        if (parts.Length is < 2 or > 3 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int clockRate))
            return false;
        int? channels = null;
        if (parts.Length == 3)
        {
            if (!int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int said)) return false;
            channels = said;
        }
        map = new RtpMap(payloadType, parts[0], clockRate, channels);
        return true;
    }

    /// <summary>
    /// True for Opus, which has two channels (RFC 7587, section 7). GStreamer leaves the number out if it makes the offer before the first
    /// packet.
    /// </summary>
    public bool IsOpus => Encoding.Equals("opus", StringComparison.OrdinalIgnoreCase) && ClockRate == 48000 && Channels is (null or 2);

    /// <summary>True for telephone-event (RFC 4733) at Opus' clock rate.</summary>
    public bool IsTelephoneEvent => Encoding.Equals("telephone-event", StringComparison.OrdinalIgnoreCase) && ClockRate == 48000;

    /// <summary>
    /// Reads a payload type of 7 bits. 64 to 95 are rejected: with rtcp-mux they can't be distinguished from RTCP (RFC 5761, section 4).
    /// </summary>
    public static bool TryReadPayloadType(ReadOnlySpan<char> text, out int payloadType)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out payloadType)
        && payloadType is <= 63 or (>= 96 and <= 127);
}
