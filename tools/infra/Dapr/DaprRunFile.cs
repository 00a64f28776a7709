using System.Globalization;
using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Manifests;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Dapr;

/// <summary><c>dapr.yaml</c>, which <c>dapr run -f</c> reads. Dapr publishes no schema for it, so its keys are listed here.</summary>
internal static class DaprRunFile
{
    public const string Path = "dapr.yaml";

    private static readonly string[] TopKeys = ["version", "common", "apps"];

    private static readonly string[] CommonKeys =
    [
        "resourcesPath", "resourcesPaths", "env", "configFilePath", "appProtocol", "logLevel", "appLogDestination", "daprdLogDestination",
            "apiListenAddresses", "enableApiLogging", "schedulerHostAddress",
    ];

    private static readonly string[] AppKeys =
    [
        "appID", "appDirPath", "appPort", "appProtocol", "appChannelAddress", "daprHTTPPort", "daprGRPCPort", "daprInternalGRPCPort",
            "metricsPort", "profilePort", "enableProfiling", "resourcesPath", "resourcesPaths",
        "configFilePath", "appHealthCheckPath", "appHealthProbeInterval", "appHealthProbeTimeout", "appHealthThreshold",
            "enableAppHealthCheck", "enableApiLogging", "command", "env", "logLevel", "appLogDestination",
        "daprdLogDestination", "appMaxConcurrency", "daprHTTPMaxRequestSize", "daprHTTPReadBufferSize", "daprMaxRequestSize",
            "daprReadBufferSize", "apiListenAddresses", "unixDomainSocket", "placementHostAddress", "schedulerHostAddress",
    ];

    private static readonly string[] PortKeys =
        ["appPort", "daprHTTPPort", "daprGRPCPort", "daprInternalGRPCPort", "metricsPort", "profilePort"];

    /// <summary>What the file runs, and on which ports: the ports of './voice up' (<see cref="LocalPorts"/>).</summary>
    private static readonly (string App, int Port, SidecarPorts Sidecar)[] Expected =
    [
        (AppIds.Signaling, LocalPorts.SignalingHttp.First, LocalPorts.SignalingSidecar),
        (AppIds.Relay, LocalPorts.RelayHttp.First, LocalPorts.RelaySidecar),
        (AppIds.Transceiver(0), LocalPorts.TransceiverHttp.First, LocalPorts.TransceiverSidecar(0)),
        (AppIds.Transceiver(1), LocalPorts.TransceiverHttp.First + 1, LocalPorts.TransceiverSidecar(1)),
    ];

    public static void Check(SourceTree tree, SettingsTable? settings, bool isComplete, ICollection<Finding> findings)
    {
        if (tree.Text(Path) is not { } text)
        {
            if (isComplete) findings.Add(new Finding(RuleIds.DaprRunFile, Severity.Error, Path, 0, 0, "There is no dapr.yaml."));
            return;
        }
        if (SourceDocument.Load(Path, text, findings) is not { } file) return;
        CheckKeys(file, file.Root, TopKeys, findings);
        if (file.Root.Text("version") != "1")
            findings.Add(file.At(file.Root.At("version") ?? file.Root, RuleIds.DaprRunFile, "The version of this format is 1."));
        if (file.Root.At("common") is { } common)
        {
            CheckKeys(file, common, CommonKeys, findings);
            CheckPaths(file, common, tree, findings);
        }
        var ports = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (YamlNode app in file.Root.Items("apps"))
        {
            CheckKeys(file, app, AppKeys, findings);
            CheckPaths(file, app, tree, findings);
            string id = app.Text("appID") ?? "";
            if (!AppNames.IsOurs(id)) findings.Add(file.At(app.At("appID") ?? app, RuleIds.DaprUnknownApp, $"No app has the id '{id}'."));
            foreach (string key in PortKeys)
            {
                if (app.At(key) is not { } node) continue;
                string port = node.Text() ?? "";
                if (!ports.TryAdd(port, id))
                    findings.Add(file.At(node, RuleIds.DaprRunPort, $"Port {port} is taken by '{ports[port]}' already."));
            }
        }
        foreach ((YamlScalarNode Key, string Name, YamlNode Value) env in file.Root.Entries("common", "env")
            .Concat(file.Root.Items("apps").SelectMany(a => a.Entries("env"))))
        {
            if (settings?.IsKnown(env.Name) == false)
                findings.Add(file.At(env.Key, RuleIds.UnknownSetting, $"No service reads '{env.Name}'."));
        }
        if (isComplete) CheckComplete(file, findings);
    }

