using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>One recording of the real sidecar (tests/Vectors/dapr-contract).</summary>
/// <param name="Name"><c>folder/scenario</c>.</param>
internal sealed record Recording(string Name, JsonObject Content)
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Vectors", "dapr-contract");

    public string Folder => Name.Split('/')[0];

    public string Scenario => Name.Split('/')[1];

    /// <summary>The component type where there is one: <c>state.postgresql</c>.</summary>
    public string ComponentType => ((string)Content["component"]!).Split('/')[0];

    /// <summary>Some name it <c>state.postgresql/v2</c>, the races leave it to the folder.</summary>
    public string ComponentVersion => Folder.EndsWith("-v2", StringComparison.Ordinal) ? "v2" : "v1";

    public IEnumerable<JsonObject> Steps => (Content["steps"] ?? Content["calls"] ?? new JsonArray()).AsArray().Select(s => s!.AsObject());

    public static IReadOnlyList<string> AllNames { get; } = Directory.EnumerateFiles(Root, "*.json", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/')[..^".json".Length])
        .Order(StringComparer.Ordinal)
        .ToList();

    public static Recording Load(string name) => new(name, JsonNode.Parse(File.ReadAllText(Path.Combine(Root, name + ".json")))!.AsObject());
}
