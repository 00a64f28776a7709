using System.Globalization;

namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>Durations in the format of Go, which the real sidecar uses.</summary>
internal static class GoDuration
{
    private static readonly (string Unit, double Seconds)[] Units =
        [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("h", 3600), ("m", 60), ("s", 1)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.IsEmpty) return false;
        if (rest is "0") return true;
        double seconds = 0;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(
                rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount)) return false;
            rest = rest[digits..];
            bool isKnown = false;
            foreach ((string unit, double factor) in Units)
            {
                if (!rest.StartsWith(unit, StringComparison.Ordinal)) continue;
                seconds += amount * factor;
                rest = rest[unit.Length..];
                isKnown = true;
                break;
            }
            if (!isKnown) return false;
        }
        if (seconds > TimeSpan.FromDays(3650).TotalSeconds) return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }
}
