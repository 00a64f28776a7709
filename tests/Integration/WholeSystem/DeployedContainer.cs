using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Checks;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// One container of the default deployment (one region, <c>aca-tcp</c>, images published): what the committed snapshot of the Bicep has,
/// and what its Dockerfile adds.
/// </summary>
/// <param name="Settings">The environment that the Bicep gives it.</param>
/// <param name="Image">The environment that the Dockerfile sets.</param>
/// <param name="Ports">The ports that the platform connects to, for its ingress and its sidecar.</param>
/// <param name="AppPort">The port that the sidecar connects to; null without a sidecar.</param>
/// <param name="Ingress">The port of the ingress, and the port of the container that it connects to. HTTP ingress has 443.</param>
internal sealed record DeployedContainer(
    string App, string Project, IReadOnlyDictionary<string, string> Settings, IReadOnlyDictionary<string, string> Image,
    IReadOnlyList<int> Ports, int? AppPort, (int Exposed, int Target) Ingress)
{
    /// <summary>
    /// The other variables in a container, with who sets each. This is the only list of them. Not all of them are always set.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> FromPlatform = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["PATH"] = "base image",
        ["HOME"] = "base image",
        ["HOSTNAME"] = "container engine",
        ["APP_UID"] = "base image",
        ["ASPNET_VERSION"] = "base image",
        ["DOTNET_VERSION"] = "base image",
        ["DOTNET_RUNNING_IN_CONTAINER"] = "base image",
        ["CONTAINER_APP_NAME"] = "Container Apps",
        ["CONTAINER_APP_REVISION"] = "Container Apps",
        ["CONTAINER_APP_HOSTNAME"] = "Container Apps",
        ["CONTAINER_APP_ENV_DNS_SUFFIX"] = "Container Apps",
        ["CONTAINER_APP_PORT"] = "Container Apps",
        ["CONTAINER_APP_REPLICA_NAME"] = "Container Apps",
        ["IDENTITY_ENDPOINT"] = "Container Apps, managed identity",
        ["IDENTITY_HEADER"] = "Container Apps, managed identity",
        ["APP_ID"] = "sidecar injection",
        ["APP_PORT"] = "sidecar injection",
        ["APP_API_TOKEN"] = "sidecar injection",
        ["DAPR_API_TOKEN"] = "sidecar injection",
        ["DAPR_HTTP_PORT"] = "sidecar injection",
        ["DAPR_GRPC_PORT"] = "sidecar injection",
    };

    /// <summary>The setting that has a value only with Application Insights.</summary>
    public const string InsightsConnection = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    /// <summary>The setting that gives each kind of app its own components in Azure. On one machine they share the components.</summary>
    public const string ComponentSuffix = "VOICE_COMPONENT_SUFFIX";

    /// <summary>
    /// The address of the environment's ingress. Only a deployment knows it; this one belongs to nobody (RFC 5737).
    /// </summary>
    public const string IngressAddress = "203.0.113.7";

    /// <summary>By app name: <c>signaling</c>, <c>relay</c>, <c>transceiver-00</c>, <c>transceiver-01</c>, <c>local-agent</c>.</summary>
    public static IReadOnlyDictionary<string, DeployedContainer> All { get; } = Resolve();

    private static Dictionary<string, DeployedContainer> Resolve()
    {
        // './voice test infra' compares this snapshot with the templates.
        var deployment = Deployment.Parse(File.ReadAllText(Path.Combine(Checkout.Root, ShapeFiles.SnapshotOf(ProductScenarios.Default))));
        return deployment.Resources.Where(r => r.Type == "Microsoft.App/containerApps").Select(Read)
            .ToDictionary(c => c.App, StringComparer.Ordinal);
    }

    private static DeployedContainer Read(ResolvedResource resource)
    {
        string app = resource.Name!;
        string project = app == "local-agent" ? "samples/local-agent" : "services/" + app.Split('-')[0];
        BicepObject container = Assert.IsType<BicepObject>(
            Assert.Single(Assert.IsType<BicepArray>(resource.Body.At("properties.template.containers")).Items));
        var settings = ((BicepArray)container["env"]!).Items.Cast<BicepObject>()
            .ToDictionary(e => Text(e["name"]), e => Setting(Text(e["name"]), e["value"]), StringComparer.Ordinal);
        int target = Number(resource.Body.At("properties.configuration.ingress.targetPort"));
        int exposed = resource.Body.At("properties.configuration.ingress.exposedPort") is { } port ? Number(port) : 443;
        var ports = new List<int> { target };
        if (resource.Body.At("properties.configuration.ingress.additionalPortMappings") is BicepArray more)
            ports.AddRange(more.Items.Cast<BicepObject>().Select(m => Number(m["targetPort"])));
        int? appPort = resource.Body.At("properties.configuration.dapr.appPort") is { } called ? Number(called) : null;
        if (appPort is { } sidecar) ports.Add(sidecar);

        string[] recipe = File.ReadAllLines(Path.Combine(Checkout.Root, project, "Dockerfile"));
        string[] stage = recipe[Array.FindLastIndex(recipe, l => l.StartsWith("FROM ", StringComparison.Ordinal))..];
        var image = stage.Where(l => l.StartsWith("ENV ", StringComparison.Ordinal)).SelectMany(l => l[4..].Split(' '))
            .Select(e => e.Split('=', 2)).ToDictionary(e => e[0], e => e[1], StringComparer.Ordinal);
        return new DeployedContainer(app, project, settings, image, [.. ports.Distinct().Order()], appPort, (exposed, target));
    }

    // Only Azure knows the connection string. This value has its form, and nothing listens at its address.
    private static string Setting(string name, BicepValue? value) => name == InsightsConnection
        ? "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:9/"
        : Text(value);

    /// <summary>Only the deployment knows some addresses. <see cref="IngressAddress"/> stands for them.</summary>
    private static string Text(BicepValue? value) => value switch
    {
        BicepString text => text.Value,
        BicepRuntime { Parts: { Count: > 0 } parts } => string.Concat(
            parts.Select(p => p is BicepString text ? text.Value : IngressAddress)),
        _ => throw new InvalidOperationException($"neither text nor address: {value}"),
    };

    private static int Number(BicepValue? value) => (int)Assert.IsType<BicepInteger>(value).Value;
}
