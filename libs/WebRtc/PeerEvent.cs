using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

public enum PeerEventKind : byte
{
    /// <summary>A check passed authentication: there is a path. Once.</summary>
    IceConnected,

    /// <summary>The handshake is done, the certificate matches, media may flow. Once.</summary>
    DtlsConnected,

    /// <summary>The events channel is open both ways. Once.</summary>
    ChannelOpened,

    /// <summary>The peer closed the events channel: a hang-up (docs/protocols/realtime.md 2, step 8).</summary>
    ChannelClosed,

    /// <summary>Datagrams now go to <see cref="PeerEvent.Path"/>.</summary>
    PathChanged,

    /// <summary>Over, for <see cref="PeerEvent.Reason"/>. The last event; what is left to transmit should still be sent.</summary>
    Closed,
}

public enum PeerCloseReason : byte
{
    None,
    /// <summary><see cref="PeerSession.Close"/> was called.</summary>
    Local,
    /// <summary>DTLS close_notify or a fatal alert after the handshake, or SCTP ABORT or SHUTDOWN.</summary>
    ByPeer,
    /// <summary>No valid check for 30 s (RFC 7675).</summary>
    ConsentExpired,
    /// <summary>Controlling only: no pair worked.</summary>
    IceFailed,
    DtlsFailed,
    FingerprintMismatch,
    SctpFailed,
}

/// <param name="Path">Meaningful for <see cref="PeerEventKind.PathChanged"/>.</param>
/// <param name="Reason">Meaningful for <see cref="PeerEventKind.Closed"/>.</param>
public readonly record struct PeerEvent(PeerEventKind Kind, TransportPath Path = default, PeerCloseReason Reason = PeerCloseReason.None);
