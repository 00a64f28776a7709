using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>main.bicep and every module it names, read, parsed and checked as far as that needs no parameter values.</summary>
public sealed class BicepProgram
{
    private BicepProgram(FileModel? main, ProgramLoader loader)
    {
        Main = main;
        Loader = loader;
    }

    public required string MainPath { get; init; }

    /// <summary>Parameters of main.bicep in order.</summary>
    public required IReadOnlyList<BicepParameter> Parameters { get; init; }

    /// <summary>Every named declaration of every file, nested resources after what holds them.</summary>
    public required IReadOnlyList<BicepDeclaration> Declarations { get; init; }

    /// <summary>Null: main.bicep could not be read.</summary>
    internal FileModel? Main { get; }

    internal ProgramLoader Loader { get; }

    /// <summary>Paths of all files, main first, each once.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Syntax, names, types, linter warnings, of all files; in order of file and place.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Reads from disk. A file that is missing, too large or not text is a finding; nothing is thrown for what files say.</summary>
    public static BicepProgram Load(string mainBicepPath)
        => Load(mainBicepPath, path => File.Exists(path) ? File.ReadAllBytes(path) : null);

    /// <summary>Reads through <paramref name="read"/>, which gets paths relative to the same place as <paramref name="mainBicepPath"/>, with <c>/</c> and without <c>..</c> where possible; null: no such file.</summary>
    public static BicepProgram Load(string mainBicepPath, Func<string, byte[]?> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(mainBicepPath);
        ArgumentNullException.ThrowIfNull(read);
        var loader = new ProgramLoader(read);
        var start = new SourceSpan(ProgramLoader.Normalised(mainBicepPath), 0, 0, 0, 0);
        var main = loader.Load(mainBicepPath, start);
        List<Finding> findings = [.. loader.Findings];
        foreach (var file in loader.Files) findings.AddRange(TypeChecker.Check(file).Where(f => !file.Source.IsSuppressed(f)));
        var order = loader.Files.Select((file, i) => (file.Path, i)).ToDictionary(x => x.Path, x => x.i);
        return new BicepProgram(main, loader)
        {
            MainPath = mainBicepPath,
            Files = [.. loader.Files.Select(f => f.Path)],
            Parameters = main is null ? [] : [.. main.Parameters.Select(p => new BicepParameter(p.Name, main.Types.Of(p).ToString(), main.Types.Of(p).IsSecure, p.Default is not null || (main.Types.Of(p).IsNullable && main.Types.Of(p).Resolved is not BicepType.Any), p.NameWhere))],
            Declarations = [.. loader.Files.SelectMany(f => f.Source.Declarations.SelectMany(Listed))],
            Findings = [.. findings.Distinct().OrderBy(f => order.GetValueOrDefault(f.File, -1)).ThenBy(f => f.Line).ThenBy(f => f.Column)],
        };
    }

    private static IEnumerable<BicepDeclaration> Listed(Declaration declaration)
    {
        string kind = declaration switch
        {
            Declaration.Parameter => "param",
            Declaration.Variable => "var",
            Declaration.Resource => "resource",
            Declaration.Module => "module",
            Declaration.Output => "output",
            Declaration.TypeAlias => "type",
            Declaration.Function => "func",
            Declaration.Metadata => "metadata",
            Declaration.Import => "import",
            _ => "targetScope",
        };
        yield return new BicepDeclaration(kind, declaration.Name, declaration.Where);
        if (declaration is not Declaration.Resource resource) yield break;
        foreach (var nested in FileModel.NestedIn(resource).SelectMany(Listed)) yield return nested;
    }
}
