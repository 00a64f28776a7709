using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Link;

/// <summary>
/// Where one worker takes links, bound, and the endpoint that others are told of in our record. A transceiver has no other port for
/// packets.
/// </summary>
/// <param name="Transport">Owned by the worker once there is one.</param>
internal sealed record LinkListener(LinkTransport Transport, LinkEndpoint Advertised)
{
    /// <summary>Opens all, one per worker.</summary>
    /// <exception cref="ServiceException">An address cannot be bound. The message says who has it.</exception>
    public static LinkListener[] Open(TransceiverOptions options)
    {
        var opened = new List<LinkListener>();
        try
        {
            for (int worker = 0; worker < options.WorkerCount; worker++)
                opened.Add(new LinkListener(Bind(options.LinkOf(worker)), options.AdvertisedLinkOf(worker)));
            return [.. opened];
        }
        catch (PortBindException e)
        {
            foreach (LinkListener listener in opened) listener.Transport.Dispose();
            throw new ServiceException(
                ExitCode.Failed,
                $"{e.Message} Set Transceiver__LinkEndpoint to a private address of this machine with {options.WorkerCount} free ports from its own on.", e);
        }
    }

    private static LinkTransport Bind(LinkEndpoint endpoint)
    {
        endpoint.TryGetAddress(out TransportAddress address);
        return endpoint.Scheme == LinkScheme.Tcp ? TcpLinkTransport.Listen(address) : UdpLinkTransport.Bind(address);
    }
}
