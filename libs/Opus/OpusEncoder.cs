using Dapr.Voice.Native;

namespace Dapr.Voice.Opus;

/// <summary>Encodes PCM16 to Opus packets. Used by one thread at a time; about 44 kB of native memory.</summary>
public sealed class OpusEncoder : IDisposable
{
    /// <summary>The largest packet that one frame of up to 60 ms can become (RFC 6716, section 3.2: 1275 bytes for each frame).</summary>
    public const int MaximumPacketBytes = 1275;

    private readonly OpusEncoderHandle _handle;
    private readonly int _channels;

    /// <param name="sampleRate">8, 12, 16, 24 or 48 kHz.</param>
    /// <exception cref="MissingNativeLibraryException">libopus is not installed.</exception>
    public OpusEncoder(int sampleRate = 24_000, int channels = 1, OpusApplication application = OpusApplication.Voip)
    {
        OpusDecoder.CheckFormat(sampleRate, channels);
        _channels = channels;
        _handle = LibOpus.opus_encoder_create(sampleRate, channels, (int)application, out int error);
        if (error != LibOpus.OPUS_OK) throw new InvalidOperationException($"libopus made no encoder: {(OpusError)error}.");
    }

    /// <summary>Bits per second, 6,000 to 510,000.</summary>
    public int Bitrate { set => Set(LibOpus.OPUS_SET_BITRATE_REQUEST, value); }

    /// <summary>0 (fast) to 10 (best). 5 costs about half of 10 (docs/benchmarks.md).</summary>
    public int Complexity { set => Set(LibOpus.OPUS_SET_COMPLEXITY_REQUEST, value); }

    /// <summary>Repeats a coarse copy of each frame in the packet after it. Takes effect where <see cref="ExpectedLossPercent"/> is above zero.</summary>
    public bool InbandFec { set => Set(LibOpus.OPUS_SET_INBAND_FEC_REQUEST, value ? 1 : 0); }

    /// <summary>0 to 100: how much the encoder spends on redundancy.</summary>
    public int ExpectedLossPercent { set => Set(LibOpus.OPUS_SET_PACKET_LOSS_PERC_REQUEST, value); }

    /// <summary>Discontinuous transmission: in silence most frames become packets of at most 2 bytes, which need not be sent.</summary>
    public bool Dtx { set => Set(LibOpus.OPUS_SET_DTX_REQUEST, value ? 1 : 0); }

    /// <summary>The last frame was one of silence, under <see cref="Dtx"/>.</summary>
    public bool IsInDtx => LibOpus.opus_encoder_ctl_get(_handle, LibOpus.OPUS_GET_IN_DTX_REQUEST, out int value) == LibOpus.OPUS_OK && value != 0;

    /// <param name="pcm">One frame of 2.5, 5, 10, 20, 40 or 60 ms, channels interleaved.</param>
    /// <param name="output">Best <see cref="MaximumPacketBytes"/>; less bounds the packet.</param>
    /// <returns>Bytes written, or a negative <see cref="OpusError"/>.</returns>
    public int Encode(ReadOnlySpan<short> pcm, Span<byte> output)
        => pcm.IsEmpty || output.IsEmpty ? (int)OpusError.BadArgument : LibOpus.opus_encode(_handle, pcm, pcm.Length / _channels, output, output.Length);

    public void Dispose() => _handle.Dispose();

    private void Set(int request, int value)
    {
        int error = LibOpus.opus_encoder_ctl(_handle, request, value);
        if (error != LibOpus.OPUS_OK) throw new ArgumentOutOfRangeException(nameof(value), value, $"libopus refused the setting: {(OpusError)error}.");
    }
}
