using Dapr.Voice.Infra.Azd;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// The committed files of each shape: its parameters (<c>NAME.bicepparam</c>) and what the compiler makes of them
/// (<c>NAME.snapshot.json</c>). So a review of a template change shows what changes in the deployment. <c>bicep snapshot --mode
/// validate</c> accepts the same files.
/// </summary>
public static class ShapeFiles
{
    public const string Folder = "infra/bicep/snapshots";

    /// <summary>The command that writes the files again.</summary>
    public const string Command = "./voice deploy --update-snapshots";

    public static string ParametersOf(Scenario shape) => $"{Folder}/{shape?.Name}.bicepparam";

    public static string SnapshotOf(Scenario shape) => $"{Folder}/{shape?.Name}.snapshot.json";

    /// <summary>Returns the path and the text of the files of every shape, as they should be.</summary>
    /// <exception cref="BicepCompilerException">A template or its parameters have errors. The message lists them.</exception>
    public static IReadOnlyDictionary<string, string> Make(SourceTree tree, BicepCompiler compiler)
    {
        ArgumentNullException.ThrowIfNull(tree);
        var made = new Dictionary<string, string>(StringComparer.Ordinal);
        List<Finding> findings = [];
        var parameters = AzdParameters.Load(tree, "infra/bicep/main.parameters.json", findings);
        using var workspace = new BicepWorkspace(tree, compiler);
        foreach (Scenario shape in ProductScenarios.All)
        {
            string text = Text(shape, parameters);
            string snapshot = workspace.Snapshot("infra/bicep/main.bicep", text, AzurePlace.Example, findings)
                ?? throw new BicepCompilerException(string.Join('\n', findings));
            made[ParametersOf(shape)] = text;
            made[SnapshotOf(shape)] = snapshot;
        }
        return made;
    }

    /// <summary>
    /// Compares the files of a shape with what the templates make now. Returns the new snapshot or, without a compiler, the committed one.
    /// </summary>
    internal static string? Check(
        SourceTree tree, Scenario shape, AzdParameters? parameters, BicepWorkspace? workspace, ICollection<Finding> findings)
    {
        string text = Text(shape, parameters);
        Compare(ParametersOf(shape), tree.Text(ParametersOf(shape)), text, findings);
        string? committed = tree.Text(SnapshotOf(shape));
        if (workspace is null) return committed;
        if (workspace.Snapshot("infra/bicep/main.bicep", text, AzurePlace.Example, findings) is not { } snapshot) return null;
        Compare(SnapshotOf(shape), committed, snapshot, findings);
        return snapshot;
    }

    private static string Text(Scenario shape, AzdParameters? parameters)
    {
        var values = new OrderedDictionary<string, System.Text.Json.Nodes.JsonNode?>(StringComparer.Ordinal);
        foreach ((string name, System.Text.Json.Nodes.JsonNode? value) in parameters?.Values(shape.Environment) ?? []) values[name] =
            value;
        foreach ((string name, object? value) in shape.Overrides) values[name] = System.Text.Json.JsonSerializer.SerializeToNode(value);
        return Bicepparam.Write("../main.bicep", values.Select(v => (v.Key, v.Value)));
    }

    private static void Compare(string path, string? committed, string made, ICollection<Finding> findings)
    {
        if (committed is null)
        {
            findings.Add(new Finding(RuleIds.Snapshot, Severity.Error, path, 0, 0, $"The file is missing: '{Command}' makes it."));
            return;
        }
        string[] before = committed.Split('\n'), after = made.Split('\n');
        int line = 0;
        while (line < before.Length && line < after.Length && before[line] == after[line]) line++;
        if (line == before.Length && line == after.Length) return;
        static string At(string[] lines, int line) => line >= lines.Length ? "the end of the file"
            : lines[line].Trim() is { Length: > 100 } text ? text[..100] + "…" : lines[line].Trim();
        findings.Add(new Finding(RuleIds.Snapshot, Severity.Error, path, line + 1, 1,
            $"The templates now make '{At(after, line)}', committed is '{At(before, line)}'. "
            + $"If that is what you want, run '{Command}' and look at the difference."));
    }
}
