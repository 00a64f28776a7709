using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Running;

/// <summary>One process to start: program, arguments, environment, and how to see that it is ready.</summary>
/// <param name="Environment">Its settings.</param>
internal sealed record PlannedProcess(
    string Name, string FileName, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string Listens, string? ReadyUrl, Stage Stage)
{
    /// <summary>What the platform adds to the settings: of the image, and of the sidecar's injection.</summary>
    public IReadOnlyDictionary<string, string> PlatformEnvironment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>It inherits nothing of ours but PATH, as in a container.</summary>
    public bool IsClean { get; init; }

    /// <summary>Where its supervisor listens for it, so that who connects while it is started again is not refused; null for nowhere.</summary>
    public IPEndPoint? HeldListener { get; init; }
}

/// <summary>What is started together, in this order.</summary>
internal enum Stage { Sidecar, Agent, Transceiver, Relay, Signaling }

/// <summary>
/// Which processes make up one region on this machine, on which ports, with which settings. Everything listens on loopback but the
/// relay's port and, where asked for, signaling. With the edge of Container Apps each process has the settings of its container there, which a test compares
/// with what the Bicep resolves to. They name a port and no address; that it is loopback's here is said on the command line (<c>--urls</c>), so that the settings stay the same.
/// </summary>
internal sealed class ServicePlan
{
    public const int SignalingSidecarPort = 3500;
    public const int RelaySidecarPort = 3501;
    public const int TransceiverSidecarPort = 3510;
    public const int RelayHttpPort = 8070;
    public const int AgentPort = 8090;
    public const int TransceiverHttpPort = 8100;
    public const int LinkPort = 20000;
    public const int SidecarControlPort = 3599;

    /// <summary>Link ports set aside for each shard; one worker thread listens on each.</summary>
    public const int LinkPortsPerShard = 16;

    /// <summary>In the shape of Container Apps: a shard and a relay of size `small` (main.bicep), its slots, and the shards that services look for.</summary>
    private const int ContainerWorkers = 1, ContainerCapacity = 25, ContainerSlots = 64, ContainerMaximumShards = 8;

    /// <summary>Addresses that an answer may name (Signaling__Ingresses).</summary>
    private const int MaximumIngresses = 8;

    private readonly Installation _installation;
    private readonly UpOptions _options;
    private readonly string _appApiToken = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    public ServicePlan(Installation installation, UpOptions options, string? daprd)
    {
        _installation = installation;
        _options = options;
        Daprd = daprd;
        Addresses = options.Addresses.Count > 0 ? options.Addresses : [.. OwnAddresses().Take(options.Edge == EdgeKind.Both ? MaximumIngresses / 2 : MaximumIngresses)];
        Sidecars = AppsWithPorts().ToDictionary(a => a.Id, a => a.SidecarPort, StringComparer.Ordinal);
        Processes = [.. Build().OrderBy(p => p.Stage)];
    }

    /// <summary>Path of the real sidecar, or null for the development sidecar.</summary>
    public string? Daprd { get; }
    public IReadOnlyList<string> Addresses { get; }
    public IReadOnlyDictionary<string, int> Sidecars { get; }
    public IReadOnlyList<PlannedProcess> Processes { get; }

    private bool IsContainer => _options.Edge == EdgeKind.Tcp;

    /// <summary>One per core, as many as have ports.</summary>
    private int WorkersPerTransceiver => IsContainer ? ContainerWorkers : Math.Min(Environment.ProcessorCount, LinkPortsPerShard);

    public bool HasUdp => _options.Edge != EdgeKind.Tcp;
    public bool HasTcp => _options.Edge != EdgeKind.Udp;

    public string Url => $"http://{(_options.HttpAddress is "0.0.0.0" or "*" ? Addresses[0] : _options.HttpAddress)}:{_options.HttpPort}";

