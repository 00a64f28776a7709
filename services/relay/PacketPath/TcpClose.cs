using Dapr.Voice.Tcp;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>Why a client's TCP connection ended. The member in snake case is a tag of the counter <c>voice.relay.tcp.closes</c>.</summary>
internal enum TcpClose : byte
{
    PeerClosed,
    Reset,
    /// <summary>The client acknowledged nothing, or kept its window closed, for 15 s.</summary>
    TimedOut,
    /// <summary>The system refused an operation, for example because it is out of memory.</summary>
    Failed,
    /// <summary>The client sent a frame of more than 1,500 bytes.</summary>
    FrameTooLong,
    /// <summary>The client began a frame and did not finish it within 5 s.</summary>
    SlowFrame,
    /// <summary>The client left 64 kB of control packets unread.</summary>
    QueueFull,
    /// <summary>
    /// No check proved within <see cref="RelayOptions.TcpFirstCheckTime"/> that the connection belongs to a session.
    /// </summary>
    NoFirstCheck,
    /// <summary>
    /// The first packet was neither a Binding request nor a packet of a call, or too many packets of a call came before a check.
    /// </summary>
    NotACheck,
    /// <summary>The first check was refused. The verdict on that packet says why.</summary>
    CheckRefused,
    /// <summary>The client sent a check of another session. A connection belongs to one session.</summary>
    OtherSession,
    /// <summary>The session opened more connections than it may have. Its connection that was silent for longest was closed.</summary>
    SessionLimit,
    /// <summary>There are too many connections from the client's address or /64.</summary>
    PrefixLimit,
    /// <summary>
    /// All places are taken. The oldest connection that has proved nothing is closed. If all others have proved themselves, the new one is
    /// closed.
    /// </summary>
    TooMany,
    /// <summary>No packet passed in either direction for <see cref="RelayOptions.FlowLifetime"/>.</summary>
    Idle,
    /// <summary>The session has ended.</summary>
    SessionGone,
}

internal static class TcpCloses
{
    public static TcpClose From(TcpCloseReason reason) => reason switch
    {
        TcpCloseReason.PeerClosed => TcpClose.PeerClosed,
        TcpCloseReason.Reset => TcpClose.Reset,
        TcpCloseReason.TimedOut => TcpClose.TimedOut,
        TcpCloseReason.FrameTooLong => TcpClose.FrameTooLong,
        TcpCloseReason.SlowFrame => TcpClose.SlowFrame,
        TcpCloseReason.QueueFull => TcpClose.QueueFull,
        TcpCloseReason.Limit => TcpClose.TooMany,
        _ => TcpClose.Failed,
    };
}
