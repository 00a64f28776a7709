namespace Dapr.Voice.Steering;

/// <summary>
/// How the worker of a relay names itself in HELLO: <c>relay-0.3</c>. Where it has several links to one port, as over TCP, each has a
/// letter more (<c>relay-0.3a</c>, <c>relay-0.3b</c>): ids that differ in no more than that lead to the same worker.
/// </summary>
public static class LinkRelayId
{
    /// <summary>Links of one worker to one port.</summary>
    public const int MaximumConnections = 8;

    /// <summary>Characters of the configured id that leave room for worker and letter.</summary>
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

    /// <summary>The id without the letter of a connection, if it has one.</summary>
    internal static ReadOnlySpan<char> FamilyOf(ReadOnlySpan<char> id)
    {
        if (id.IsEmpty || id[^1] is < 'a' or >= (char)('a' + MaximumConnections)) return id;
        var family = id[..^1];
        var beforeDigits = family.TrimEnd("0123456789");
        return beforeDigits.Length < family.Length && beforeDigits.EndsWith(".") ? family : id;
    }
}
