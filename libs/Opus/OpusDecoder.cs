using Dapr.Voice.Native;

namespace Dapr.Voice.Opus;

/// <summary>Decodes Opus packets to PCM16. Used by one thread at a time; about 18 kB of native memory. Bad packets are answered by an error, never by an exception.</summary>
public sealed class OpusDecoder : IDisposable
{
    private readonly OpusDecoderHandle _handle;
    private readonly int _channels;

    /// <param name="sampleRate">8, 12, 16, 24 or 48 kHz; packets of any bandwidth are decoded to it.</param>
    /// <exception cref="MissingNativeLibraryException">libopus is not installed.</exception>
    public OpusDecoder(int sampleRate = 24_000, int channels = 1)
    {
        CheckFormat(sampleRate, channels);
        _channels = channels;
        _handle = LibOpus.opus_decoder_create(sampleRate, channels, out int error);
        if (error != LibOpus.OPUS_OK) throw new InvalidOperationException($"libopus made no decoder: {(OpusError)error}.");
    }

    /// <param name="pcm">Room for the packet's duration; 120 ms (2,880 samples at 24 kHz mono) holds any.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    public int Decode(ReadOnlySpan<byte> packet, Span<short> pcm)
        => packet.IsEmpty ? (int)OpusError.InvalidPacket : LibOpus.opus_decode(_handle, packet, packet.Length, pcm, pcm.Length / _channels, 0);

    /// <summary>The frame before <paramref name="next"/> was lost: takes its coarse copy out of it, or conceals it if there is none. Decode <paramref name="next"/> afterwards.</summary>
    /// <param name="pcm">Exactly the duration of what was lost, a multiple of 2.5 ms.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    public int DecodeFec(ReadOnlySpan<byte> next, Span<short> pcm)
        => next.IsEmpty ? (int)OpusError.InvalidPacket : LibOpus.opus_decode(_handle, next, next.Length, pcm, pcm.Length / _channels, 1);

    /// <summary>Nothing came: makes up what the last sound would have become, fading out over successive calls.</summary>
    /// <param name="pcm">Exactly the duration of what was lost, a multiple of 2.5 ms.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    public int Conceal(Span<short> pcm) => LibOpus.opus_decode(_handle, default, 0, pcm, pcm.Length / _channels, 0);

    public void Dispose() => _handle.Dispose();

    internal static void CheckFormat(int sampleRate, int channels)
    {
        if (sampleRate is not (8_000 or 12_000 or 16_000 or 24_000 or 48_000)) throw new ArgumentOutOfRangeException(nameof(sampleRate), sampleRate, "Opus knows 8, 12, 16, 24 and 48 kHz.");
        if (channels is not (1 or 2)) throw new ArgumentOutOfRangeException(nameof(channels), channels, "Opus knows one and two channels.");
    }
}
