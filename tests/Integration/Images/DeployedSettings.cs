using Dapr.Voice.Tests.Integration.WholeSystem;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>What a deployment adds to the environment of an image: the settings of the Bicep, and the variables of the platform.</summary>
internal static class DeployedSettings
{
    /// <summary>The ports that the injected sidecar listens on, in the network of its app.</summary>
    public const int SidecarHttp = 3500, SidecarGrpc = 50_001;

    public const string SidecarToken = "0123456789abcdef";

    public static IReadOnlyDictionary<string, string> Of(DeployedContainer container)
    {
        var all = new Dictionary<string, string>(container.Settings, StringComparer.Ordinal)
        {
            ["HOSTNAME"] = $"{container.App}--0000001-5d4f8c7b9-x2x4z",
            ["CONTAINER_APP_NAME"] = container.App,
            ["CONTAINER_APP_REVISION"] = $"{container.App}--0000001",
            ["CONTAINER_APP_REPLICA_NAME"] = $"{container.App}--0000001-5d4f8c7b9-x2x4z",
            ["CONTAINER_APP_PORT"] = $"{container.Ingress.Target}",
        };
        // The development sidecar has one set of components for all.
        all.Remove(DeployedContainer.ComponentSuffix);
        if (container.AppPort is not null)
        {
            all["DAPR_HTTP_PORT"] = $"{SidecarHttp}";
            all["DAPR_GRPC_PORT"] = $"{SidecarGrpc}";
            all["APP_API_TOKEN"] = SidecarToken;
        }
        Assert.All(all.Keys.Except(container.Settings.Keys), name => Assert.Contains(name, DeployedContainer.FromPlatform));
        return all;
    }
}
