using System.Net;
using System.Net.Sockets;

namespace Dapr.Voice.TestKit.Network;

/// <summary>How a proxy treats the traffic between clients and the server.</summary>
public sealed record ProxyOptions
{
    /// <summary>The seed of all random decisions.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>From client to server.</summary>
    public ImpairmentOptions Up { get; init; } = ImpairmentOptions.None;

    /// <summary>From server to client.</summary>
    public ImpairmentOptions Down { get; init; } = ImpairmentOptions.None;

    /// <summary>Creates the proxy's sockets, for instance in another network namespace.</summary>
    public Func<SocketType, ProtocolType, Socket> CreateSocket { get; init; } = (type, protocol) =>
        new Socket(AddressFamily.InterNetwork, type, protocol);

    /// <summary>The address that clients connect to. Port 0 means any free port.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>
    /// The kernel buffers of a TCP proxy's sockets. They are small so that what does not pass waits at the sender, as on a slow link.
    /// </summary>
    public int SocketBufferBytes { get; init; } = 4096;
}
