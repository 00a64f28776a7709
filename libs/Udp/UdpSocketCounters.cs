namespace Dapr.Voice.Udp;

/// <summary>The counters of a socket. The owning thread writes them; any thread may read them.</summary>
public sealed class UdpSocketCounters
{
    internal long ReceivedCount, SentCount, ReceiveErrorCount, SendErrorCount, SendQueueFullCount, OversizedCount, KernelDropCount;

    public long Received => Volatile.Read(ref ReceivedCount);
    public long Sent => Volatile.Read(ref SentCount);

    /// <summary>Receive calls that failed, for example with an ICMP error of an earlier packet.</summary>
    public long ReceiveErrors => Volatile.Read(ref ReceiveErrorCount);

    /// <summary>Datagrams that the kernel rejected: unreachable, blocked by a firewall, or too long.</summary>
    public long SendErrors => Volatile.Read(ref SendErrorCount);

    /// <summary>Datagrams dropped because the send buffer was full.</summary>
    public long SendQueueFull => Volatile.Read(ref SendQueueFullCount);

    /// <summary>Datagrams longer than the capacity.</summary>
    public long Oversized => Volatile.Read(ref OversizedCount);

    /// <summary>Datagrams that the kernel dropped before they could be received (SO_RXQ_OVFL).</summary>
    public long KernelDrops => Volatile.Read(ref KernelDropCount);
}
