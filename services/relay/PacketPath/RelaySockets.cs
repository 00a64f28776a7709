using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Tcp;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>The sockets of one worker. The workers share the public ports. Each worker has its own sockets for links.</summary>
/// <param name="Public">Null if the relay does not serve UDP.</param>
/// <param name="PublicTcp">Null if the relay does not serve TCP.</param>
/// <param name="Links">Indexed by <see cref="LinkScheme"/>. An entry is null if there are no links of that kind.</param>
internal sealed record RelaySockets(UdpBatchSocket? Public, TcpFrameSocket? PublicTcp, IReadOnlyList<LinkTransport?> Links) : IDisposable
{
    private static readonly UdpSocketOptions PublicOptions = new() { IsPortShared = true };

    /// <summary>
    /// Opens the sockets of all workers, in the order of the workers. The kernel assigns a client to a socket by its place in that order.
    /// So a client reaches the worker of the same number after a restart, and that is the worker that the transceivers' links lead to.
    /// </summary>
    /// <param name="inherited">Sockets that are used instead of new ones. UDP sockets among them are as many as the workers, because the
    /// kernel spreads the clients over all of them.</param>
    /// <exception cref="ServiceException">A port is taken, an address does not belong to this host, or the platform lacks such
    /// sockets.</exception>
    public static IReadOnlyList<RelaySockets> Open(RelayOptions options, InheritedSockets? inherited = null)
    {
        inherited ??= InheritedSockets.None;
        var opened = new List<RelaySockets>();
        int datagram = options.Public is null ? 0 : inherited.Datagram.Count;
        if (datagram > 0 && datagram != options.WorkerCount)
            throw new ServiceException(ExitCode.Failed,
                $"This process was given {datagram} UDP sockets (LISTEN_FDS), and Relay__Workers is {options.WorkerCount}. Clients at a "
                + "socket without a worker would wait forever: both must be the same.");
        try
        {
            // Each inherited listener gets a worker. Connections at a listener without a worker would wait forever.
            for (int i = 0; i < options.WorkerCount; i++)
                opened.Add(OpenOne(options, datagram > 0 ? inherited.Datagram[i] : null,
                    [.. inherited.Stream.Where((_, number) => number % options.WorkerCount == i)]));
            return opened;
        }
        catch (Exception e)
        {
            foreach (RelaySockets sockets in opened) sockets.Dispose();
            throw e switch
            {
                PortBindException => new ServiceException(
                    ExitCode.Failed, $"{e.Message} Free it, or set Relay__PublicEndpoint, Relay__PublicTcpEndpoint or Relay__LinkAddress.",
                    e),
                PlatformNotSupportedException => new ServiceException(ExitCode.Failed, e.Message, e),
                _ => new ServiceException(ExitCode.Fault, $"The relay could not open its sockets: {e.Message}", e),
            };
        }
    }

    public void Dispose()
    {
        Public?.Dispose();
        PublicTcp?.Dispose();
        foreach (LinkTransport? links in Links) links?.Dispose();
    }

    private static RelaySockets OpenOne(RelayOptions options, int? datagram, IReadOnlyList<int> streams)
    {
        UdpBatchSocket? udp = null;
        TcpFrameSocket? tcp = null;
        try
        {
            if (options.Public is { } udpAddress)
                udp = datagram is { } held ? UdpBatchSocket.Adopt(held, udpAddress, PublicOptions)
                    : UdpBatchSocket.Bind(udpAddress, PublicOptions);
            if (options.PublicTcp is { } tcpAddress)
            {
                tcp = TcpFrameSocket.Create(TcpIngress.SocketOptions(options));
                foreach (int descriptor in streams) tcp.Adopt(descriptor, tcpAddress);
                if (streams.Count == 0) tcp.Listen(tcpAddress);
            }
            return new RelaySockets(udp, tcp,
                [options.Link is { } link ? UdpLinkTransport.Bind(link) : null, TcpLinkTransport.Create(LinkSet.MaximumLinks)]);
        }
        catch
        {
            udp?.Dispose();
            tcp?.Dispose();
            throw;
        }
    }
}
