using Dapr.Voice.Hosting;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Link;

/// <summary>The link sockets, one per worker, on the one private address that the settings name. A transceiver has no other UDP port.</summary>
internal static class LinkSockets
{
    /// <exception cref="SettingsException">An address that cannot be bound; says who has it.</exception>
    public static UdpBatchSocket[] Bind(TransceiverOptions options)
    {
        var sockets = new List<UdpBatchSocket>();
        try
        {
            for (int worker = 0; worker < options.WorkerCount; worker++) sockets.Add(UdpBatchSocket.Bind(TransportAddress.From(options.LinkEndpointOf(worker))));
            return [.. sockets];
        }
        catch (PortBindException e)
        {
            foreach (UdpBatchSocket socket in sockets) socket.Dispose();
            throw new SettingsException(
                $"{e.Message} Set Transceiver__LinkEndpoint to a private address of this machine with {options.WorkerCount} free ports from its own on.", e);
        }
    }

    /// <summary>How a link is named in our record: <c>udp://10.0.0.4:20000</c>.</summary>
    public static string Name(UdpBatchSocket socket) => $"udp://{socket.LocalAddress}";
}
