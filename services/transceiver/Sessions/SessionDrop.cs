namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>Why a client's packet that came over a link was dropped before any session saw it. The word is the tag of the counter.</summary>
internal enum SessionDrop : byte
{
    /// <summary>No session, and not a STUN request that could name one.</summary>
    UnknownSession,
    /// <summary>The session ended a moment ago, or has no record.</summary>
    SessionGone,
    /// <summary>No session, and the request's hint is missing or forged, or names another session than the frame.</summary>
    BadHint,
    /// <summary>The hint names a slot that this worker does not serve.</summary>
    NotOurSlot,
    /// <summary>We take no new sessions: draining, or the state store is away.</summary>
    NotAdmitting,
    /// <summary>Too many records are being read already.</summary>
    TooManyLoads,
    /// <summary>The record is being read, and as many packets as fit are waiting for it.</summary>
    ShelfFull,
    /// <summary>Longer than any datagram a client may send.</summary>
    Oversized,
}
