using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Dapr.Voice.Opus;
using Dapr.Voice.Rtp;
using Dapr.Voice.TestKit.Speech;

namespace Dapr.Voice.Tests.Interop.Calls;

/// <summary>Recognises what a peer has recorded. Thread-safe: one recording is recognised at a time.</summary>
internal sealed class Ears : IDisposable
{
    private const int SampleRate = 48_000;

    /// <summary>A pause longer than this is shortened: the sender's clock may have jumped.</summary>
    private const int LongestPause = SampleRate;
    private const int LongestPacket = SampleRate * 120 / 1000;

    private readonly GrammarRecognizer _recognizer = new(SpokenAnswers.Grammar);
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <param name="recorded">The peer's line: a file of PCM (<c>wav</c>) or of RTP packets (<c>rtp</c>).</param>
    public async Task<string> RecognizeAsync(JsonObject recorded)
    {
        await _one.WaitAsync();
        try
        {
            (short[] samples, int rate) = (string?)recorded["rtp"] is { } rtp ? (Decode(await File.ReadAllBytesAsync(rtp)), SampleRate)
                : WavFile.Read((string)recorded["wav"]!);
            return _recognizer.Recognize(samples, rate);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _recognizer.Dispose();
        _one.Dispose();
    }

    private static short[] Decode(byte[] file)
    {
        var samples = new List<short>();
        using IOpusDecoder decoder = OpusCodec.Libopus.CreateDecoder(SampleRate);
        short[] pcm = new short[LongestPacket];
        uint? next = null;
        for (int at = 0; at + sizeof(ushort) <= file.Length;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at));
            if (!RtpPacket.TryParse(file.AsSpan(at + sizeof(ushort), length), out RtpPacket packet, out RtpParseError error))
                throw new InvalidDataException($"The peer recorded a packet that is no RTP: {error}.");
            at += sizeof(ushort) + length;
            // A packet that comes late is left out.
            int pause = next is { } expected ? (int)(packet.Timestamp - expected) : 0;
            if (pause < 0) continue;
            samples.AddRange(new short[Math.Min(pause, LongestPause)]);
            int decoded = decoder.Decode(packet.Payload, pcm);
            if (decoded > 0) samples.AddRange(pcm.AsSpan(0, decoded));
            next = packet.Timestamp + (uint)Math.Max(decoded, 0);
        }
        return [.. samples];
    }
}
