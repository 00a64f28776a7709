namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>One <c>kind: Component</c>, with its secrets resolved.</summary>
internal sealed record ComponentSpec(YamlMap Source, string Name, string Type, string Version, IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyList<string> Scopes, bool IgnoreErrors)
{
    /// <summary>True if the app may use it; no scopes means every app.</summary>
    public bool IsFor(string appId) => Scopes.Count == 0 || Scopes.Contains(appId, StringComparer.Ordinal);

    /// <summary>Metadata names are case-insensitive at the real sidecar, too.</summary>
    public string? Find(string name) => Metadata.GetValueOrDefault(name);

    public string Category => Type[..Type.IndexOf('.', StringComparison.Ordinal)];
}
