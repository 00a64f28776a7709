namespace Dapr.Voice.Turns;

/// <summary>The settings of <c>server_vad</c>. <see cref="Clamped"/> brings the values of a client into their ranges.</summary>
/// <param name="Threshold">0 to 1.</param>
/// <param name="PrefixPaddingMilliseconds">How much audio before the first spoken frame belongs to the turn.</param>
/// <param name="SilenceMilliseconds">How much silence ends the turn.</param>
public readonly record struct TurnOptions(double Threshold = 0.5, int PrefixPaddingMilliseconds = 300, int SilenceMilliseconds = 500)
{
    /// <summary>The longest prefix. The code that buffers the prefix needs a limit.</summary>
    public const int MaximumPrefixPaddingMilliseconds = 2_000;

    /// <summary>With a shorter silence, every gap between words would end the turn.</summary>
    public const int MinimumSilenceMilliseconds = 100;

    public const int MaximumSilenceMilliseconds = 10_000;

    public static TurnOptions Default => new(0.5, 300, 500);

    public TurnOptions Clamped() => new(
        double.IsNaN(Threshold) ? 0.5 : Math.Clamp(Threshold, 0, 1),
        Math.Clamp(PrefixPaddingMilliseconds, 0, MaximumPrefixPaddingMilliseconds),
        Math.Clamp(SilenceMilliseconds, MinimumSilenceMilliseconds, MaximumSilenceMilliseconds));
}
