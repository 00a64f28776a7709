using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>The part of libopus 1.3 that is used here, with the names of its manual (opus.h, opus_defines.h).</summary>
public static partial class LibOpus
{
    public const int OPUS_OK = 0;

    public const int OPUS_APPLICATION_VOIP = 2048;
    public const int OPUS_APPLICATION_AUDIO = 2049;

    public const int OPUS_SET_BITRATE_REQUEST = 4002;
    public const int OPUS_SET_COMPLEXITY_REQUEST = 4010;
    public const int OPUS_SET_INBAND_FEC_REQUEST = 4012;
    public const int OPUS_SET_PACKET_LOSS_PERC_REQUEST = 4014;
    public const int OPUS_SET_DTX_REQUEST = 4016;

    private const string Library = NativeLibraries.Opus;

    [LibraryImport(Library)]
    public static partial OpusEncoderHandle opus_encoder_create(int sampleRate, int channels, int application, out int error);

    [LibraryImport(Library)]
    internal static partial void opus_encoder_destroy(nint encoder);

    /// <returns>The number of bytes written, or a negative error.</returns>
    [LibraryImport(Library)]
    public static partial int opus_encode(
        OpusEncoderHandle encoder, ReadOnlySpan<short> pcm, int frameSize, Span<byte> data, int maximumBytes);

    // The function is variadic in C. On x64 System V, a variadic call passes integers like any other call. Other ABIs (Apple's ARM64) do
    // not, and this project does not run there.
    [LibraryImport(Library)]
    public static partial int opus_encoder_ctl(OpusEncoderHandle encoder, int request, int value);

    [LibraryImport(Library)]
    public static partial OpusDecoderHandle opus_decoder_create(int sampleRate, int channels, out int error);

    [LibraryImport(Library)]
    internal static partial void opus_decoder_destroy(nint decoder);

    /// <param name="data">An empty span if the packet was lost and must be concealed.</param>
    /// <param name="frameSize">The room in samples per channel. For concealment and FEC, the exact number of samples to produce.</param>
    /// <returns>Samples per channel, or a negative error.</returns>
    [LibraryImport(Library)]
    public static partial int opus_decode(
        OpusDecoderHandle decoder, ReadOnlySpan<byte> data, int bytes, Span<short> pcm, int frameSize, int decodeFec);
}