    private static void CheckComplete(SourceDocument file, ICollection<Finding> findings)
    {
        if (file.Root.At("common", "resourcesPath") is null)
            findings.Add(file.At(file.Root, RuleIds.DaprRunFile, "'common.resourcesPath' names the folder of the components."));
        foreach ((string id, int port, SidecarPorts sidecar) in Expected)
        {
            YamlNode? app = file.Root.Items("apps").FirstOrDefault(a => a.Text("appID") == id);
            if (app is null)
            {
                findings.Add(file.At(file.Root, RuleIds.DaprRunFile, $"'{id}' is not run."));
                continue;
            }
            (string Key, int Port)[] ports =
            [
                ("appPort", port), ("daprHTTPPort", sidecar.Http), ("daprGRPCPort", sidecar.Grpc),
                    ("daprInternalGRPCPort", sidecar.InternalGrpc), ("metricsPort", sidecar.Metrics),
            ];
            foreach ((string key, int wanted) in ports)
            {
                if (app.Text(key) != wanted.ToString(CultureInfo.InvariantCulture))
                    findings.Add(file.At(app.At(key) ?? app, RuleIds.DaprRunFile, $"'{key}' of '{id}' is {wanted} everywhere else."));
            }
            string service = AppNames.ServiceOf(id)!;
            string[] run = AppNames.ShardOf(id) is { } shard ? [
                "./voice", "run", service, "--shard", shard.ToString(CultureInfo.InvariantCulture)] : ["./voice", "run", service];
            if (!run.SequenceEqual(app.Items("command").Select(c => c.Text() ?? "")))
                findings.Add(file.At(app.At("command") ?? app, RuleIds.DaprRunFile, $"'{id}' is started by: {string.Join(' ', run)}"));
            if (app.Text("appProtocol") != "http")
                findings.Add(file.At(app.At("appProtocol") ?? app, RuleIds.DaprRunFile, "Our services speak http to the sidecar."));
            if (app.At("appDirPath") is null) findings.Add(file.At(app, RuleIds.DaprRunFile, "'appDirPath' is required."));
            if (app.At("configFilePath") is null) findings.Add(file.At(app, RuleIds.DaprRunFile, "'configFilePath': without it names are "
                + "resolved by multicast, which many laptops refuse."));
            if (app.Text("env", "ASPNETCORE_URLS") is { } urls
                && !urls.EndsWith(":" + port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))
                findings.Add(file.At(app.At("env", "ASPNETCORE_URLS")!, RuleIds.DaprRunPort, $"The sidecar calls port {port}."));
            foreach (string name in SettingsManifest.LocalOf(service)
                .Where(n => app.At("env", n) is null && file.Root.At("common", "env", n) is null))
                findings.Add(file.At(app, RuleIds.MissingSetting, $"'{id}' needs '{name}' here."));
        }
    }

    private static void CheckKeys(SourceDocument file, YamlNode node, string[] known, ICollection<Finding> findings)
    {
        foreach ((YamlScalarNode? key, string? name, YamlNode _) in node.Entries().Where(e => !known.Contains(e.Name))) findings.Add(
            file.At(key, RuleIds.DaprRunFile, $"'{name}' is no key of this format."));
    }

    private static void CheckPaths(SourceDocument file, YamlNode node, SourceTree tree, ICollection<Finding> findings)
    {
        foreach (string key in new[] { "resourcesPath", "configFilePath", "appDirPath" })
        {
            if (node.At(key) is not { } value) continue;
            string path = (value.Text() ?? "").TrimEnd('/');
            if (path.StartsWith("./", StringComparison.Ordinal)) path = path[2..];
            if (!tree.Exists(path) && !tree.HasFolder(path))
                findings.Add(file.At(value, RuleIds.DaprRunFile, $"'{key}': there is no '{path}'."));
        }
    }
}
