namespace Dapr.Voice.Infra.Manifests;

/// <summary>
/// What azure.yaml has to contain for this project: which services and hooks it names, and which environment variables azd reads back.
/// </summary>
internal static class AzdManifest
{
    public static readonly IReadOnlyList<string> Services = ["signaling", "relay", "transceiver", "local-agent"];

    public static readonly IReadOnlyList<string> Hooks = ["preprovision", "postprovision", "predeploy", "postdeploy", "postdown"];

    public static string WhatItDoes(string hook) => hook switch
    {
        "preprovision" => "checks what the deployment needs before anything is made",
        "postprovision" => "makes the fleet's keys in Key Vault",
        "predeploy" => "says before a build what 'azd deploy' can't do",
        "postdeploy" => "gives every app the new image, and waits until it serves",
        "postdown" => "lists what is left in Azure",
        _ => "named in the runbooks",
    };

    public static readonly IReadOnlyList<(string Path, string Value)> Values =
        [("name", "dapr-voice"), ("infra.provider", "bicep"), ("infra.path", "infra/bicep")];

    public static IReadOnlyList<(string Path, string Value)> ValuesOf(string service) => Services.Contains(service)
        ? [("project", service == "local-agent" ? "./samples/local-agent" : $"./services/{service}"), ("host", "containerapp"),
        ("language", "docker"), ("docker.path", "./Dockerfile"), ("docker.context", "../.."), ("docker.remoteBuild", "true"),
        // 'azd deploy' sends the whole app again. With an older version it would lose what that version does not know.
        ("apiVersion", "2026-01-01"), .. Conditions(service)]
        : [];

    private static (string Path, string Value)[] Conditions(string service)
        => service == "local-agent" ? [("condition", "${VOICE_SAMPLE_AGENT=true}")] : [];

    /// <summary>The outputs of main.bicep that people, hooks and the README name.</summary>
    public static readonly IReadOnlyList<string> Outputs = [
        "AZURE_TENANT_ID", "AZURE_CONTAINER_REGISTRY_ENDPOINT", "AZURE_CONTAINER_REGISTRY_NAME", "AZURE_RESOURCE_GROUP",
            "VOICE_STAGE", "VOICE_DEPLOYED_EDGE", "VOICE_SAMPLE_AGENT", "SERVICE_SIGNALING_ENDPOINTS", "SERVICE_RELAY_ENDPOINTS",
             "SIGNALING_URL", "SIGNALING_URLS", "VOICE_REGIONS", "VOICE_RESOURCE_GROUPS",
                "VOICE_KEY_VAULTS", "VOICE_ENVIRONMENTS", "VOICE_EVENTS_IDENTITIES", "VOICE_STORAGE_ACCOUNTS", "VOICE_SHARDS",
                    "VOICE_INGRESS_ADDRESSES",
    ];

    /// <summary>Says whether azd itself sets the variable.</summary>
    public static bool IsOfAzd(string variable) => variable is "AZURE_ENV_NAME" or "AZURE_LOCATION" or "AZURE_PRINCIPAL_ID"
        or "AZURE_PRINCIPAL_TYPE" or "AZURE_SUBSCRIPTION_ID" or "AZURE_TENANT_ID" or "AZURE_RESOURCE_GROUP"
        || (variable.StartsWith("SERVICE_", StringComparison.Ordinal)
        && variable.EndsWith("_IMAGE_NAME", StringComparison.Ordinal));
}
