using System.Globalization;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>A container app as the rules read it: one container, its ingress and its sidecar.</summary>
internal sealed class ContainerApp
{
    /// <summary>One environment variable of the container.</summary>
    internal sealed record Setting(string Name, BicepValue? Value, string? SecretRef, Place Where);

    /// <summary>One port that the ingress opens: <paramref name="Exposed"/> leads to <paramref name="Target"/> in the container.</summary>
    internal sealed record Port(long? Target, long? Exposed, bool IsExternal, Place Where);

    public ContainerApp(ResolvedResource resource)
    {
        Resource = resource;
        BicepObject body = resource.Body;
        Configuration = body.At("properties.configuration") as BicepObject;
        Template = body.At("properties.template") as BicepObject;
        Dapr = Configuration?["dapr"] as BicepObject;
        Ingress = Configuration?["ingress"] as BicepObject;
        Container = Template?["containers"].Objects().FirstOrDefault();
        Environment = body.At("properties.environmentId") ?? body.At("properties.managedEnvironmentId");
        IEnumerable<Setting> settings = (Container?["env"]).Objects()
            .Select(e => new Setting(e["name"].Text() ?? "", e["value"], e["secretRef"].Text(), e.Where));
        Settings = [.. settings];
        if (Ingress is null) return;
        IEnumerable<BicepObject> mappings = Ingress["additionalPortMappings"].Objects();
        Ports = [.. mappings.Prepend(Ingress)
            .Select(p => new Port(p["targetPort"].Number(), p["exposedPort"].Number(), p["external"].Flag() == true,
            p["exposedPort"].Or((p["targetPort"]).Or(p.Where))))];
    }

    public ResolvedResource Resource { get; }
    public BicepObject? Configuration { get; }
    public BicepObject? Template { get; }
    public BicepObject? Dapr { get; }
    public BicepObject? Ingress { get; }
    public BicepObject? Container { get; }
    public BicepValue? Environment { get; }
    public IReadOnlyList<Setting> Settings { get; }
    public IReadOnlyList<Port> Ports { get; } = [];

    public Place Where => Resource.Where;
    public string Name => Resource.Name ?? "";

    public string? Service => Name == "local-agent" ? Name : AppNames.ServiceOf(Name);

    public bool IsShard => AppNames.IsTransceiver(Name);

    public string Transport => Ingress?["transport"].Text() ?? "auto";

    /// <summary>The HTTP port of the service. Probes and the sidecar call it.</summary>
    public int? HttpPort => PortOf(Text("ASPNETCORE_HTTP_PORTS")) ?? PortOf(Text("ASPNETCORE_URLS"));

    public Setting? Find(string name) => Settings.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase));

    public string? Text(string name) => Find(name)?.Value.Text();

    /// <summary>The resource ids of the app's identities, with their places.</summary>
    public IEnumerable<BicepProperty> Identities => (Resource.Body.At("identity.userAssignedIdentities") as BicepObject)?.Properties ?? [];

    /// <summary>
    /// Returns the number after the last colon of texts such as <c>8080</c>, <c>http://+:8080</c>, <c>tcp://0.0.0.0:20000</c>.
    /// </summary>
    public static int? PortOf(string? text)
        => text is not null && int.TryParse(text[(text.LastIndexOf(':') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture,
        out int port) && port is > 0 and < 65536 ? port : null;
}
