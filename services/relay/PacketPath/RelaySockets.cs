using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>The sockets of one worker: the public one shares its port with the other workers', links have their own.</summary>
/// <param name="Links">By <see cref="LinkScheme"/>.</param>
internal sealed record RelaySockets(UdpBatchSocket Public, IReadOnlyList<LinkTransport> Links) : IDisposable
{
    private static readonly UdpSocketOptions PublicOptions = new() { IsPortShared = true };

    /// <summary>
    /// Opens all, in the order of the workers: the kernel maps a client to a socket by its place in that order, so after a restart a client meets the
    /// worker of the same number, which is the one that the transceivers' links go to.
    /// </summary>
    /// <exception cref="PortBindException">A port is taken, or an address is not this host's.</exception>
    public static IReadOnlyList<RelaySockets> Open(RelayOptions options)
    {
        var opened = new List<RelaySockets>();
        try
        {
            for (int i = 0; i < options.WorkerCount; i++) opened.Add(new RelaySockets(UdpBatchSocket.Bind(options.Public, PublicOptions), [UdpLinkTransport.Bind(options.Link), TcpLinkTransport.Create(LinkSet.MaximumLinks)]));
            return opened;
        }
        catch
        {
            foreach (var sockets in opened) sockets.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Public.Dispose();
        foreach (var links in Links) links.Dispose();
    }
}