    public void EnsurePortsAreFree()
    {
        PortOwner.EnsureFree("signaling", _options.HttpPort, udp: false, "--port");
        if (HasUdp) PortOwner.EnsureFree("the relay", _options.RelayPort, udp: true, "--relay-port");
        if (HasTcp) PortOwner.EnsureFree("the relay", _options.RelayPort, udp: false, "--relay-port");
        PortOwner.EnsureFree("the relay's health", RelayHttpPort, udp: false, option: null);
        PortOwner.EnsureFree("the local agent", AgentPort, udp: false, option: null);
        for (int shard = 0; shard < _options.Transceivers; shard++)
        {
            PortOwner.EnsureFree(AppIds.Transceiver(shard), TransceiverHttpPort + shard, udp: false, option: null);
            for (int worker = 0; worker < WorkersPerTransceiver; worker++)
                PortOwner.EnsureFree($"the link of {AppIds.Transceiver(shard)}", LinkPort + shard * LinkPortsPerShard + worker, udp: _options.Link == LinkKind.Udp, option: null);
        }
        foreach (var (app, port) in Sidecars) PortOwner.EnsureFree($"the sidecar of {app}", port, udp: false, option: null);
        if (Daprd is null) PortOwner.EnsureFree("the development sidecar's control", SidecarControlPort, udp: false, option: null);
    }

    private IEnumerable<(string Id, int SidecarPort, int? AppPort)> AppsWithPorts()
    {
        yield return (AppIds.Signaling, SignalingSidecarPort, _options.HttpPort);
        yield return (AppIds.Relay, RelaySidecarPort, RelayHttpPort);
        for (int shard = 0; shard < _options.Transceivers; shard++)
            yield return (AppIds.Transceiver(shard), TransceiverSidecarPort + shard, TransceiverHttpPort + shard);
        foreach (string app in _options.Apps)
        {
            var parsed = AppArgument.Parse(app);
            yield return (parsed.Id, parsed.SidecarPort, parsed.AppPort);
        }
    }

