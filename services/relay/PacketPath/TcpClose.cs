using Dapr.Voice.Tcp;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>Why a client's TCP connection ended. The word is the tag of the counter <c>voice.relay.tcp.closes</c>.</summary>
internal enum TcpClose : byte
{
    PeerClosed,
    Reset,
    /// <summary>Acknowledged nothing, or kept its window closed, for 15 s.</summary>
    TimedOut,
    /// <summary>The system refused something: out of memory or the like.</summary>
    Failed,
    /// <summary>A frame above 1,500 bytes.</summary>
    FrameTooLong,
    /// <summary>A frame begun and not finished for 5 s.</summary>
    SlowFrame,
    /// <summary>Does not take its control packets: 64 kB of them wait.</summary>
    QueueFull,
    /// <summary>No check that proves it belongs to a session within <see cref="RelayOptions.TcpFirstCheckTime"/>.</summary>
    NoFirstCheck,
    /// <summary>Neither a Binding request nor a packet of a call came first, or too many of the latter.</summary>
    NotACheck,
    /// <summary>The first check was refused; the verdict on that packet says why.</summary>
    CheckRefused,
    /// <summary>A check of another session: a connection belongs to one.</summary>
    OtherSession,
    /// <summary>The session has opened more connections than it may; the one silent for longest gave way.</summary>
    SessionLimit,
    /// <summary>Too many connections from the address or /64.</summary>
    PrefixLimit,
    /// <summary>All places are taken: of those that have proved nothing the oldest gives way, else the newcomer.</summary>
    TooMany,
    /// <summary>Nothing in either direction for <see cref="RelayOptions.FlowLifetime"/>.</summary>
    Idle,
    /// <summary>The session ended.</summary>
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
