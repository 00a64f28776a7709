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

    /// <summary>Continues a connected session of another transceiver.</summary>
    /// <param name="startedAt">When the session began there, on our clock.</param>
    /// <param name="sequence">The sequence number of its last lifecycle event. That it goes on here is the next one.</param>
    public static SessionLifecycle Resume(SessionLimits limits, Instant startedAt, long sequence, Instant now) => new(limits, startedAt)
    {
        _isIceConnected = true,
        _isDtlsConnected = true,
        ConnectedAt = now,
        EventSequence = sequence + 1,
    };

    public Instant StartedAt { get; } = startedAt;

    /// <summary>When both ICE and DTLS were up here. Null before that.</summary>
    public Instant? ConnectedAt { get; private set; }

    public Instant? EndedAt { get; private set; }

    /// <summary><see cref="SessionEndReason.None"/> while the session is alive.</summary>
    public SessionEndReason EndReason { get; private set; }

    public bool HasEnded => EndReason != SessionEndReason.None;

    public SessionState State => HasEnded ? SessionState.Ended : ConnectedAt is null ? SessionState.Created : SessionState.Connected;

    /// <summary>
    /// The sequence number of the latest lifecycle event (docs/design.md 4.5): created is 1, connected is 2, each takeover is one more, and
    /// ended is the last.
    /// </summary>
    public long EventSequence { get; private set; } = 1;

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
        EventSequence++;
        return true;
    }

    private bool TryConnect(Instant now)
    {
        if (HasEnded || ConnectedAt is not null || !_isIceConnected || !_isDtlsConnected) return false;
        ConnectedAt = now;
        EventSequence++;
        return true;
    }
}
