namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// The format of all audio inside the transceiver: PCM16, mono, 24 kHz, in frames of 20 ms. The RTP clock of Opus is 48 kHz, whatever the
/// sample rate of the codec is (RFC 7587, section 4.1).
/// </summary>
internal static class AudioFormat
{
    public const int SampleRate = 24_000;
    public const int FrameSamples = 480;
    public const int SamplesPerMillisecond = SampleRate / 1000;
    public const uint RtpTicksPerFrame = 960;
    public static readonly TimeSpan FrameDuration = TimeSpan.FromMilliseconds(20);

    public static TimeSpan DurationOf(long samples) => TimeSpan.FromTicks(samples * TimeSpan.TicksPerSecond / SampleRate);

    /// <summary>Returns how many frames hold this many samples. A frame that is not full counts.</summary>
    public static long FramesIn(long samples) => (samples + FrameSamples - 1) / FrameSamples;
}
