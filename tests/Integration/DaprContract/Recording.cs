using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>One recording of the real sidecar (tests/Vectors/dapr-contract).</summary>
/// <param name="Name"><c>folder/scenario</c>, or <c>grpc/folder/scenario</c> for a recording made over gRPC.</param>
internal sealed record Recording(string Name, JsonObject Content)
{
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "Vectors", "dapr-contract");

    public bool IsGrpc => Name.StartsWith("grpc/", StringComparison.Ordinal);

    public string Folder => Name.Split('/')[^2];

    public string Scenario => Name.Split('/')[^1];

    /// <summary>The component's type, for example <c>state.postgresql</c>. The folder ends with the version if it is not 1.</summary>
    public string ComponentType => Folder.EndsWith("-v2", StringComparison.Ordinal) ? Folder[..^"-v2".Length] : Folder;

    public string ComponentVersion => Folder.EndsWith("-v2", StringComparison.Ordinal) ? "v2" : "v1";

    public IEnumerable<JsonObject> Steps => (Content["steps"] ?? Content["calls"] ?? new JsonArray()).AsArray().Select(s => s!.AsObject());

    public static IReadOnlyList<string> AllNames { get; } = Directory.EnumerateFiles(Root, "*.json", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/')[..^".json".Length])
        .Order(StringComparer.Ordinal)
        .ToList();

    public static Recording Load(string name)
        => new(name, JsonNode.Parse(File.ReadAllText(Path.Combine(Root, name + ".json")))!.AsObject());
}