    private IEnumerable<PlannedProcess> Build()
    {
        string components = _options.Components ?? _installation.Components;
        if (Daprd is null)
        {
            var arguments = new List<string> { "--resources-path", components, "--control-port", SidecarControlPort.ToString() };
            string configuration = Path.Combine(components, "config", "config.yaml");
            if (File.Exists(configuration)) arguments.AddRange(["--config", configuration]);
            foreach (var (id, sidecarPort, appPort) in AppsWithPorts()) arguments.AddRange(["--app", appPort is null ? $"{id}={sidecarPort}" : $"{id}={sidecarPort},{appPort}"]);
            yield return Program(VoiceProgram.DevSidecar, "sidecar", arguments, new() { ["APP_API_TOKEN"] = _appApiToken },
                "http " + string.Join(' ', Sidecars.Values.Order()), $"http://127.0.0.1:{SignalingSidecarPort}/v1.0/healthz/outbound", Stage.Sidecar);
        }
        else
        {
            foreach (var (id, sidecarPort, appPort) in AppsWithPorts())
            {
                string configuration = Path.Combine(components, "config", "config.yaml");
                List<string> arguments =
                [
                    "--app-id", id, "--dapr-http-port", sidecarPort.ToString(), "--dapr-grpc-port", (sidecarPort + 1_000).ToString(), "--dapr-internal-grpc-port", (sidecarPort + 1_200).ToString(),
                    "--metrics-port", (sidecarPort + 1_400).ToString(), "--resources-path", components, "--dapr-listen-addresses", "127.0.0.1", "--log-level", "warn",
                ];
                if (File.Exists(configuration)) arguments.AddRange(["--config", configuration]);
                if (appPort is { } port) arguments.AddRange(["--app-port", port.ToString(), "--app-protocol", "http"]);
                yield return new PlannedProcess($"daprd-{id}", Daprd, arguments, new Dictionary<string, string>(StringComparer.Ordinal) { ["APP_API_TOKEN"] = _appApiToken }, $"http {sidecarPort}",
                    $"http://127.0.0.1:{sidecarPort}/v1.0/healthz/outbound", Stage.Sidecar);
            }
        }

        var agent = new Dictionary<string, string>(StringComparer.Ordinal) { ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{AgentPort}" };
        if (IsContainer)
        {
            agent["LocalAgent__Decoders"] = "2";
            agent["LocalAgent__MaximumSessions"] = "16";
        }
        yield return Program(VoiceProgram.LocalAgent, "local-agent", [], agent, $"ws {AgentPort}", $"http://127.0.0.1:{AgentPort}/healthz", Stage.Agent);

        for (int shard = 0; shard < _options.Transceivers; shard++)
        {
            int link = LinkPort + shard * LinkPortsPerShard;
            var settings = ServiceSettings(AppIds.Transceiver(shard), TransceiverHttpPort + shard, TransceiverSidecarPort + shard);
            settings["Transceiver__Shard"] = shard.ToString();
            settings["Transceiver__LinkEndpoint"] = _options.Link == LinkKind.Tcp ? $"tcp://127.0.0.1:{link}" : $"127.0.0.1:{link}";
            settings["Transceiver__Workers"] = WorkersPerTransceiver.ToString();
            if (IsContainer)
            {
                settings["Transceiver__AdvertisedLinkEndpoint"] = $"tcp://localhost:{link}";
                settings["Transceiver__Capacity"] = ContainerCapacity.ToString();
            }
            settings["Transceiver__DefaultAgent"] = _options.Agent;
            settings["Transceiver__Agents__local"] = $"ws://127.0.0.1:{AgentPort}/v1/realtime?model=local";
            if (Uri.TryCreate(_options.Agent, UriKind.Absolute, out _))
            {
                settings["Transceiver__Agents__custom"] = _options.Agent;
                settings["Transceiver__DefaultAgent"] = "custom";
            }
            yield return Program(VoiceProgram.Transceiver, AppIds.Transceiver(shard), Listen(HttpUrl("127.0.0.1", TransceiverHttpPort + shard)), settings, $"link {(_options.Link == LinkKind.Tcp ? "tcp" : "udp")} {link}", $"http://127.0.0.1:{TransceiverHttpPort + shard}/healthz", Stage.Transceiver, TransceiverSidecarPort + shard);
        }

        var relay = ServiceSettings(AppIds.Relay, RelayHttpPort, RelaySidecarPort);
        relay["Relay__PublicEndpoint"] = HasUdp ? $"0.0.0.0:{_options.RelayPort}" : "";
        if (HasTcp) relay["Relay__PublicTcpEndpoint"] = $"0.0.0.0:{_options.RelayPort}";
        if (IsContainer)
        {
            relay["Relay__TcpClientsAreHidden"] = "true";
            relay["Relay__Workers"] = ContainerWorkers.ToString();
        }
        else
        {
            relay["Relay__LinkAddress"] = "127.0.0.1";
            for (int i = 0; i < Addresses.Count; i++) relay[$"Relay__IngressAddresses__{i}"] = Addresses[i];
        }
        yield return Program(VoiceProgram.Relay, "relay", Listen(HttpUrl("127.0.0.1", RelayHttpPort)), relay, string.Join(", ", Transports().Select(t => $"{t} {_options.RelayPort}")), $"http://127.0.0.1:{RelayHttpPort}/healthz", Stage.Relay, RelaySidecarPort)
            // A container is handed no socket: there a balancer accepts while the relay is away.
            with { HeldListener = HasTcp && !IsContainer ? new IPEndPoint(IPAddress.Any, _options.RelayPort) : null };

        var signaling = ServiceSettings(AppIds.Signaling, _options.HttpPort, SignalingSidecarPort);
        int ingress = 0;
        foreach (string transport in Transports())
        {
            foreach (string address in Addresses) signaling[$"Signaling__Ingresses__{ingress++}"] = $"{transport}://{address}:{_options.RelayPort}";
        }
        bool custom = Uri.TryCreate(_options.Agent, UriKind.Absolute, out _);
        signaling["Signaling__DefaultAgent"] = custom ? "custom" : _options.Agent;
        if (IsContainer)
        {
            // Nobody stands before it here, so others may not say who they are.
            signaling["Signaling__TrustedProxies"] = IsOnLoopbackAlone ? "1" : "0";
            signaling["Signaling__DemoPage"] = "true";
        }
        else
        {
            signaling["ASPNETCORE_URLS"] = SignalingUrls;
            string[] agents = custom ? ["local", "echo", "parrot", "custom"] : ["local", "echo", "parrot"];
            for (int i = 0; i < agents.Length; i++) signaling[$"Signaling__Agents__{i}"] = agents[i];
            signaling["Signaling__WebRoot"] = _installation.Web;
            signaling["Signaling__DemoPage"] = "true";
            // Callers, browser and builds share these cores: a hiccup of theirs must not refuse the next call.
            signaling["Signaling__MaximumLatenessMilliseconds"] = "1000";
            signaling["Signaling__RequestsPerSecondPerAddress"] = "0";
        }
        yield return Program(VoiceProgram.Signaling, AppIds.Signaling, Listen(SignalingUrls), signaling, $"http {_options.HttpPort}", $"http://127.0.0.1:{_options.HttpPort}/readyz", Stage.Signaling, SignalingSidecarPort);
    }

    /// <summary>UDP first: callers prefer what comes first.</summary>
    private IEnumerable<string> Transports() => HasUdp && HasTcp ? ["udp", "tcp"] : HasUdp ? ["udp"] : ["tcp"];

    private bool IsOnLoopbackAlone => _options.HttpAddress is "localhost" or "127.0.0.1";

    /// <summary>Its sidecar, and who asks whether it is ready, come by loopback whatever else it listens on.</summary>
    private string SignalingUrls
    {
        get
        {
            string asked = HttpUrl(_options.HttpAddress, _options.HttpPort);
            return IsOnLoopbackAlone || _options.HttpAddress is "0.0.0.0" or "*" ? asked : $"{asked};{HttpUrl("127.0.0.1", _options.HttpPort)}";
        }
    }

    /// <summary>Where to listen, for a process whose settings name its port alone: there a container has its addresses to itself, here page and internal routes would be everybody's.</summary>
    private IReadOnlyList<string> Listen(string urls) => IsContainer ? ["--urls", urls] : [];

    private static string HttpUrl(string address, int port) => $"http://{address}:{port}";

    private Dictionary<string, string> ServiceSettings(string appId, int httpPort, int sidecarPort)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Fleet__Region"] = _options.Region, ["Fleet__RegionNumber"] = "0" };
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
        foreach (var (name, value) in SidecarSettings(sidecarPort)) settings[name] = value;
        return settings;
    }

