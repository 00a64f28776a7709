using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Link;

/// <summary>
/// Tells that no relay reaches this process although it runs, so that its callers are silent and another transceiver should have them. The
/// store may be reachable all the time, and then nobody else can see it (docs/decisions/0046). One thread calls <see cref="Look"/>.
/// </summary>
internal sealed class IsolationWatch
{
    /// <summary>
    /// Relays probe ten times a second. This is longer than a thread may stand still unnoticed, so a process that was frozen does not take
    /// its own pause for the silence of others.
    /// </summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(1500);

    private volatile bool _isIsolated;

    /// <summary>True from the look that found it to the first one after a relay was heard again. Any thread.</summary>
    public bool IsIsolated => _isIsolated;

    /// <param name="lastHeard">When a frame of any relay was read last. <see cref="Instant.Never"/> before the first one.</param>
    /// <param name="isCertain">No worker stands still, or stood still and is not confirmed.</param>
    /// <returns>True if this changed <see cref="IsIsolated"/>.</returns>
    public bool Look(Instant lastHeard, bool isCertain, Instant now)
    {
        if (!isCertain) return false;
        bool isIsolated = lastHeard != Instant.Never && now - lastHeard >= Silence;
        if (isIsolated == _isIsolated) return false;
        _isIsolated = isIsolated;
        return true;
    }
}
