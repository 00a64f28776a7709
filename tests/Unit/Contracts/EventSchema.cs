using System.Text.Json;
using Dapr.Voice.Infra.Documents;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Unit;

/// <summary>docs/events.schema.json, and what it says of an event. The integration tests share this file.</summary>
internal static class EventSchema
{
    public static JsonElement Root { get; } = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(), "docs", "events.schema.json")))
        .RootElement;

    /// <summary>The places where the event differs from the schema. Empty for an event as it has to be.</summary>
    /// <param name="cloudEvent">A CloudEvent as JSON.</param>
    public static IReadOnlyList<string> Problems(string cloudEvent)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(cloudEvent));
        return [.. new JsonSchema(Root, isClosed: false).Check(stream.Documents[0].RootNode).Select(problem => problem.Message)];
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dapr.Voice.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException("These tests run inside a clone.");
    }
}