    /// <summary>What the sidecar's injection gives an app, on Container Apps too.</summary>
    private Dictionary<string, string> SidecarSettings(int sidecarPort) => new(StringComparer.Ordinal)
    {
        ["DAPR_HTTP_PORT"] = sidecarPort.ToString(),
        ["DAPR_GRPC_PORT"] = (sidecarPort + 1_000).ToString(),
        ["APP_API_TOKEN"] = _appApiToken,
    };

    private PlannedProcess Program(VoiceProgram program, string name, IReadOnlyList<string> arguments, Dictionary<string, string> environment, string listens, string ready, Stage stage, int? sidecarPort = null)
    {
        var planned = new PlannedProcess(name, _installation.DotnetHost, [_installation.Assembly(program), .. arguments], environment, listens, ready, stage);
        if (!IsContainer)
        {
            environment["DOTNET_gcServer"] = "0";
            environment["DOTNET_NOLOGO"] = "1";
            return planned;
        }
        // As in the images' recipes.
        var platform = sidecarPort is { } port ? SidecarSettings(port) : new Dictionary<string, string>(StringComparer.Ordinal);
        platform["DOTNET_gcServer"] = "0";
        platform["DOTNET_EnableDiagnostics_IPC"] = "0";
        switch (stage)
        {
            case Stage.Relay: platform["DOTNET_gcConcurrent"] = "0"; break;
            case Stage.Transceiver: platform["DOTNET_gcConcurrent"] = "1"; break;
            case Stage.Agent: platform["ASPNETCORE_HTTP_PORTS"] = AgentPort.ToString(); break;
        }
        return planned with { PlatformEnvironment = platform, IsClean = true };
    }

    /// <summary>Loopback first: the page and the tools on this machine need nothing else. Then each IPv4 address of this machine, for phones beside it.</summary>
    private static IEnumerable<string> OwnAddresses()
    {
        yield return "127.0.0.1";
        foreach (var network in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (network.OperationalStatus != OperationalStatus.Up || network.NetworkInterfaceType == NetworkInterfaceType.Loopback) continue;
            foreach (var address in network.GetIPProperties().UnicastAddresses)
            {
                if (address.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address.Address)) yield return address.Address.ToString();
            }
        }
    }
}

/// <summary><c>ID=SIDECAR_PORT[,APP_PORT]</c>.</summary>
internal sealed record AppArgument(string Id, int SidecarPort, int? AppPort)
{
    public static AppArgument Parse(string text)
    {
        string[] halves = text.Split('=', 2);
        string[] ports = halves.Length == 2 ? halves[1].Split(',') : [];
        if (halves[0].Length > 0 && ports.Length is 1 or 2 && ushort.TryParse(ports[0], out ushort sidecar) && (ports.Length == 1 || ushort.TryParse(ports[1], out _)))
            return new(halves[0], sidecar, ports.Length == 2 ? ushort.Parse(ports[1]) : null);
        throw new CommandFailedException($"'{text}' is not ID=SIDECAR_PORT[,APP_PORT]", "for example: --app billing=3700,8080");
    }
}
