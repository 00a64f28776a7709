using System.Globalization;

namespace Dapr.Voice.Hooks;

/// <summary>
/// One of the four apps that <c>azd deploy</c> and <c>azd publish</c> know, all in the home region. The other shards and regions follow
/// them.
/// </summary>
/// <param name="Service">The name of the service in <c>azure.yaml</c>.</param>
/// <param name="App">The name of the app.</param>
/// <param name="ImageVariable">The variable in which azd keeps the image that this machine published last.</param>
internal sealed record HomeApp(string Service, string App, string ImageVariable)
{
    private const string TagPrefix = "azd-deploy-";

    public static readonly HomeApp Transceiver = new("transceiver", "transceiver-00", "SERVICE_TRANSCEIVER_IMAGE_NAME");

    public static readonly HomeApp Relay = new("relay", "relay", "SERVICE_RELAY_IMAGE_NAME");

    public static readonly HomeApp LocalAgent = new("local-agent", "local-agent", "SERVICE_LOCAL_AGENT_IMAGE_NAME");

    public static readonly HomeApp Signaling = new("signaling", "signaling", "SERVICE_SIGNALING_IMAGE_NAME");

    /// <summary>In the order in which a deployment updates them.</summary>
    public static readonly IReadOnlyList<HomeApp> All = [Transceiver, Relay, LocalAgent, Signaling];

    /// <summary>When azd made the image: the Unix seconds in a tag such as <c>azd-deploy-1796000000</c>.</summary>
    /// <returns>Null for a tag that azd did not make.</returns>
    public static long? PublishedAt(string image)
    {
        string tag = image[(image.LastIndexOf(':') + 1)..];
        return tag.StartsWith(TagPrefix, StringComparison.Ordinal)
            && long.TryParse(tag.AsSpan(TagPrefix.Length), NumberStyles.None, null, out long seconds) ? seconds : null;
    }
}
