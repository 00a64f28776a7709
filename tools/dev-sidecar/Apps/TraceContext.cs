using System.Globalization;
using System.Security.Cryptography;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>W3C trace context. Every call to an app has a <c>traceparent</c>.</summary>
internal static class TraceContext
{
    /// <summary>The header of a call that belongs to no trace.</summary>
    public const string None = "00-00000000000000000000000000000000-0000000000000000-00";

    /// <summary>A new span of the same trace. Without a parent it begins a new trace.</summary>
    public static string Child(string? parent)
    {
        Span<byte> random = stackalloc byte[24];
        RandomNumberGenerator.Fill(random);
        string span = Convert.ToHexStringLower(random[16..]);
        return parent is { Length: 55 } && parent[2] == '-' && parent[35] == '-' && parent[52] == '-'
            ? string.Create(CultureInfo.InvariantCulture, $"{parent.AsSpan(0, 36)}{span}{parent.AsSpan(52)}")
            : $"00-{Convert.ToHexStringLower(random[..16])}-{span}-00";
    }
}
