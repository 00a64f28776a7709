namespace Dapr.Voice.Udp;

/// <summary>Options of a <see cref="UdpBatchSocket"/>.</summary>
public sealed record UdpSocketOptions
{
    /// <summary>
    /// Several sockets share the port, and the kernel distributes the flows (SO_REUSEPORT). The first one checks whether another process
    /// uses the port.
    /// </summary>
    public bool IsPortShared { get; init; }

    /// <summary>
    /// The socket notes which destinations have no listener at their port (<see cref="UdpBatchSocket.TryTakeRefusal"/>). It costs a system
    /// call for each such answer.
    /// </summary>
    public bool ReportsRefusals { get; init; }

    /// <summary>The number of datagrams per system call, and the most that wait for sending, 1 to 1024.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The longest datagram in bytes, received or sent. A longer one is counted and dropped.</summary>
    public int DatagramCapacity { get; init; } = 2048;

    /// <summary>
    /// The requested buffer size in both directions. With the kernel's default, bursts of 32 lose packets on a busy core
    /// (docs/packet-path.md).
    /// </summary>
    public int SocketBufferBytes { get; init; } = 4 * 1024 * 1024;
}
