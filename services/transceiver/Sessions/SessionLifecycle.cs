using Dapr.Voice.Contracts;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// When a session counts as connected, when it has taken or lasted too long, and that it ends once with one reason: the first.
/// Pure: the session feeds it, one thread.
/// </summary>
internal sealed class SessionLifecycle(SessionLimits limits, Instant startedAt)
{
    private bool _isIceConnected;
    private bool _isDtlsConnected;

    public Instant StartedAt { get; } = startedAt;

    /// <summary>Null until ICE and DTLS are both up.</summary>
    public Instant? ConnectedAt { get; private set; }

    public Instant? EndedAt { get; private set; }

    /// <summary><see cref="SessionEndReason.None"/> while it lives.</summary>
    public SessionEndReason EndReason { get; private set; }

    public bool HasEnded => EndReason != SessionEndReason.None;

    public SessionState State => HasEnded ? SessionState.Ended : ConnectedAt is null ? SessionState.Created : SessionState.Connected;

    /// <summary>Sequence number of the latest lifecycle event (docs/design.md 4.5): created 1, connected 2, ended 3, or 2 for one that
    /// never connected.</summary>
    public long EventSequence => 1 + (ConnectedAt is null ? 0 : 1) + (HasEnded ? 1 : 0);

    /// <summary>When <see cref="HandleTimeout"/> is due.</summary>
    public Instant NextTimeout
    {
        get
        {
            if (HasEnded) return Instant.Never;
            Instant next = StartedAt + limits.Maximum;
            if (!_isIceConnected) next = Instant.Min(next, StartedAt + limits.FirstCheck);
            if (!_isDtlsConnected) next = Instant.Min(next, StartedAt + limits.Handshake);
            return next;
        }
    }

    /// <returns>True once: when this was what made it connected.</returns>
    public bool NoteIceConnected(Instant now)
    {
        _isIceConnected = true;
        return TryConnect(now);
    }

    /// <inheritdoc cref="NoteIceConnected"/>
    public bool NoteDtlsConnected(Instant now)
    {
        _isDtlsConnected = true;
        return TryConnect(now);
    }

    /// <summary>Ends it if a limit has been reached.</summary>
    public void HandleTimeout(Instant now)
    {
        if (now >= StartedAt + limits.Maximum) TryEnd(SessionEndReason.LimitReached, now);
        else if (now >= NextTimeout) TryEnd(SessionEndReason.SetupTimeout, now);
    }

    /// <returns>True for the first reason only.</returns>
    public bool TryEnd(SessionEndReason reason, Instant now)
    {
        if (reason == SessionEndReason.None) throw new ArgumentOutOfRangeException(nameof(reason), "An end has a reason.");
        if (HasEnded) return false;
        EndReason = reason;
        EndedAt = now;
        return true;
    }

    private bool TryConnect(Instant now)
    {
        if (HasEnded || ConnectedAt is not null || !_isIceConnected || !_isDtlsConnected) return false;
        ConnectedAt = now;
        return true;
    }
}
