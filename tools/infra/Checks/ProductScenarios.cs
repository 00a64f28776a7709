namespace Dapr.Voice.Infra.Checks;

/// <summary>The shapes in which the product is deployed and therefore checked: together they take every branch of the templates.</summary>
public static class ProductScenarios
{
    private const string SomePrincipal = "00000000-0000-0000-0000-00000000000a";

    /// <summary>The first provisioning: azd's own variables and nothing else, so that placeholders stand where apps will be.</summary>
    public static readonly Scenario Plain = new("one region, first provisioning", Environment(isPublished: false), new Dictionary<string, object?>(), Regions: 1, Shards: 2, IsPublished: false, HasUdpEdge: false);

    public static readonly IReadOnlyList<Scenario> All =
    [
        Plain,
        // What `azd up` in an empty environment ends with.
        new("one region, aca-tcp", Environment(isPublished: true), new Dictionary<string, object?>(), Regions: 1, Shards: 2, IsPublished: true, HasUdpEdge: false),
        new("three regions, aca-tcp, own agent", Environment(isPublished: true), new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["regions"] = Regions(isZoneRedundant: false, standby: 1), ["shardSize"] = "medium", ["relaySize"] = "medium", ["relays"] = 2, ["dedicatedProfileType"] = "D4", ["agentUrl"] = "wss://agent.example.com/v1/realtime",
            ["agentKeySecretName"] = "voice-agent-key", ["otlpEndpoint"] = "http://otel.example.com:4317", ["allowedOrigins"] = new object?[] { "https://app.example.com" },
            ["subscribers"] = new object?[] { "call-log", "billing" },
        }, Regions: 3, Shards: 3, IsPublished: true, HasUdpEdge: false),
        new("one region, udp-edge", Environment(isPublished: true), new Dictionary<string, object?>(StringComparer.Ordinal) { ["edge"] = "udp-edge", ["edgeSshPublicKey"] = "ssh-ed25519 AAAA" }, Regions: 1, Shards: 2, IsPublished: true, HasUdpEdge: true),
        new("three regions, udp-edge, zones", Environment(isPublished: true), new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["edge"] = "udp-edge", ["regions"] = Regions(isZoneRedundant: true, standby: 0), ["shardSize"] = "large", ["relaySize"] = "large", ["globalLoadBalancer"] = true, ["edgeSshPublicKey"] = "ssh-ed25519 AAAA",
        }, Regions: 3, Shards: 2, IsPublished: true, HasUdpEdge: true) { IsZoneRedundant = true },
    ];

    private static object?[] Regions(bool isZoneRedundant, int standby) =>
    [
        Region("westeurope", 1, isZoneRedundant, standby), Region("northeurope", 2, isZoneRedundant, standby), Region("swedencentral", 3, isZoneRedundant, standby),
    ];

    private static Dictionary<string, object?> Region(string location, int number, bool isZoneRedundant, int standby)
    {
        var region = new Dictionary<string, object?>(StringComparer.Ordinal) { ["location"] = location, ["number"] = number, ["shards"] = 2 };
        // What is left out shows the template's own default.
        if (standby > 0) region["standbyShards"] = standby;
        if (isZoneRedundant) region["zoneRedundant"] = true;
        return region;
    }

    private static Dictionary<string, string> Environment(bool isPublished)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AZURE_ENV_NAME"] = "voice-check", ["AZURE_LOCATION"] = "westeurope", ["AZURE_PRINCIPAL_ID"] = SomePrincipal, ["AZURE_SUBSCRIPTION_ID"] = "00000000-0000-0000-0000-00000000000b",
        };
        if (!isPublished) return variables;
        variables["VOICE_KEYED_REGIONS"] = "westeurope,northeurope,swedencentral";
        foreach (string service in new[] { "SIGNALING", "RELAY", "TRANSCEIVER", "LOCAL_AGENT" })
        {
            variables[$"SERVICE_{service}_IMAGE_NAME"] = $"crvoice.azurecr.io/dapr-voice/{service.ToLowerInvariant()}:1";
            variables[$"SERVICE_{service}_RESOURCE_EXISTS"] = "true";
        }
        return variables;
    }
}
