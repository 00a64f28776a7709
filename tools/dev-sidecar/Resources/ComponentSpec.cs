namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>A resource of <c>kind: Component</c> with its secrets resolved.</summary>
internal sealed record ComponentSpec(YamlMap Source, string Name, string Type, string Version, IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyList<string> Scopes, bool IgnoreErrors)
{
    /// <summary>True if the app may use the component. Without scopes every app may.</summary>
    public bool IsFor(string appId) => Scopes.Count == 0 || Scopes.Contains(appId, StringComparer.Ordinal);

    /// <summary>The value of a metadata item. The case of the name does not matter, as with the real sidecar.</summary>
    public string? Find(string name) => Metadata.GetValueOrDefault(name);

    public string Category => Type[..Type.IndexOf('.', StringComparison.Ordinal)];
}
