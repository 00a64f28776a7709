namespace Dapr.Voice.Infra.Manifests;

/// <summary>The settings that a service cannot do without in a deployment. The defaults are for one machine.</summary>
internal static class SettingsManifest
{
    private static readonly string[] Fleet = ["Fleet__Region", "Fleet__RegionNumber", "Fleet__SlotCount"];

    /// <summary>The settings of a container in Container Apps.</summary>
    public static IReadOnlyList<string> ContainerOf(string service) => service switch
    {
        "signaling" => [.. Fleet, "Fleet__MaximumShards", "VOICE_LOG_JSON", "Signaling__Ingresses__0", "Signaling__DefaultAgent",
            "Signaling__TrustedProxies"],
        "relay" => [.. Fleet, "Fleet__MaximumShards", "VOICE_LOG_JSON", "Relay__PublicTcpEndpoint", "Relay__PublicEndpoint",
            "Relay__TcpClientsAreHidden", "Relay__Workers"],
        "transceiver" => [.. Fleet, "Fleet__MaximumShards", "VOICE_LOG_JSON", "Transceiver__Shard", "Transceiver__LinkEndpoint",
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
