using Dapr.Voice.Native;

namespace Dapr.Voice.Opus;

/// <summary>libopus' encoder. It holds about 44 kB of native memory and allocates nothing for a frame.</summary>
internal sealed class LibopusEncoder : IOpusEncoder
{
    private readonly OpusEncoderHandle _handle;
    private readonly int _channels;

    public LibopusEncoder(int sampleRate, int channels, OpusApplication application)
    {
        _channels = channels;
        _handle = LibOpus.opus_encoder_create(sampleRate, channels, (int)application, out int error);
        if (error != LibOpus.OPUS_OK) throw new InvalidOperationException($"libopus could not create an encoder: {(OpusError)error}.");
    }

    public int Bitrate { set => Set(LibOpus.OPUS_SET_BITRATE_REQUEST, value); }
    public int Complexity { set => Set(LibOpus.OPUS_SET_COMPLEXITY_REQUEST, value); }
    public bool InbandFec { set => Set(LibOpus.OPUS_SET_INBAND_FEC_REQUEST, value ? 1 : 0); }
    public int ExpectedLossPercent { set => Set(LibOpus.OPUS_SET_PACKET_LOSS_PERC_REQUEST, value); }
    public bool Dtx { set => Set(LibOpus.OPUS_SET_DTX_REQUEST, value ? 1 : 0); }

    public int Encode(ReadOnlySpan<short> pcm, Span<byte> output)
        => pcm.IsEmpty || output.IsEmpty ? (int)OpusError.BadArgument
        : LibOpus.opus_encode(_handle, pcm, pcm.Length / _channels, output, output.Length);

    public void Dispose() => _handle.Dispose();

    private void Set(int request, int value)
    {
        int error = LibOpus.opus_encoder_ctl(_handle, request, value);
        if (error != LibOpus.OPUS_OK)
            throw new ArgumentOutOfRangeException(nameof(value), value, $"libopus rejected the setting: {(OpusError)error}.");
    }
}
