namespace Dapr.Voice.Steering;

/// <summary>
/// The name of a relay's worker in HELLO, for example <c>relay-0.3</c>. If the worker has several links to one port, as over TCP, each
/// link's name has one more letter (<c>relay-0.3a</c>, <c>relay-0.3b</c>). Names that differ only in that letter belong to the same worker.
/// </summary>
public static class LinkRelayId
{
    /// <summary>The most links of one worker to one port.</summary>
    public const int MaximumConnections = 8;

    /// <summary>The most characters of the configured id. The rest is for the worker's number and the letter.</summary>
    public const int MaximumConfiguredLength = 28;

    /// <param name="relay">The configured id.</param>
    /// <param name="worker">0 to 99.</param>
    public static string Of(string relay, int worker) => $"{relay}.{worker}";

    /// <param name="connection">0 to <see cref="MaximumConnections"/> - 1.</param>
    public static string Of(string relay, int worker, int connection)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(connection);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(connection, MaximumConnections);
        return $"{relay}.{worker}{(char)('a' + connection)}";
    }

    /// <summary>The configured id of the relay.</summary>
    public static string RelayOf(string id)
    {
        int dot = id.LastIndexOf('.');
        return dot > 0 ? id[..dot] : id;
    }

    /// <summary>The name without the letter of its link.</summary>
    public static ReadOnlySpan<char> FamilyOf(ReadOnlySpan<char> id)
    {
        if (id.IsEmpty || id[^1] is < 'a' or >= (char)('a' + MaximumConnections)) return id;
        ReadOnlySpan<char> family = id[..^1];
        ReadOnlySpan<char> beforeDigits = family.TrimEnd("0123456789");
        return beforeDigits.Length < family.Length && beforeDigits.EndsWith(".") ? family : id;
    }
}
