namespace Dapr.Voice.Turns;

/// <summary>The settings of <c>server_vad</c>. Values from a client are brought into range by <see cref="Clamped"/>.</summary>
/// <param name="Threshold">0 to 1.</param>
/// <param name="PrefixPaddingMilliseconds">How much before the first spoken frame belongs to the turn.</param>
/// <param name="SilenceMilliseconds">How long it must be quiet before the turn has ended.</param>
public readonly record struct TurnOptions(double Threshold = 0.5, int PrefixPaddingMilliseconds = 300, int SilenceMilliseconds = 500)
{
    /// <summary>The longest prefix: who buffers it must know a bound.</summary>
    public const int MaximumPrefixPaddingMilliseconds = 2_000;

    /// <summary>Below this every gap between words ends the turn.</summary>
    public const int MinimumSilenceMilliseconds = 100;

    public const int MaximumSilenceMilliseconds = 10_000;

    public static TurnOptions Default => new(0.5, 300, 500);

    public TurnOptions Clamped() => new(
        double.IsNaN(Threshold) ? 0.5 : Math.Clamp(Threshold, 0, 1),
        Math.Clamp(PrefixPaddingMilliseconds, 0, MaximumPrefixPaddingMilliseconds),
        Math.Clamp(SilenceMilliseconds, MinimumSilenceMilliseconds, MaximumSilenceMilliseconds));
}
