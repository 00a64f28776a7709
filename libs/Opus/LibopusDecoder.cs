using Dapr.Voice.Native;

namespace Dapr.Voice.Opus;

/// <summary>libopus' decoder. It holds about 18 kB of native memory and allocates nothing for a packet.</summary>
internal sealed class LibopusDecoder : IOpusDecoder
{
    private readonly OpusDecoderHandle _handle;
    private readonly int _channels;

    public LibopusDecoder(int sampleRate, int channels)
    {
        _channels = channels;
        _handle = LibOpus.opus_decoder_create(sampleRate, channels, out int error);
        if (error != LibOpus.OPUS_OK) throw new InvalidOperationException($"libopus could not create a decoder: {(OpusError)error}.");
    }

    public int Decode(ReadOnlySpan<byte> packet, Span<short> pcm)
        => packet.IsEmpty ? (int)OpusError.InvalidPacket : LibOpus.opus_decode(
        _handle, packet, packet.Length, pcm, pcm.Length / _channels, 0);

    public int DecodeFec(ReadOnlySpan<byte> next, Span<short> pcm)
        => next.IsEmpty ? (int)OpusError.InvalidPacket : LibOpus.opus_decode(_handle, next, next.Length, pcm, pcm.Length / _channels, 1);

    public int Conceal(Span<short> pcm) => LibOpus.opus_decode(_handle, default, 0, pcm, pcm.Length / _channels, 0);

    public void Dispose() => _handle.Dispose();
}
