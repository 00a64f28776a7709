namespace Dapr.Voice.Tcp;

/// <summary>Why a connection ended.</summary>
public enum TcpCloseReason : byte
{
    /// <summary>The owner of the socket closed the connection.</summary>
    Local,
    PeerClosed,
    Reset,
    /// <summary>The peer acknowledged nothing during the user timeout, or did not answer the connection attempt.</summary>
    TimedOut,
    /// <summary>Nothing listens at the address.</summary>
    Refused,
    /// <summary>There is no route to the peer.</summary>
    Unreachable,
    /// <summary>The operating system has no descriptors or memory left.</summary>
    Failed,
    /// <summary>A length prefix exceeded the maximum. Nothing after it can be trusted.</summary>
    FrameTooLong,
    /// <summary>A frame began and was not completed in time.</summary>
    SlowFrame,
    /// <summary>The control frames did not fit into the queue, or all queues together reached the socket's bound.</summary>
    QueueFull,
    /// <summary>All slots are in use. An incoming connection is closed at once, and only this counter reports it.</summary>
    Limit,
}
