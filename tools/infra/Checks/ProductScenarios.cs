namespace Dapr.Voice.Infra.Checks;

/// <summary>The shapes in which the product is deployed and checked. Together they use every branch of the templates.</summary>
public static class ProductScenarios
{
    private const string SomePrincipal = "00000000-0000-0000-0000-00000000000a";

    private static readonly Dictionary<string, object?> Nothing = [];

    /// <summary>The first provisioning, with azd's own variables only. Nothing runs yet.</summary>
    public static readonly Scenario Plain = new("one-region-first-provision", Environment(isPublished: false), Nothing,
        Regions: 1, Shards: 2, IsPublished: false, HasUdpEdge: false);

    /// <summary>The result of <c>azd up</c> in an empty environment.</summary>
    public static readonly Scenario Default = new(
        "one-region", Environment(), Nothing, Regions: 1, Shards: 2, IsPublished: true, HasUdpEdge: false);

    public static readonly IReadOnlyList<Scenario> All =
    [
        Plain,
        Default,
        new("three-regions", Environment(), new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["regions"] = new[] { Region("westeurope", 1, standby: 1), Region("northeurope", 2, standby: 1),
                Region("swedencentral", 3, standby: 1) },
            ["shardSize"] = "medium", ["relaySize"] = "medium", ["relays"] = 2, ["dedicatedProfileType"] = "D4",
                ["agentUrl"] = "wss://agent.example.com/v1/realtime",
            ["agentKeySecretName"] = "voice-agent-key", ["otlpEndpoint"] = "http://otel.example.com:4317",
                ["allowedOrigins"] = new object?[] { "https://app.example.com" },
            ["subscribers"] = new object?[] { "call-log", "billing" },
        }, Regions: 3, Shards: 3, IsPublished: true, HasUdpEdge: false) { StandbyShards = 1 },
        // The first provisioning of machines. There are the balancer and its address, and no machine.
        new("one-region-udp-edge-first-provision", Environment(isPublished: false), new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["edge"] = "udp-edge", ["edgeSshPublicKey"] = "ssh-ed25519 AAAA",
        }, Regions: 1, Shards: 2, IsPublished: false, HasUdpEdge: true),
        new("one-region-udp-edge", Environment(), new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["edge"] = "udp-edge", ["edgeSshPublicKey"] = "ssh-ed25519 AAAA",
        }, Regions: 1, Shards: 2, IsPublished: true, HasUdpEdge: true),
        new("three-regions-udp-edge-global", Environment(),
            new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["edge"] = "udp-edge", ["regions"] = new[] { Region("westeurope", 1, isZoneRedundant: true),
                Region("northeurope", 2, isZoneRedundant: true), Region("swedencentral", 3, isZoneRedundant: true) },
            ["shardSize"] = "large", ["relaySize"] = "large", ["globalLoadBalancer"] = true, ["edgeSshPublicKey"] = "ssh-ed25519 AAAA",
                ["edgeInstances"] = 61,
        }, Regions: 3, Shards: 2, IsPublished: true, HasUdpEdge: true),
        // The first region keeps its lower shard. A second region is added, and its keys do not exist yet.
        new("update-with-kept-shard-and-new-region", Environment(keyedRegions: "westeurope"),
            new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["regions"] = new[] { Region("westeurope", 1, keep: 1), Region("northeurope", 2) }, ["frontDoorOnly"] = false,
                ["demoPage"] = "off", ["logDailyQuotaGb"] = -1,
        }, Regions: 2, Shards: 2, IsPublished: true, HasUdpEdge: false) { HasRules = false },
    ];

    private static Dictionary<string, object?> Region(
        string location, int number, int standby = 0, int keep = 0, bool isZoneRedundant = false)
    {
        var region = new Dictionary<string, object?>(StringComparer.Ordinal) {
            ["location"] = location, ["number"] = number, ["shards"] = 2 };
        // An omitted value shows the template's own default.
        if (standby > 0) region["standbyShards"] = standby;
        if (keep > 0) region["keepShards"] = keep;
        if (isZoneRedundant) region["zoneRedundant"] = true;
        return region;
    }

    private static Dictionary<string, string> Environment(
        bool isPublished = true, string keyedRegions = "westeurope,northeurope,swedencentral")
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AZURE_ENV_NAME"] = "voice-check", ["AZURE_LOCATION"] = "westeurope", ["AZURE_PRINCIPAL_ID"] = SomePrincipal,
                ["AZURE_SUBSCRIPTION_ID"] = Bicep.AzurePlace.Example.SubscriptionId,
        };
        if (!isPublished) return variables;
        variables["VOICE_KEYED_REGIONS"] = keyedRegions;
        foreach (string service in new[] { "SIGNALING", "RELAY", "TRANSCEIVER", "LOCAL_AGENT" })
            variables[$"SERVICE_{service}_IMAGE_NAME"] = $"crvoice.azurecr.io/dapr-voice/{service.ToLowerInvariant()}:1";
        return variables;
    }
}
