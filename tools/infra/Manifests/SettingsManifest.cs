namespace Dapr.Voice.Infra.Manifests;

/// <summary>The settings that a service cannot do without in a deployment. The defaults are for one machine.</summary>
internal static class SettingsManifest
{
    private static readonly string[] Fleet = ["Fleet__Region", "Fleet__RegionNumber", "Fleet__SlotCount"];

    private static readonly string[] Container = [.. Fleet, "Fleet__MaximumShards", "VOICE_LOG_JSON", "VOICE_COMPONENT_SUFFIX"];

    /// <summary>The settings of a container in Container Apps.</summary>
    public static IReadOnlyList<string> ContainerOf(string service) => service switch
    {
        "signaling" => [.. Container, "Signaling__Ingresses__0", "Signaling__DefaultAgent",
            "Signaling__TrustedProxies"],
        "relay" => [.. Container, "Relay__PublicTcpEndpoint", "Relay__PublicEndpoint",
            "Relay__TcpClientsAreHidden", "Relay__Workers"],
        "transceiver" => [.. Container, "Transceiver__Shard", "Transceiver__LinkEndpoint",
            "Transceiver__AdvertisedLinkEndpoint", "Transceiver__Workers", "Transceiver__Capacity", "Transceiver__DefaultAgent"],
        _ => [],
    };

    /// <summary>The settings in dapr.yaml.</summary>
    public static IReadOnlyList<string> LocalOf(string service) => service switch
    {
        "signaling" => [.. Fleet, "APP_API_TOKEN", "ASPNETCORE_URLS", "Signaling__Ingresses__0", "Signaling__DefaultAgent"],
        "relay" => [.. Fleet, "APP_API_TOKEN", "ASPNETCORE_URLS", "Relay__PublicEndpoint", "Relay__LinkAddress"],
        "transceiver" => [.. Fleet, "APP_API_TOKEN", "ASPNETCORE_URLS", "Transceiver__Shard", "Transceiver__LinkEndpoint",
            "Transceiver__DefaultAgent"],
        _ => [],
    };
}
