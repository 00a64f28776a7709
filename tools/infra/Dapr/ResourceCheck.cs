namespace Dapr.Voice.Infra.Dapr;

/// <summary>
/// Dapr's own check of one resource file, without our conventions: the definition of its kind and, for a component, the metadata that its
/// type accepts.
/// </summary>
internal static class ResourceCheck
{
    public static IReadOnlyList<Finding> Of(string path, string text)
    {
        var findings = new List<Finding>();
        if (Documents.SourceDocument.Load(path, text, findings) is not { } document) return findings;
        DaprFiles.CheckDefinition(document, findings);
        return findings;
    }

    /// <summary>
    /// Returns what is wrong with these names for a component of that type: unknown names, and required names that are missing.
    /// </summary>
    public static IReadOnlyList<string> MetadataProblems(string type, IReadOnlyCollection<string> names)
    {
        if (MetadataBundle.Find(type) is not { } bundle) return [$"there is no component type '{type}'"];
        return
        [
            .. names.Where(n => !bundle.Rules.ContainsKey(n)).Select(n => $"'{type}' does not know '{n}'"),
            .. bundle.Required.Where(n => !names.Contains(n)).Select(n => $"'{type}' needs '{n}'"),
        ];
    }
}
