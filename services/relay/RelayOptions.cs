using System.Net;
using Dapr.Voice.Hosting;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay;

/// <summary>Settings of the relay. Section <c>Relay</c> (<c>Relay__PublicEndpoint</c>…); the defaults serve a laptop.</summary>
internal sealed class RelayOptions : IServiceOptions
{
    /// <summary>An ingress has four bits in a link frame. Of their values one means "any" and one "over TCP".</summary>
    public const int MaximumIngressAddresses = LinkFrame.AnyIngress;

    public static string Section => "Relay";

    /// <summary>
    /// Stable over restarts of this relay and different for each relay of a fleet: transceivers know a restarted relay by it. 1 to 28
    /// characters of a-z 0-9 . - _
    /// </summary>
    public string Id { get; set; } = DefaultId();

    /// <summary>Where clients come to over UDP; empty for not at all.</summary>
    public string PublicEndpoint { get; set; } = "0.0.0.0:3478";

    /// <summary>Where clients come to over TCP (ICE-TCP), for example <c>0.0.0.0:3478</c>; empty for not at all.</summary>
    public string PublicTcpEndpoint { get; set; } = "";

    /// <summary>
    /// A load balancer hides the addresses of clients over TCP: all come from a few, so connections are not limited per address.
    /// </summary>
    public bool TcpClientsAreHidden { get; set; }

    /// <summary>A new TCP connection must have sent a check that belongs to a session within this.</summary>
    public TimeSpan TcpFirstCheckTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>TCP connections of all workers together; about 1 kB of memory each, beside the kernel's.</summary>
    public int MaximumTcpConnections { get; set; } = 16_384;

    /// <summary>
    /// TCP connections from one IPv4 address or one IPv6 /64, at each worker. Without effect where <see cref="TcpClientsAreHidden"/>.
    /// </summary>
    public int MaximumTcpConnectionsPerPrefix { get; set; } = 1024;

    /// <summary>
    /// TCP connections of one session at each worker: a browser opens one for each of its interfaces, and again when it moves.
    /// </summary>
    public int MaximumTcpConnectionsPerSession { get; set; } = 8;

    /// <summary>
    /// Local address of the links to transceivers over UDP; ports are the kernel's choice, and over TCP the address, too. Empty: 127.0.0.1
    /// where clients come over UDP, and no UDP links where they come over TCP alone, so that where no UDP passes there is no socket for it.
    /// </summary>
    public string LinkAddress { get; set; } = "";

    /// <summary>Threads, each with its own public socket on the one port; 0 is one for every two cores.</summary>
    public int Workers { get; set; }

    /// <summary>
    /// Link endpoints that are always tried, beside those in the state store: <c>10.0.0.4:20000</c> (UDP),
    /// <c>tcp://transceiver-00:20000</c>.
    /// </summary>
    public List<string> Transceivers { get; set; } = [];

    /// <summary>
    /// Connections of each worker to each endpoint of TCP, 1 to 8. When one breaks, its sessions go over the others at once.
    /// </summary>
    public int LinkConnections { get; set; } = 2;

    /// <summary>
    /// Local addresses that clients reach this host by; the position is the ingress number in frames, so a restarted relay answers from the
    /// right one. Empty: all of the host's addresses. At most 14.
    /// </summary>
    public List<string> IngressAddresses { get; set; } = [];

    /// <summary>Flows per worker; their memory (about 250 bytes each) is taken at the start.</summary>
    public int MaximumFlows { get; set; } = 65_536;

    /// <summary>Flows from one IPv4 address or one IPv6 /64: a company's NAT is one of them.</summary>
    public int MaximumFlowsPerPrefix { get; set; } = 4096;

    /// <summary>Flows of one session: its addresses of the last seconds.</summary>
    public int MaximumFlowsPerSession { get; set; } = 8;

    /// <summary>New flows per second and worker.</summary>
    public int NewFlowsPerSecond { get; set; } = 2000;

    /// <summary>A flow with nothing in either direction is forgotten; consent ends after 30 s (RFC 7675).</summary>
    public TimeSpan FlowLifetime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>On SIGTERM: packets still pass while the transceivers learn that this relay leaves.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Descriptors that this process may have; not a setting.</summary>
    internal int OpenFiles { get; set; } = int.MaxValue;

    /// <summary>
    /// <see cref="MaximumTcpConnections"/>, as far as there are descriptors for them: connections are refused before health and links go
    /// without.
    /// </summary>
    internal int TcpConnections => OpenFileLimit.Fit(MaximumTcpConnections, OpenFiles);

    internal int WorkerCount => Workers > 0 ? Workers : Math.Max(1, Environment.ProcessorCount / 2);

    internal TransportAddress? Public => TransportAddress.TryParse(PublicEndpoint, out TransportAddress address) ? address : null;
    internal TransportAddress? PublicTcp => TransportAddress.TryParse(PublicTcpEndpoint, out TransportAddress address) ? address : null;

    /// <summary>Null: no links over UDP.</summary>
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
            yield return "Relay__PublicEndpoint, Relay__PublicTcpEndpoint: at least one of them; clients have to come somewhere.";
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
        if (DrainTime < TimeSpan.Zero || DrainTime > TimeSpan.FromSeconds(1.5)) yield return "Relay__DrainTime: 00:00:00 to 00:00:01.5.";
    }

    private static string DefaultId()
    {
        string name = string.Concat(Environment.MachineName.ToLowerInvariant()
            .Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-'));
        return $"relay-{(name.Length > 22 ? name[^22..] : name)}";
    }
}
