using System.Text.Json;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// Copies the templates of a tree into a temporary folder, where the compiler can read them, because a tree may be changed in memory only.
/// Findings have the paths of the tree. One thread uses it.
/// </summary>
public sealed class BicepWorkspace : IDisposable
{
    private readonly BicepCompiler _compiler;
    private readonly string _root = Directory.CreateTempSubdirectory("voice-bicep-").FullName;

    public BicepWorkspace(SourceTree tree, BicepCompiler compiler)
    {
        ArgumentNullException.ThrowIfNull(tree);
        _compiler = compiler;
        // The templates load some of the Dapr components by loadTextContent().
        foreach (string path in tree.Paths.Where(p => p.StartsWith("infra/", StringComparison.Ordinal)
            || p.StartsWith("components/azure/", StringComparison.Ordinal))) Write(path, tree.Text(path)!);
    }

    /// <summary>Writes a file, or replaces the text of an existing one.</summary>
    public void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    /// <summary>Compiles and lints. Every message becomes a finding. Returns null if errors leave no template.</summary>
    public CompiledTemplate? Compile(string mainPath, ICollection<Finding> findings)
    {
        BicepCompilation compiled = _compiler.Compile(Path.Combine(_root, mainPath));
        foreach (Finding finding in compiled.Findings) findings.Add(InTree(finding));
        return compiled.Template is { } template ? CompiledTemplate.Parse(template, _compiler.Metadata(Path.Combine(_root, mainPath)))
            : null;
    }

    /// <summary>
    /// Returns the snapshot for parameters in the language of .bicepparam files, which name the template as <c>../main.bicep</c>. If the
    /// parameters do not fit the template, it returns null and adds findings.
    /// </summary>
    public string? Snapshot(string mainPath, string parameters, AzurePlace place, ICollection<Finding> findings)
    {
        string file = Path.Combine(_root, Path.GetDirectoryName(mainPath)!, "snapshots", "parameters.bicepparam");
        Write(Path.GetRelativePath(_root, file), parameters);
        try
        {
            return _compiler.Snapshot(file, place);
        }
        catch (BicepCompilerException e)
        {
            var reasons = _compiler.CheckParameters(file).Where(f => f.Severity == Severity.Error && f.Rule != "BCP104").Select(InTree)
                .ToList();
            foreach (Finding? reason in reasons) findings.Add(reason);
            if (reasons.Count == 0)
                findings.Add(new Finding(RuleIds.Snapshot, Severity.Error, mainPath, 0, 0, $"There is no snapshot: {e.Message}."));
            return null;
        }
    }

    /// <summary>Returns the file as the compiler's formatter writes it.</summary>
    public string Format(string path) => _compiler.Format(Path.Combine(_root, path));

    /// <summary>Returns the parameters and outputs that the file declares.</summary>
    public BicepMetadata Metadata(string path) => _compiler.Metadata(Path.Combine(_root, path));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private Finding InTree(Finding finding) => finding with { File = Path.GetRelativePath(_root, finding.File).Replace('\\', '/') };
}

/// <summary>The parts of a compiled template that the checks read.</summary>
public sealed record CompiledTemplate(IReadOnlyList<TemplateParameter> Parameters, bool IsOfGroup)
{
    internal static CompiledTemplate Parse(string template, BicepMetadata metadata)
    {
        using var document = JsonDocument.Parse(template);
        JsonElement root = document.RootElement;
        JsonElement declared = root.TryGetProperty("parameters", out JsonElement parameters) ? parameters.Clone() : default;
        TemplateParameter Read(BicepSymbol symbol)
        {
            JsonElement parameter = declared.GetProperty(symbol.Name);
            bool hasDefault = parameter.TryGetProperty("defaultValue", out JsonElement value);
            bool isNullable = parameter.TryGetProperty("nullable", out JsonElement nullable) && nullable.GetBoolean();
            return new TemplateParameter(symbol.Name, symbol.Line, hasDefault || isNullable, hasDefault ? value : null);
        }
        return new CompiledTemplate([.. metadata.Parameters.Select(Read)],
            root.GetProperty("$schema").GetString()!.EndsWith("/deploymentTemplate.json#", StringComparison.Ordinal));
    }
}

/// <summary>A parameter of main.bicep. <paramref name="Default"/> may be an expression in brackets.</summary>
public sealed record TemplateParameter(string Name, int Line, bool IsOptional, JsonElement? Default);
