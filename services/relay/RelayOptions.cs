using System.Net;
using Dapr.Voice.Hosting;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay;

/// <summary>
/// The settings of the relay, in the section <c>Relay</c> (for example <c>Relay__PublicEndpoint</c>). The defaults fit a laptop.
/// </summary>
internal sealed class RelayOptions : IServiceOptions
{
    /// <summary>A link frame has four bits for the ingress. One of their values means "any", and one means "over TCP".</summary>
    public const int MaximumIngressAddresses = LinkFrame.AnyIngress;

    public static string Section => "Relay";

    /// <summary>
    /// The relay's name. It stays the same after a restart and differs between the relays of a fleet. Transceivers recognise a restarted
    /// relay by it. 1 to 28 characters of a-z 0-9 . - _
    /// </summary>
    public string Id { get; set; } = DefaultId();

    /// <summary>The address that clients send to over UDP. Empty: the relay does not serve UDP.</summary>
    public string PublicEndpoint { get; set; } = "0.0.0.0:3478";

    /// <summary>
    /// The address that clients connect to over TCP (ICE-TCP), for example <c>0.0.0.0:3478</c>. Empty: the relay does not serve TCP.
    /// </summary>
    public string PublicTcpEndpoint { get; set; } = "";

    /// <summary>
    /// A load balancer hides the addresses of TCP clients, so that all of them come from a few addresses. Connections are then not limited
    /// per address.
    /// </summary>
    public bool TcpClientsAreHidden { get; set; }

    /// <summary>A new TCP connection must send a check that belongs to a session within this time.</summary>
    public TimeSpan TcpFirstCheckTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The largest number of TCP connections of all workers together. Each needs about 1 kB of memory, and the kernel's buffers.
    /// </summary>
    public int MaximumTcpConnections { get; set; } = 16_384;

    /// <summary>
    /// The largest number of TCP connections from one IPv4 address or one IPv6 /64 at each worker. It has no effect if <see
    /// cref="TcpClientsAreHidden"/> is set.
    /// </summary>
    public int MaximumTcpConnectionsPerPrefix { get; set; } = 1024;

    /// <summary>
    /// The largest number of TCP connections of one session at each worker. A browser opens one for each of its network interfaces, and
    /// opens them again when it changes networks.
    /// </summary>
    public int MaximumTcpConnectionsPerSession { get; set; } = 8;

    /// <summary>
    /// The local address of links over UDP. The kernel chooses the ports and, for links over TCP, the address as well. Empty: 127.0.0.1 if
    /// clients come over UDP. If clients come only over TCP, empty means that the relay has no UDP links, so that it opens no socket that
    /// would be useless where UDP is blocked.
    /// </summary>
    public string LinkAddress { get; set; } = "";

    /// <summary>The number of worker threads. Each has its own public socket on the shared port. 0 means one for every two cores.</summary>
    public int Workers { get; set; }

    /// <summary>
    /// Link endpoints that the relay always connects to, in addition to those in the state store: <c>10.0.0.4:20000</c> (UDP) or
    /// <c>tcp://transceiver-00:20000</c>.
    /// </summary>
    public List<string> Transceivers { get; set; } = [];

    /// <summary>
    /// The number of connections of each worker to each TCP endpoint, 1 to 8. When one breaks, its sessions use the others at once.
    /// </summary>
    public int LinkConnections { get; set; } = 2;

    /// <summary>
    /// The local addresses that clients reach this host by, at most 14. The position in the list is the ingress number in frames, so that a
    /// restarted relay answers from the right address. Empty: all addresses of the host.
    /// </summary>
    public List<string> IngressAddresses { get; set; } = [];

    /// <summary>The largest number of flows per worker. Their memory, about 250 bytes each, is allocated at start.</summary>
    public int MaximumFlows { get; set; } = 65_536;

    /// <summary>The largest number of flows from one IPv4 address or one IPv6 /64. A company's NAT is one address.</summary>
    public int MaximumFlowsPerPrefix { get; set; } = 4096;

    /// <summary>The largest number of flows of one session: the addresses that its client used in the last seconds.</summary>
    public int MaximumFlowsPerSession { get; set; } = 8;

    /// <summary>The largest number of new flows per second and worker.</summary>
    public int NewFlowsPerSecond { get; set; } = 2000;

    /// <summary>A flow without a packet in either direction for this long is removed. Consent ends after 30 s (RFC 7675).</summary>
    public TimeSpan FlowLifetime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// After SIGTERM the relay still forwards packets for this long, while the transceivers learn that it is shutting down. It ends earlier
    /// if clients send nothing for a second. With other relays in the answers, clients need 6 s to move.
    /// </summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The number of descriptors that this process may open. This is not a setting.</summary>
    internal int OpenFiles { get; set; } = int.MaxValue;

    /// <summary>
    /// <see cref="MaximumTcpConnections"/>, or fewer if the descriptor limit does not allow that many. The relay refuses connections so
    /// that health checks and links always get a descriptor.
    /// </summary>
    internal int TcpConnections => OpenFileLimit.Fit(MaximumTcpConnections, OpenFiles);

    internal int WorkerCount => Workers > 0 ? Workers : Math.Max(1, Environment.ProcessorCount / 2);

