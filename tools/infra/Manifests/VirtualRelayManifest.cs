namespace Dapr.Voice.Infra.Manifests;

/// <summary>
/// The lines of user data that relays on virtual machines need. infra/bicep/cloud-init/relay.yaml, the sidecar's components and the relay
/// read them.
/// </summary>
internal static class VirtualRelayManifest
{
    public static readonly IReadOnlyList<string> Lines =
    [
        "EDGE_REGISTRY=", "EDGE_PULL_CLIENT_ID=", "EDGE_RELAY_IMAGE=", "EDGE_DAPRD_IMAGE=", "VOICE_STORAGE_ACCOUNT=",
            "VOICE_STATE_CLIENT_ID=", "VOICE_KEY_VAULT=", "VOICE_SECRETS_CLIENT_ID=", "VOICE_LOG_JSON=1",
        "ASPNETCORE_HTTP_PORTS=8070", "Fleet__Region=", "Fleet__RegionNumber=", "Fleet__SlotCount=", "Fleet__MaximumShards=",
            "Relay__PublicEndpoint=0.0.0.0:3478", "Relay__PublicTcpEndpoint=0.0.0.0:3478", "Relay__TcpClientsAreHidden=false",
        "APPLICATIONINSIGHTS_CONNECTION_STRING=",
    ];

    /// <summary>Where what is known only at the deployment comes from.</summary>
    public static readonly IReadOnlyList<(string Name, string Resource, string Property)> Sources =
    [
        ("EDGE_REGISTRY", "registries/", ".loginServer"), ("EDGE_PULL_CLIENT_ID", "/id-voice-pull", ".clientId"),
        ("VOICE_STATE_CLIENT_ID", "/id-voice-relay", ".clientId"), ("VOICE_SECRETS_CLIENT_ID", "/id-voice-relay", ".clientId"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "components/", ".ConnectionString"),
    ];

    public static bool IsOfTheMachine(string name) => name.StartsWith("EDGE_", StringComparison.Ordinal)
        || name.StartsWith("VOICE_", StringComparison.Ordinal) || !name.Contains('_', StringComparison.Ordinal);
}
