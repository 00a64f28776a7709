namespace Dapr.Voice.Udp;

/// <summary>How a <see cref="UdpBatchSocket"/> is made.</summary>
public sealed record UdpSocketOptions
{
    /// <summary>
    /// Several sockets share the port, the kernel spreads flows over them (SO_REUSEPORT). The first to bind looks whether a stranger has
    /// it.
    /// </summary>
    public bool IsPortShared { get; init; }

    /// <summary>Datagrams per system call and held for sending, 1 to 1024.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Longest datagram received or sent, in bytes; a longer one is counted and dropped.</summary>
    public int DatagramCapacity { get; init; } = 2048;

    /// <summary>
    /// Asked for both directions. With the kernel's default, bursts of 32 lose packets when the core is busy (packet-path, 7).
    /// </summary>
    public int SocketBufferBytes { get; init; } = 4 * 1024 * 1024;
}
