using Dapr.Voice.Contracts;

namespace Dapr.Voice.Infra.Manifests;

/// <summary>The topics and their publishers (libs/Contracts and the services' code).</summary>
internal static class TopicManifest
{
    public static readonly IReadOnlyList<string> Names = [Topics.Sessions, Topics.Fleet, Topics.DeadLetter];

    /// <summary>
    /// Returns the topics that an app must be allowed to publish to. A sidecar publishes refused events to the dead-letter topic in the
    /// name of its app.
    /// </summary>
    public static IReadOnlyList<string> PublishedBy(string app) => app == AppIds.Signaling || AppNames.IsTransceiver(app) ? Names : [];
}
