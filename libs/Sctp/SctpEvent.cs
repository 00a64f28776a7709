namespace Dapr.Voice.Sctp;

public enum SctpEventKind : byte
{
    /// <summary>The handshake is done (RFC 9260: ESTABLISHED).</summary>
    Connected,

    /// <summary>
    /// The peer started again inside the same DTLS session (RFC 9260, section 5.2.4, action A): what was not acknowledged is gone,
    /// numbering starts anew.
    /// </summary>
    Restarted,

    /// <summary>The peer reset its outgoing stream <see cref="SctpEvent.StreamId"/> (RFC 6525): nothing more comes on it.</summary>
    IncomingStreamReset,

    /// <summary>The peer acknowledged the reset of our outgoing stream <see cref="SctpEvent.StreamId"/>.</summary>
    OutgoingStreamReset,

    /// <summary>Over, for <see cref="SctpEvent.Reason"/>. The last event.</summary>
    Closed,
}

public enum SctpCloseReason : byte
{
    None,
    /// <summary>The SHUTDOWN handshake, begun by either side.</summary>
    Shutdown,
    AbortedLocally,
    AbortedByPeer,
    /// <summary>The handshake was not answered.</summary>
    HandshakeTimeout,
    /// <summary>Data, a heartbeat or a stream reset stayed unanswered.</summary>
    PeerUnreachable,
    /// <summary>The peer sent a message longer than <see cref="SctpOptions.MaximumReceiveMessageBytes"/>.</summary>
    MessageTooLarge,
    ProtocolViolation,
}

/// <param name="StreamId">Meaningful for the two stream resets.</param>
/// <param name="Reason">Meaningful for <see cref="SctpEventKind.Closed"/>.</param>
public readonly record struct SctpEvent(SctpEventKind Kind, ushort StreamId = 0, SctpCloseReason Reason = SctpCloseReason.None);
