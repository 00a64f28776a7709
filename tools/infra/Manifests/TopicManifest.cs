using Dapr.Voice.Contracts;

namespace Dapr.Voice.Infra.Manifests;

/// <summary>Topics, and who publishes to them (libs/Contracts and the services' code).</summary>
internal static class TopicManifest
{
    public static readonly IReadOnlyList<string> Names = [Topics.Sessions, Topics.Fleet, Topics.DeadLetter];

    /// <summary>Topics an app has to be let publish to. A sidecar puts refused events to the dead-letter topic in its app's name.</summary>
    public static IReadOnlyList<string> PublishedBy(string app) => app == AppIds.Signaling || AppNames.IsTransceiver(app) ? Names : [];
}
