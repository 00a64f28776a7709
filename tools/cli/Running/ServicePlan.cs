using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Running;

/// <summary>One process to start: its program, arguments and environment, and the URL that says when it is ready.</summary>
/// <param name="Environment">The settings of the process.</param>
internal sealed record PlannedProcess(
    string Name, string FileName, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string Listens,
    string? ReadyUrl, Stage Stage)
{
    /// <summary>What the platform adds to the settings: the variables of the image, and those that the injected sidecar sets.</summary>
    public IReadOnlyDictionary<string, string> PlatformEnvironment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The process inherits only PATH from us, as in a container.</summary>
    public bool IsClean { get; init; }

    /// <summary>
    /// The sockets that the supervisor holds for the process, so that nothing is refused or lost while the process is restarted. Null if it
    /// holds none.
    /// </summary>
    public HeldPlan? Held { get; init; }

    /// <summary>The name of the process whose sockets this one shares, and whose place it takes at once when it ends.</summary>
    public string? StandsByFor { get; init; }
}

/// <summary>Processes of one stage are started together. The stages are started in this order.</summary>
internal enum Stage { Sidecar, Agent, Transceiver, Relay, Signaling, Standby }

/// <summary>
/// The processes of one region on this machine, with their ports and settings. Everything listens on loopback, except the port of the relay
/// and, if the user asks for it, signaling.
/// </summary>
/// <remarks>With the edge of Container Apps each process has the settings of its container; a test compares them with what the Bicep files
/// resolve to. Those settings name a port and no address. The loopback address is therefore set on the command line (<c>--urls</c>), so
/// that the settings stay the same.</remarks>
internal sealed class ServicePlan
{
    /// <summary>
    /// The shape of Container Apps: the size `small` of a shard and of a relay (main.bicep), its slots, and the number of shards that
    /// services look for.
    /// </summary>
    private const int ContainerWorkers = 1, ContainerCapacity = 25, ContainerSlots = 64, ContainerMaximumShards = 8;

    /// <summary>The most ingresses that an answer may name (Signaling__Ingresses): addresses times transports.</summary>
    public const int MaximumIngresses = 8;

    private readonly Installation _installation;
    private readonly UpOptions _options;

    // Each app has a token of its own. With a common one, an app of the user could call the internal routes of our services without a
    // sidecar.
    private readonly Dictionary<string, string> _appApiTokens;

