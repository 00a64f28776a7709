using System.Text.Json;
using Dapr.Voice.Infra.Documents;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Unit;

/// <summary>The schemas of docs/events.md, and what they say of an event. The integration tests share this file.</summary>
internal static class EventSchema
{
    /// <summary>The schema of a session's event.</summary>
    public static JsonElement Root { get; } = Load("events.schema.json");

    /// <summary>The schema of the fleet's events.</summary>
    public static JsonElement Fleet { get; } = Load("fleet-events.schema.json");

    /// <summary>The places where the event of a session differs from the schema. Empty for an event as it has to be.</summary>
    /// <param name="cloudEvent">A CloudEvent as JSON.</param>
    public static IReadOnlyList<string> Problems(string cloudEvent) => Problems(cloudEvent, Root);

    /// <inheritdoc cref="Problems(string)"/>
    public static IReadOnlyList<string> Problems(string cloudEvent, JsonElement schema)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(cloudEvent));
        return [.. new JsonSchema(schema, isClosed: false).Check(stream.Documents[0].RootNode).Select(problem => problem.Message)];
    }

    private static JsonElement Load(string file) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(), "docs", file))).RootElement;

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dapr.Voice.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException("These tests run inside a clone.");
    }
}
