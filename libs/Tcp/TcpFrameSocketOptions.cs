namespace Dapr.Voice.Tcp;

/// <summary>How a <see cref="TcpFrameSocket"/> is made. The defaults are those of clients' connections (ICE-TCP).</summary>
public sealed record TcpFrameSocketOptions
{
    /// <summary>
    /// Connections at a time, 1 to 1,048,576. An idle one costs about 1 kB here (measured with 10,000), beside the kernel's.
    /// </summary>
    public int MaximumConnections { get; init; } = 16_384;

    /// <summary>Longest payload of a frame in either direction, 1 to 65,535 bytes. A peer that announces a longer one is cut off.</summary>
    public int MaximumFrameBytes { get; init; } = 1500;

    /// <summary>Bytes that wait for one connection here, with 14 for each frame. Ten seconds of a call with data channel.</summary>
    public int QueueBytes { get; init; } = 64 * 1024;

    /// <summary>Bytes that wait for all connections together: a crowd of stalled peers ends here.</summary>
    public int TotalQueueBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Media that has waited longer is dropped before the next write: speech this late only makes what follows later.</summary>
    public TimeSpan MediaAgeLimit { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// TCP_NOTSENT_LOWAT: the kernel takes more only while less than this is unsent, so that what waits does so here, where it can be
    /// dropped (docs/decisions/0011).
    /// </summary>
    public int NotSentLowWater { get; init; } = 1024;

    /// <summary>
    /// SO_SNDBUF (the kernel doubles it): bounds what is unsent and unacknowledged together, and so what may lie in the queues of the way.
    /// Too little for the round trip slows the data channel: 32 KiB are 320 kB/s at 100 ms.
    /// </summary>
    public int SendBufferBytes { get; init; } = 32 * 1024;

    /// <summary>Bytes read by one <see cref="TcpFrameSocket.Receive"/>.</summary>
    public int ReceiveBudgetBytes { get; init; } = 128 * 1024;

    /// <summary>Bytes read from one connection in a turn, whatever more it has.</summary>
    public int ReceiveBytesPerConnection { get; init; } = 8 * 1024;

    /// <summary>Connections accepted in one turn; the others wait in the kernel's backlog.</summary>
    public int AcceptsPerTurn { get; init; } = 64;

    /// <summary>A frame that has begun must be complete within this.</summary>
    public TimeSpan SlowFrameTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An own connection attempt takes no longer.</summary>
    public TimeSpan ConnectTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>TCP_USER_TIMEOUT: a peer that acknowledges nothing, or has its window closed, for so long is given up.</summary>
    public TimeSpan UserTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a listener rests when the process is out of descriptors or memory.</summary>
    public TimeSpan AcceptPause { get; init; } = TimeSpan.FromMilliseconds(100);
}
