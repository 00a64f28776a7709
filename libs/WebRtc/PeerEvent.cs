using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

public enum PeerEventKind : byte
{
    /// <summary>A check was authenticated, so there is a path. Reported once.</summary>
    IceConnected,

    /// <summary>The handshake is done, the certificate matches, and media may be sent. Reported once.</summary>
    DtlsConnected,

    /// <summary>
    /// The events channel is open in both directions. Reported once more if a channel with the label of the dialect takes its place.
    /// </summary>
    ChannelOpened,

    /// <summary>The peer closed the events channel, which is a hang-up (docs/protocols/realtime.md 2, step 8).</summary>
    ChannelClosed,

    /// <summary>The peer opened a second channel with the label of the dialect. It is being closed, and nothing on it is read.</summary>
    SecondEventsChannel,

    /// <summary>The peer sent a message on a channel that is not the events channel, or of an unknown kind. It was dropped.</summary>
    MessageOnOtherChannel,

    /// <summary>Datagrams are now sent to <see cref="PeerEvent.Path"/>.</summary>
    PathChanged,

    /// <summary>
    /// The session has ended for <see cref="PeerEvent.Reason"/>. This is the last event. Datagrams that wait should still be sent.
    /// </summary>
    Closed,
}

public enum PeerCloseReason : byte
{
    None,
    /// <summary><see cref="PeerSession.Close"/> was called.</summary>
    Local,
    /// <summary>The peer sent DTLS close_notify, a fatal alert after the handshake, SCTP ABORT or SCTP SHUTDOWN.</summary>
    ByPeer,
    /// <summary>No valid check arrived for 30 s (RFC 7675).</summary>
    ConsentExpired,
    /// <summary>No pair worked. Only a controlling agent reports this.</summary>
    IceFailed,
    DtlsFailed,
    FingerprintMismatch,
    SctpFailed,
}

/// <param name="Path">Used only by <see cref="PeerEventKind.PathChanged"/>.</param>
/// <param name="Reason">Used only by <see cref="PeerEventKind.Closed"/>.</param>
public readonly record struct PeerEvent(PeerEventKind Kind, TransportPath Path = default, PeerCloseReason Reason = PeerCloseReason.None);
