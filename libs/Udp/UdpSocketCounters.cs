namespace Dapr.Voice.Udp;

/// <summary>Counters of a socket. Written by the thread that owns it, read by any.</summary>
public sealed class UdpSocketCounters
{
    internal long ReceivedCount, SentCount, ReceiveErrorCount, SendErrorCount, SendQueueFullCount, OversizedCount, KernelDropCount;

    public long Received => Volatile.Read(ref ReceivedCount);
    public long Sent => Volatile.Read(ref SentCount);

    /// <summary>Calls that failed: ICMP errors of earlier packets and the like.</summary>
    public long ReceiveErrors => Volatile.Read(ref ReceiveErrorCount);

    /// <summary>Datagrams the kernel refused: unreachable, forbidden by a firewall, too long.</summary>
    public long SendErrors => Volatile.Read(ref SendErrorCount);

    /// <summary>Datagrams dropped since the send buffer was full.</summary>
    public long SendQueueFull => Volatile.Read(ref SendQueueFullCount);

    /// <summary>Datagrams longer than the capacity.</summary>
    public long Oversized => Volatile.Read(ref OversizedCount);

    /// <summary>Datagrams the kernel dropped before we could receive them (SO_RXQ_OVFL).</summary>
    public long KernelDrops => Volatile.Read(ref KernelDropCount);
}
