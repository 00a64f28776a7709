using Dapr.Voice.Contracts;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Decides when a session counts as connected and when its set-up or its duration has taken too long. A session ends once, and the first
/// reason counts. It does no I/O. The session's thread uses it.
/// </summary>
internal sealed class SessionLifecycle(SessionLimits limits, Instant startedAt)
{
    private bool _isIceConnected;
    private bool _isDtlsConnected;

    public Instant StartedAt { get; } = startedAt;

    /// <summary>When both ICE and DTLS were up. Null before that.</summary>
    public Instant? ConnectedAt { get; private set; }

    public Instant? EndedAt { get; private set; }

    /// <summary><see cref="SessionEndReason.None"/> while the session is alive.</summary>
    public SessionEndReason EndReason { get; private set; }

    public bool HasEnded => EndReason != SessionEndReason.None;

    public SessionState State => HasEnded ? SessionState.Ended : ConnectedAt is null ? SessionState.Created : SessionState.Connected;

    /// <summary>
    /// The sequence number of the latest lifecycle event (docs/design.md 4.5): created is 1, connected is 2, and ended is 3, or 2 for a
    /// session that never connected.
    /// </summary>
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

    /// <returns>True once, for the call that made the session connected.</returns>
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

    /// <summary>Ends the session if it has reached a limit.</summary>
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
