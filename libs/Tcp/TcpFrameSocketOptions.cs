namespace Dapr.Voice.Tcp;

/// <summary>Options of a <see cref="TcpFrameSocket"/>. The defaults are those for clients' connections (ICE-TCP).</summary>
public sealed record TcpFrameSocketOptions
{
    /// <summary>
    /// The most connections at a time, 1 to 1,048,576. An idle connection costs about 1 kB in this process (measured with 10,000), plus the
    /// kernel's memory.
    /// </summary>
    public int MaximumConnections { get; init; } = 16_384;

    /// <summary>
    /// The longest payload of a frame in either direction, 1 to 65,535 bytes. A peer that announces more is disconnected.
    /// </summary>
    public int MaximumFrameBytes { get; init; } = 1500;

    /// <summary>
    /// The most bytes that wait for one connection, with 14 bytes for each frame: ten seconds of a call with data channel.
    /// </summary>
    public int QueueBytes { get; init; } = 64 * 1024;

    /// <summary>The most bytes that wait for all connections together. It bounds the memory when many peers stall.</summary>
    public int TotalQueueBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Media that has waited longer is dropped before the next write. Speech that late would only delay what follows.</summary>
    public TimeSpan MediaAgeLimit { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// TCP_NOTSENT_LOWAT: the kernel accepts more only while it holds less than this unsent. Frames then wait here, where old ones can be
    /// dropped (docs/decisions/0011).
    /// </summary>
    public int NotSentLowWater { get; init; } = 1024;

    /// <summary>
    /// SO_SNDBUF, which the kernel doubles. It bounds the unsent and the unacknowledged bytes together, and so the amount in the queues
    /// along the path. A value too small for the round trip slows the data channel: 32 KiB allow 320 kB/s at 100 ms.
    /// </summary>
    public int SendBufferBytes { get; init; } = 32 * 1024;

    /// <summary>The most bytes that one <see cref="TcpFrameSocket.Receive"/> reads.</summary>
    public int ReceiveBudgetBytes { get; init; } = 128 * 1024;

    /// <summary>The most bytes read from one connection in a turn.</summary>
    public int ReceiveBytesPerConnection { get; init; } = 8 * 1024;

    /// <summary>The most connections accepted in one turn. Others wait in the kernel's backlog.</summary>
    public int AcceptsPerTurn { get; init; } = 64;

    /// <summary>The time in which a frame must be complete once it has begun.</summary>
    public TimeSpan SlowFrameTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time limit of a connection attempt.</summary>
    public TimeSpan ConnectTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>TCP_USER_TIMEOUT: a peer that acknowledges nothing, or keeps its window closed, for this long is disconnected.</summary>
    public TimeSpan UserTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a listener pauses after the process has run out of descriptors or memory.</summary>
    public TimeSpan AcceptPause { get; init; } = TimeSpan.FromMilliseconds(100);
}
