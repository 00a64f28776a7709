using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Link;

/// <summary>
/// The bound port of one worker for links, and the endpoint that our record announces for it. A transceiver has no other port for packets.
/// </summary>
/// <param name="Transport">The worker owns it once there is a worker.</param>
internal sealed record LinkListener(LinkTransport Transport, LinkEndpoint Advertised)
{
    /// <summary>Opens one listener for each worker.</summary>
    /// <exception cref="ServiceException">An address cannot be bound. The message names the process that uses it.</exception>
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
                $"{e.Message} Set Transceiver__LinkEndpoint to a private address of this machine. "
                + $"Its port and those after it, {options.WorkerCount} in all, must be free.", e);
        }
    }

    private static LinkTransport Bind(LinkEndpoint endpoint)
    {
        endpoint.TryGetAddress(out TransportAddress address);
        return endpoint.Scheme == LinkScheme.Tcp ? TcpLinkTransport.Listen(address) : UdpLinkTransport.Bind(address);
    }
}
