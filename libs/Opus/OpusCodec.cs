using Dapr.Voice.Native;

namespace Dapr.Voice.Opus;

/// <summary>
/// Creates encoders and decoders of one implementation of Opus. libopus is the codec of a transceiver. Concentus, a C# port of it, is for
/// machines without libopus; docs/decisions/0019 has its cost. Thread-safe.
/// </summary>
public sealed class OpusCodec
{
    /// <summary>The largest packet of one frame: 1275 bytes for the frame (RFC 6716, section 3.2.1), and the TOC byte.</summary>
    public const int MaximumPacketBytes = 1276;

    private static volatile bool s_isLibopusLoaded;

    private OpusCodec(string name) => Name = name;

    /// <summary>The reference implementation. It does not allocate for a frame.</summary>
    public static OpusCodec Libopus { get; } = new("libopus");

    /// <summary>
    /// The managed implementation. It needs no native library but more CPU time. It allocates about 120 kB for each encoded frame and 30 kB
    /// for each decoded one.
    /// </summary>
    public static OpusCodec Concentus { get; } = new("concentus");

    /// <summary>
    /// True if libopus can be loaded here. Once it is loaded it stays. Until then each call looks again, because a command that finds it
    /// missing may install it.
    /// </summary>
    public static bool IsLibopusInstalled
        => s_isLibopusLoaded
        || (s_isLibopusLoaded = NativeLibraries.IsInstalled(NativeLibraries.Opus, nameof(LibOpus.opus_encoder_create)));

    /// <summary>libopus if it is installed, else Concentus.</summary>
    public static OpusCodec Best => IsLibopusInstalled ? Libopus : Concentus;

    /// <summary><c>libopus</c> or <c>concentus</c>, as used in settings, logs and metrics.</summary>
    public string Name { get; }

    /// <param name="sampleRate">The sample rate of the PCM: 8, 12, 16, 24 or 48 kHz.</param>
    /// <param name="channels">1 or 2.</param>
    /// <exception cref="MissingNativeLibraryException">This is <see cref="Libopus"/>, and it is not installed.</exception>
    public IOpusEncoder CreateEncoder(int sampleRate = 24_000, int channels = 1, OpusApplication application = OpusApplication.Voip)
    {
        CheckFormat(sampleRate, channels);
        return this == Libopus ? new LibopusEncoder(sampleRate, channels, application)
            : new ConcentusEncoder(sampleRate, channels, application);
    }

    /// <param name="sampleRate">The sample rate of the PCM: 8, 12, 16, 24 or 48 kHz. Packets of any bandwidth are decoded to it.</param>
    /// <param name="channels">1 or 2.</param>
    /// <exception cref="MissingNativeLibraryException">This is <see cref="Libopus"/>, and it is not installed.</exception>
    public IOpusDecoder CreateDecoder(int sampleRate = 24_000, int channels = 1)
    {
        CheckFormat(sampleRate, channels);
        return this == Libopus ? new LibopusDecoder(sampleRate, channels) : new ConcentusDecoder(sampleRate, channels);
    }

    private static void CheckFormat(int sampleRate, int channels)
    {
        if (sampleRate is not (8_000 or 12_000 or 16_000 or 24_000 or 48_000))
            throw new ArgumentOutOfRangeException(nameof(sampleRate), sampleRate, "Opus has 8, 12, 16, 24 and 48 kHz.");
        if (channels is not (1 or 2)) throw new ArgumentOutOfRangeException(nameof(channels), channels, "Only 1 and 2 are supported.");
    }
}
