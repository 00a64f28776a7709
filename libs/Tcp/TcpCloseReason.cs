namespace Dapr.Voice.Tcp;

/// <summary>Why a connection ended.</summary>
public enum TcpCloseReason : byte
{
    /// <summary>The owner of the socket asked for it.</summary>
    Local,
    PeerClosed,
    Reset,
    /// <summary>The peer acknowledged nothing for the user timeout, or did not answer the connection attempt.</summary>
    TimedOut,
    /// <summary>Nobody listens there.</summary>
    Refused,
    /// <summary>No route to the peer.</summary>
    Unreachable,
    /// <summary>The system refused something: out of descriptors or memory.</summary>
    Failed,
    /// <summary>A length prefix above the maximum: nothing behind it can be trusted.</summary>
    FrameTooLong,
    /// <summary>A frame was begun and not finished in time.</summary>
    SlowFrame,
    /// <summary>Control frames were more than the queue holds, or all queues together than the socket may hold.</summary>
    QueueFull,
    /// <summary>All places are taken. A connection that came in is closed at once and told by a counter only.</summary>
    Limit,
}