    public ServicePlan(Installation installation, UpOptions options, string? daprd)
    {
        _installation = installation;
        _options = options;
        Daprd = daprd;
        Addresses = options.Addresses.Count > 0 ? options.Addresses
            // Container Apps has IPv4 alone.
            : [.. OwnAddresses.Find(withIPv6: !IsContainer)
            .Take(MaximumIngresses / (options.Edge == EdgeKind.Both ? 2 : 1) / options.Relays)];
        AppArgument[] foreign = [.. options.Apps.Select(AppArgument.Parse)];
        Apps = [.. OwnApps(), .. foreign];
        if (Apps.CountBy(a => a.Id, StringComparer.Ordinal).FirstOrDefault(a => a.Value > 1).Key is { } twice)
            throw new CommandFailedException($"two apps have the id '{twice}'", "choose another id with --app");
        _appApiTokens = Apps.ToDictionary(
            a => a.Id, _ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)), StringComparer.Ordinal);
        ForeignAppTokens = foreign.ToDictionary(a => a.Id, a => _appApiTokens[a.Id], StringComparer.Ordinal);
        Processes = [.. Build().Select(WithSettings).OrderBy(p => p.Stage)];
    }

    /// <summary>The path of the real sidecar. Null if the development sidecar is used.</summary>
    public string? Daprd { get; }
    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <summary>The folder of the Dapr components.</summary>
    public string Components => _options.Components ?? _installation.Components;

    /// <summary>The tokens of the apps of <c>--app</c>, by app id. Their services may want to check them.</summary>
    public IReadOnlyDictionary<string, string> ForeignAppTokens { get; }

    /// <summary>Every app id that gets a sidecar: ours first, then those of --app.</summary>
    public IReadOnlyList<AppArgument> Apps { get; }
    public IReadOnlyList<PlannedProcess> Processes { get; }

    private bool IsContainer => _options.Edge == EdgeKind.Tcp;

    /// <summary>One worker for each core, but not more than a shard has link ports.</summary>
    private int WorkersPerTransceiver => IsContainer ? ContainerWorkers
        : Math.Min(Environment.ProcessorCount, LocalPorts.LinkPortsPerShard);

    /// <summary>As many as a relay has by default. The supervisor opens a socket for each.</summary>
    private static int RelayWorkers => Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>The name of the process that stands by for another.</summary>
    public static string StandbyName(string process) => process + "-standby";

    public bool HasUdp => _options.Edge != EdgeKind.Tcp;
    public bool HasTcp => _options.Edge != EdgeKind.Udp;

    public string Url => HttpUrl(IsOnAllAddresses ? ReachableAddress.ToString() : _options.HttpAddress, _options.HttpPort);

    // The IPv4 wildcard address is not reached over IPv6.
    private IPAddress ReachableAddress
        => Addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork || _options.HttpAddress != AnyIPv4)
        ?? IPAddress.Loopback;

    /// <summary>The relay's public address as callers write it. Brackets stand around an IPv6 address.</summary>
    public string RelayEndpoint => new IPEndPoint(Addresses[0], _options.RelayPort).ToString();

    // A socket on the IPv6 wildcard address takes IPv4 callers, too. Machines without IPv6 have no such socket.
    private IPAddress RelayAddress => Addresses.Any(a => a.AddressFamily == AddressFamily.InterNetworkV6) ? IPAddress.IPv6Any
        : IPAddress.Any;

    /// <exception cref="CommandFailedException">Two of the planned processes would listen on one port, or another process has one of the
    /// ports.</exception>
    public void EnsurePortsAreFree()
    {
        EnsurePortsDiffer();
        foreach (Listener listener in Listeners())
            PortOwner.EnsureFree(listener.Name, listener.Port, listener.IsUdp, listener.Option, listener.Address);
    }

    /// <summary>Checks the ports that the user has chosen. The bands of <see cref="LocalPorts"/> keep all other ports apart.</summary>
    /// <exception cref="CommandFailedException">Two of the planned processes would listen on one port.</exception>
    public void EnsurePortsDiffer()
    {
        var taken = new Dictionary<(int, bool), string>();
        foreach (Listener listener in Listeners())
        {
            if (!taken.TryAdd((listener.Port, listener.IsUdp), listener.Name))
                throw new CommandFailedException(
                    $"port {listener.Port} is for {taken[(listener.Port, listener.IsUdp)]} and cannot also be for {listener.Name}",
                    $"choose another port with {listener.Option ?? "--app"}");
        }
    }

    /// <summary>A port on which one of the planned processes listens.</summary>
    /// <param name="Option">The option that chooses another port; null if there is none.</param>
    /// <param name="Address">Null for loopback.</param>
    private sealed record Listener(string Name, int Port, bool IsUdp, string? Option, IPAddress? Address = null);

    private IEnumerable<Listener> Listeners()
    {
        IPAddress? page = IPAddress.TryParse(_options.HttpAddress, out IPAddress? named) ? named : null;
        yield return new("signaling", _options.HttpPort, IsUdp: false, "--port", page);
        for (int relay = 0; relay < _options.Relays; relay++)
        {
            string name = _options.Relays == 1 ? "the relay" : RelayName(relay);
            if (HasUdp) yield return new(name, RelayPort(relay), IsUdp: true, "--relay-port", RelayAddress);
            if (HasTcp) yield return new(name, RelayPort(relay), IsUdp: false, "--relay-port", RelayAddress);
            yield return new($"the health of {name}", LocalPorts.RelayHttp.First + relay, IsUdp: false, Option: null);
        }
        yield return new("the local agent", LocalPorts.Agent.First, IsUdp: false, Option: null);
        for (int shard = 0; shard < _options.Transceivers; shard++)
        {
            yield return new(AppIds.Transceiver(shard), TransceiverHttpPort(shard), IsUdp: false, Option: null);
            for (int worker = 0; worker < WorkersPerTransceiver; worker++)
                yield return new($"the link of {AppIds.Transceiver(shard)}", LinkPort(shard) + worker, _options.Link == LinkKind.Udp,
                    Option: null);
        }
        if (Daprd is null)
            yield return new("the development sidecar's control", LocalPorts.SidecarControl.First, IsUdp: false, Option: null);
        foreach (AppArgument app in Apps)
        {
            bool isOurs = OwnApps().Contains(app);
            string? option = isOurs ? null : "--app";
            yield return new($"the sidecar of {app.Id}", app.Sidecar.Http, IsUdp: false, option);
            yield return new($"gRPC of the sidecar of {app.Id}", app.Sidecar.Grpc, IsUdp: false, option);
            if (Daprd is null) continue;
            yield return new($"internal gRPC of the sidecar of {app.Id}", app.Sidecar.InternalGrpc, IsUdp: false, option);
            yield return new($"metrics of the sidecar of {app.Id}", app.Sidecar.Metrics, IsUdp: false, option);
        }
    }

    private IEnumerable<AppArgument> OwnApps()
    {
        yield return new(AppIds.Signaling, LocalPorts.SignalingSidecar, _options.HttpPort);
        yield return new(AppIds.Relay, LocalPorts.RelaySidecar, LocalPorts.RelayHttp.First);
        for (int shard = 0; shard < _options.Transceivers; shard++)
            yield return new(AppIds.Transceiver(shard), LocalPorts.TransceiverSidecar(shard), TransceiverHttpPort(shard));
    }

    private static int TransceiverHttpPort(int shard) => LocalPorts.TransceiverHttp.First + shard;

    private static int LinkPort(int shard) => LocalPorts.Links.First + shard * LocalPorts.LinkPortsPerShard;

    private IEnumerable<PlannedProcess> Build()
    {
        if (Daprd is null)
        {
            var arguments = new List<string> { "--resources-path", Components, "--control-port",
                LocalPorts.SidecarControl.First.ToString() };
            string configuration = Path.Combine(Components, "config", "config.yaml");
            if (File.Exists(configuration)) arguments.AddRange(["--config", configuration]);
            foreach (AppArgument app in Apps) arguments.AddRange(app.ForDevelopmentSidecar());
            yield return Program(VoiceProgram.DevSidecar, "sidecar", arguments,
                new() { ["APP_API_TOKENS"] = string.Join(',', Apps.Select(a => $"{a.Id}={_appApiTokens[a.Id]}")) },
                $"http {string.Join(' ', Apps.Select(a => a.Sidecar.Http).Order())}, "
                + $"grpc {string.Join(' ', Apps.Select(a => a.Sidecar.Grpc).Order())}",
                HealthOf(LocalPorts.SignalingSidecar), Stage.Sidecar);
        }
        else
        {
            foreach (AppArgument app in Apps)
            {
                yield return new PlannedProcess($"daprd-{app.Id}", Daprd, DaprdArguments.For(app, Components),
                    new Dictionary<string, string>(StringComparer.Ordinal) { ["APP_API_TOKEN"] = _appApiTokens[app.Id] },
                    $"http {app.Sidecar.Http}, grpc {app.Sidecar.Grpc}", HealthOf(app.Sidecar), Stage.Sidecar);
            }
        }

        var agent = new Dictionary<string, string>(StringComparer.Ordinal) {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{LocalPorts.Agent.First}" };
        if (IsContainer)
        {
            agent["LocalAgent__Decoders"] = "2";
            agent["LocalAgent__MaximumSessions"] = "16";
        }
        yield return Program(VoiceProgram.LocalAgent, "local-agent", [], agent, $"ws {LocalPorts.Agent.First}",
            $"http://127.0.0.1:{LocalPorts.Agent.First}/healthz", Stage.Agent);

        for (int shard = 0; shard < _options.Transceivers; shard++)
        {
            int link = LinkPort(shard), http = TransceiverHttpPort(shard);
            Dictionary<string, string> settings = ServiceSettings(AppIds.Transceiver(shard), http, LocalPorts.TransceiverSidecar(shard));
            settings["Transceiver__Shard"] = shard.ToString();
            settings["Transceiver__LinkEndpoint"] = _options.Link == LinkKind.Tcp ? $"tcp://127.0.0.1:{link}" : $"127.0.0.1:{link}";
            settings["Transceiver__Workers"] = WorkersPerTransceiver.ToString();
            if (IsContainer)
            {
                settings["Transceiver__AdvertisedLinkEndpoint"] = $"tcp://localhost:{link}";
                settings["Transceiver__Capacity"] = ContainerCapacity.ToString();
            }
            settings["Transceiver__DefaultAgent"] = _options.Agent;
            settings["Transceiver__Agents__local"] = $"ws://127.0.0.1:{LocalPorts.Agent.First}/v1/realtime?model=local";
            if (Uri.TryCreate(_options.Agent, UriKind.Absolute, out _))
            {
                settings["Transceiver__Agents__custom"] = _options.Agent;
                settings["Transceiver__DefaultAgent"] = "custom";
            }
            yield return Program(VoiceProgram.Transceiver, AppIds.Transceiver(shard), Listen(HttpUrl("127.0.0.1", http)), settings,
                $"link {(_options.Link == LinkKind.Tcp ? "tcp" : "udp")} {link}", $"http://127.0.0.1:{http}/healthz", Stage.Transceiver,
                AppIds.Transceiver(shard), LocalPorts.TransceiverSidecar(shard));
        }

        for (int i = 0; i < _options.Relays; i++)
        {
            PlannedProcess relay = Relay(i);
            yield return relay;
            // A new process needs more than a second until it relays. A second one that waits takes over within a few milliseconds.
            if (!IsContainer)
                yield return relay with { Name = StandbyName(relay.Name), ReadyUrl = null, Stage = Stage.Standby,
                    StandsByFor = relay.Name };
        }

        Dictionary<string, string> signaling = ServiceSettings(AppIds.Signaling, _options.HttpPort, LocalPorts.SignalingSidecar);
        int ingress = 0;
        foreach (string transport in Transports())
        {
            // Callers prefer the first candidates, so the further relays are spares.
            for (int relay = 0; relay < _options.Relays; relay++)
            {
                foreach (IPAddress address in Addresses)
                    signaling[$"Signaling__Ingresses__{ingress++}"] = $"{transport}://{new IPEndPoint(address, RelayPort(relay))}";
            }
        }
        bool custom = Uri.TryCreate(_options.Agent, UriKind.Absolute, out _);
        signaling["Signaling__DefaultAgent"] = custom ? "custom" : _options.Agent;
        if (IsContainer)
        {
            // Without a proxy in front of signaling, nobody else may say who the caller is.
            signaling["Signaling__TrustedProxies"] = IsOnLoopbackAlone ? "1" : "0";
            signaling["Signaling__DemoPage"] = "true";
            // The name under which the page gets keys. In a container it is the app's, which is nobody's here.
            signaling["Signaling__DemoHosts__0"] = "localhost";
        }
        else
        {
            signaling["ASPNETCORE_URLS"] = SignalingUrls;
            string[] agents = custom ? ["local", "echo", "parrot", "custom"] : ["local", "echo", "parrot"];
            for (int i = 0; i < agents.Length; i++) signaling[$"Signaling__Agents__{i}"] = agents[i];
            signaling["Signaling__WebRoot"] = _installation.Web;
            signaling["Signaling__DemoPage"] = "true";
            // Callers, a browser and builds share these cores. A short delay that they cause must not refuse the next call.
            signaling["Signaling__MaximumLatenessMilliseconds"] = "1000";
            signaling["Signaling__RequestsPerSecondPerAddress"] = "0";
        }
        yield return Program(VoiceProgram.Signaling, AppIds.Signaling, Listen(SignalingUrls), signaling, $"http {_options.HttpPort}",
            $"http://127.0.0.1:{_options.HttpPort}/readyz", Stage.Signaling, AppIds.Signaling, LocalPorts.SignalingSidecar);
    }

    private int RelayPort(int relay) => _options.RelayPort + relay;

    private static string RelayName(int relay) => relay == 0 ? AppIds.Relay : $"{AppIds.Relay}-{relay}";

    /// <summary>One relay. All of them use the sidecar of the app <c>relay</c>, since they only read from it.</summary>
    private PlannedProcess Relay(int number)
    {
        int http = LocalPorts.RelayHttp.First + number;
        Dictionary<string, string> relay = ServiceSettings(AppIds.Relay, http, LocalPorts.RelaySidecar);
        var relayPublic = new IPEndPoint(RelayAddress, RelayPort(number));
        relay["Relay__PublicEndpoint"] = HasUdp ? relayPublic.ToString() : "";
        if (HasTcp) relay["Relay__PublicTcpEndpoint"] = relayPublic.ToString();
        if (IsContainer)
        {
            relay["Relay__TcpClientsAreHidden"] = "true";
            relay["Relay__Workers"] = ContainerWorkers.ToString();
        }
        else
        {
            relay["Relay__LinkAddress"] = "127.0.0.1";
            for (int i = 0; i < Addresses.Count; i++) relay[$"Relay__IngressAddresses__{i}"] = Addresses[i].ToString();
            relay["Relay__Workers"] = RelayWorkers.ToString();
            if (number > 0) relay["Relay__Id"] = RelayName(number);
            // With another relay to go to, clients move there while this one still passes on what they send.
            if (_options.Relays > 1) relay["Relay__DrainTime"] = "00:00:06";
        }
        return Program(VoiceProgram.Relay, RelayName(number), Listen(HttpUrl("127.0.0.1", http)), relay,
            string.Join(", ", Transports().Select(t => $"{t} {RelayPort(number)}")),
            $"http://127.0.0.1:{http}/healthz", Stage.Relay, AppIds.Relay, LocalPorts.RelaySidecar)
            // Nobody passes a socket to a container. There, the balancer accepts connections while the relay is away.
            with { Held = IsContainer ? null : new HeldPlan(relayPublic, HasUdp ? RelayWorkers : 0, HasTcp) };
    }

    /// <summary>UDP comes first, because callers prefer the first candidate.</summary>
    private IEnumerable<string> Transports() => HasUdp && HasTcp ? ["udp", "tcp"] : HasUdp ? ["udp"] : ["tcp"];

    private const string AnyIPv4 = "0.0.0.0";

    private bool IsOnLoopbackAlone => _options.HttpAddress is "localhost" or "127.0.0.1";

    private bool IsOnAllAddresses => _options.HttpAddress is AnyIPv4 or "::" or "*";

    /// <summary>Always includes loopback, since the sidecar and the readiness check use it.</summary>
    private string SignalingUrls
    {
        get
        {
            string asked = HttpUrl(_options.HttpAddress, _options.HttpPort);
            return IsOnLoopbackAlone || IsOnAllAddresses ? asked
                : $"{asked};{HttpUrl("127.0.0.1", _options.HttpPort)}";
        }
    }

    /// <summary>
    /// The argument that says where to listen, for a process whose settings name only a port. A container has its addresses to itself. On
    /// this machine the page and the internal routes would be open to everybody.
    /// </summary>
    private IReadOnlyList<string> Listen(string urls) => IsContainer ? ["--urls", urls] : [];

    /// <summary>A check of the sidecar alone, because the sidecar answers before its app does.</summary>
    private static string HealthOf(SidecarPorts sidecar) => $"http://127.0.0.1:{sidecar.Http}/v1.0/healthz/outbound";

    private static string HttpUrl(string address, int port)
        => IPAddress.TryParse(address, out IPAddress? parsed) ? $"http://{new IPEndPoint(parsed, port)}" : $"http://{address}:{port}";

    private Dictionary<string, string> ServiceSettings(string appId, int httpPort, SidecarPorts sidecar)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) {
            ["Fleet__Region"] = _options.Region, ["Fleet__RegionNumber"] = "0" };
        if (IsContainer)
        {
            settings["Fleet__SlotCount"] = ContainerSlots.ToString();
            settings["Fleet__MaximumShards"] = Math.Max(ContainerMaximumShards, _options.Transceivers).ToString();
            settings["ASPNETCORE_HTTP_PORTS"] = httpPort.ToString();
            settings["VOICE_LOG_JSON"] = "1";
            return settings;
        }
        settings["APP_ID"] = appId;
        settings["APP_PORT"] = httpPort.ToString();
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{httpPort}";
        foreach ((string name, string? value) in SidecarSettings(appId, sidecar)) settings[name] = value;
        return settings;
    }

    /// <summary>The variables that the injected sidecar sets for its app, on Container Apps too.</summary>
    private Dictionary<string, string> SidecarSettings(string appId, SidecarPorts sidecar) => new(StringComparer.Ordinal)
    {
        ["DAPR_HTTP_PORT"] = sidecar.Http.ToString(),
        ["DAPR_GRPC_PORT"] = sidecar.Grpc.ToString(),
        ["APP_API_TOKEN"] = _appApiTokens[appId],
    };

    private PlannedProcess WithSettings(PlannedProcess process)
    {
        if (!_options.Settings.TryGetValue(process.Name, out IReadOnlyDictionary<string, string>? more)) return process;
        var settings = new Dictionary<string, string>(process.Environment, StringComparer.Ordinal);
        foreach ((string name, string value) in more) settings[name] = value;
        return process with { Environment = settings };
    }

    private PlannedProcess Program(VoiceProgram program, string name, IReadOnlyList<string> arguments,
        Dictionary<string, string> environment, string listens, string ready, Stage stage, string? appId = null,
        SidecarPorts? sidecar = null)
    {
        var planned = new PlannedProcess(
            name, _installation.DotnetHost, [_installation.Assembly(program), .. arguments], environment, listens, ready, stage);
        if (!IsContainer)
        {
            environment["DOTNET_gcServer"] = "0";
            environment["DOTNET_NOLOGO"] = "1";
            return planned;
        }
        // The Dockerfiles set the same variables.
        Dictionary<string, string> platform = appId is not null && sidecar is { } ports ? SidecarSettings(appId, ports)
            : new Dictionary<string, string>(StringComparer.Ordinal);
        platform["DOTNET_gcServer"] = "0";
        platform["DOTNET_EnableDiagnostics_IPC"] = "0";
        switch (stage)
        {
            case Stage.Relay: platform["DOTNET_gcConcurrent"] = "0"; break;
            case Stage.Transceiver: platform["DOTNET_gcConcurrent"] = "1"; break;
            case Stage.Agent: platform["ASPNETCORE_HTTP_PORTS"] = LocalPorts.Agent.First.ToString(); break;
        }
        return planned with { PlatformEnvironment = platform, IsClean = true };
    }
}
