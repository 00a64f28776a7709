using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>How a caller reaches the relay.</summary>
/// <param name="TcpOnly">The caller ignores UDP candidates.</param>
/// <param name="Via">A proxy in front of the relay. The caller sends to it instead of to the candidates' addresses.</param>
internal sealed record CallerOptions(bool TcpOnly = false, TransportAddress? Via = null)
{
    /// <summary>The configuration of the session, which the POST carries beside the offer. Null for none.</summary>
    public JsonObject? Session { get; init; }

    /// <summary>Opens the caller's UDP socket, non-blocking and bound. Null for a socket of this network with any port.</summary>
    public Func<Socket>? OpenSocket { get; init; }

    public const string TcpDescription = "Use only ICE-TCP (default: UDP, and TCP if UDP gets no answer within 2 s)";
    public const string ViaDescription = "HOST:PORT of a proxy in front of the relay. It replaces the candidates of the answer";

    /// <param name="via">HOST:PORT.</param>
    /// <exception cref="CommandFailedException"><paramref name="via"/> has another form, or its host has no address.</exception>
    public static CallerOptions Parse(bool tcpOnly, string? via)
    {
        if (via is null) return new CallerOptions(tcpOnly);
        int colon = via.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(via[(colon + 1)..], out ushort port) || port == 0)
            throw new CommandFailedException($"--via '{via}' is not HOST:PORT", "for example: --via 127.0.0.1:4000");
        string host = via[..colon].Trim('[', ']');
        try
        {
            // An address is returned as it is. Of a name's addresses IPv4 comes first, because a proxy usually listens there.
            IPAddress address = Dns.GetHostAddresses(host).OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
                .FirstOrDefault() ?? throw new SocketException((int)SocketError.HostNotFound);
            return new CallerOptions(tcpOnly, TransportAddress.From(new IPEndPoint(address, port)));
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            throw new CommandFailedException(
                $"--via: '{host}' has no address: {failure.Message}", "give an address, for example 127.0.0.1:4000 or [::1]:4000");
        }
    }
}