    internal TransportAddress? Public => TransportAddress.TryParse(PublicEndpoint, out TransportAddress address) ? address : null;
    internal TransportAddress? PublicTcp => TransportAddress.TryParse(PublicTcpEndpoint, out TransportAddress address) ? address : null;

    /// <summary>Null if there are no links over UDP.</summary>
    internal TransportAddress? Link
        => LinkAddress.Length > 0 ? TransportAddress.From(new IPEndPoint(IPAddress.Parse(LinkAddress), 0)) : PublicEndpoint.Length > 0
        ? TransportAddress.From(new IPEndPoint(IPAddress.Loopback, 0)) : null;
    internal IReadOnlyList<LinkEndpoint> TransceiverEndpoints
        => [.. Transceivers.Select(t => LinkEndpoint.TryParse(t, out LinkEndpoint? endpoint, out _) ? endpoint : null)
        .OfType<LinkEndpoint>().Distinct()];
    internal IEnumerable<TransportAddress> Ingresses => IngressAddresses.Select(
        a => TransportAddress.From(new IPEndPoint(IPAddress.Parse(a), 0)));

    public IEnumerable<string> Problems()
    {
        if (Id.Length is < 1 or > 28 || !Id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '_'))
            yield return "Relay__Id: 1 to 28 characters of a-z 0-9 . - _, for example 'relay-0'.";
        if (PublicEndpoint.Length == 0 && PublicTcpEndpoint.Length == 0)
            yield return "Relay__PublicEndpoint, Relay__PublicTcpEndpoint: set at least one of them. Clients need an address.";
        if (PublicEndpoint.Length > 0 && Public is not { Port: > 0 })
            yield return "Relay__PublicEndpoint: address and port, for example '0.0.0.0:3478' or '[::]:3478', or empty for no UDP.";
        if (PublicTcpEndpoint.Length > 0 && PublicTcp is not { Port: > 0 })
            yield return "Relay__PublicTcpEndpoint: address and port, for example '0.0.0.0:3478' or '[::]:3478', or empty for no TCP.";
        if (TcpFirstCheckTime < TimeSpan.FromSeconds(1) || TcpFirstCheckTime > TimeSpan.FromMinutes(1))
            yield return "Relay__TcpFirstCheckTime: 00:00:01 to 00:01:00.";
        if (MaximumTcpConnections is < 1 or > 1_000_000) yield return "Relay__MaximumTcpConnections: 1 to 1000000.";
        if (MaximumTcpConnectionsPerPrefix < 1) yield return "Relay__MaximumTcpConnectionsPerPrefix: 1 or more.";
        if (MaximumTcpConnectionsPerSession is < 1 or > 64) yield return "Relay__MaximumTcpConnectionsPerSession: 1 to 64.";
        bool isLinkAddressGood = LinkAddress.Length == 0 || IPAddress.TryParse(LinkAddress, out _);
        if (!isLinkAddressGood)
            yield return "Relay__LinkAddress: an address of this host, for example '127.0.0.1' or '10.0.0.5', or empty.";
        if (Workers is < 0 or > 64) yield return "Relay__Workers: 0 to 64.";
        foreach (string text in Transceivers)
        {
            if (!LinkEndpoint.TryParse(text, out LinkEndpoint? endpoint, out string? error))
                yield return $"Relay__Transceivers: '{text}' {error}.";
            else if (endpoint.Scheme == LinkScheme.Udp && isLinkAddressGood && Link is null)
            yield return $"Relay__Transceivers: '{text}' is reached over UDP, for which Relay__LinkAddress must name a local address.";
        }
        if (LinkConnections is < 1 or > LinkRelayId.MaximumConnections)
            yield return $"Relay__LinkConnections: 1 to {LinkRelayId.MaximumConnections}.";
        foreach (string text in IngressAddresses)
        {
            if (!IPAddress.TryParse(text, out _)) yield return $"Relay__IngressAddresses: '{text}' is no IP address.";
        }
        if (IngressAddresses.Count > MaximumIngressAddresses) yield return $"Relay__IngressAddresses: at most {MaximumIngressAddresses}.";
        if (MaximumFlows is < 16 or > 4_194_304) yield return "Relay__MaximumFlows: 16 to 4194304.";
        if (MaximumFlowsPerPrefix < 1) yield return "Relay__MaximumFlowsPerPrefix: 1 or more.";
        if (MaximumFlowsPerSession is < 1 or > 64) yield return "Relay__MaximumFlowsPerSession: 1 to 64.";
        if (NewFlowsPerSecond < 1) yield return "Relay__NewFlowsPerSecond: 1 or more.";
        if (FlowLifetime < TimeSpan.FromSeconds(5) || FlowLifetime > TimeSpan.FromHours(1))
            yield return "Relay__FlowLifetime: 00:00:05 to 01:00:00.";
        if (DrainTime < TimeSpan.Zero || DrainTime > TimeSpan.FromSeconds(10)) yield return "Relay__DrainTime: 00:00:00 to 00:00:10.";
    }

    private static string DefaultId()
    {
        string name = string.Concat(Environment.MachineName.ToLowerInvariant()
            .Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-'));
        return $"relay-{(name.Length > 22 ? name[^22..] : name)}";
    }
}
