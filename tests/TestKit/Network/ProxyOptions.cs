using System.Net;
using System.Net.Sockets;

namespace Dapr.Voice.TestKit.Network;

/// <summary>How a proxy treats what passes it.</summary>
public sealed record ProxyOptions
{
    /// <summary>Of all its decisions.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>From client to server.</summary>
    public ImpairmentOptions Up { get; init; } = ImpairmentOptions.None;

    /// <summary>From server to client.</summary>
    public ImpairmentOptions Down { get; init; } = ImpairmentOptions.None;

    /// <summary>Makes the proxy's sockets, in another network namespace for instance.</summary>
    public Func<SocketType, ProtocolType, Socket> CreateSocket { get; init; } = (type, protocol) =>
        new Socket(AddressFamily.InterNetwork, type, protocol);

    /// <summary>Where clients come to; port 0 for any.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>
    /// Kernel buffers of a TCP proxy's sockets: small, so that what does not pass waits at the sender, as on a slow link.
    /// </summary>
    public int SocketBufferBytes { get; init; } = 4096;
}
