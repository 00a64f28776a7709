namespace Dapr.Voice.Sctp;

public enum SctpEventKind : byte
{
    /// <summary>The handshake is done (ESTABLISHED in RFC 9260).</summary>
    Connected,

    /// <summary>
    /// The peer has restarted inside the same DTLS session (RFC 9260, section 5.2.4, action A). Data that was not acknowledged is lost, and
    /// the numbering starts again.
    /// </summary>
    Restarted,

    /// <summary>
    /// The peer has reset its outgoing stream <see cref="SctpEvent.StreamId"/> (RFC 6525). It sends nothing more on it.
    /// </summary>
    IncomingStreamReset,

    /// <summary>The peer has acknowledged the reset of our outgoing stream <see cref="SctpEvent.StreamId"/>.</summary>
    OutgoingStreamReset,

    /// <summary>The association has ended for <see cref="SctpEvent.Reason"/>. This is the last event.</summary>
    Closed,
}

public enum SctpCloseReason : byte
{
    None,
    /// <summary>One of the two sides started the SHUTDOWN handshake, and it is done.</summary>
    Shutdown,
    AbortedLocally,
    AbortedByPeer,
    /// <summary>The handshake was not answered.</summary>
    HandshakeTimeout,
    /// <summary>Data, a heartbeat or a stream reset was not answered.</summary>
    PeerUnreachable,
    /// <summary>The peer sent a message longer than <see cref="SctpOptions.MaximumReceiveMessageBytes"/>.</summary>
    MessageTooLarge,
    ProtocolViolation,
}

/// <param name="StreamId">Used only by the two stream reset events.</param>
/// <param name="Reason">Used only by <see cref="SctpEventKind.Closed"/>.</param>
public readonly record struct SctpEvent(SctpEventKind Kind, ushort StreamId = 0, SctpCloseReason Reason = SctpCloseReason.None);
