using System.Text;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>Reads main.bicep and everything it leads to, each file once.</summary>
internal sealed class ProgramLoader(Func<string, byte[]?> read)
{
    /// <summary>A file that people wrote stays far below; more is a mistake or an attack on the parser.</summary>
    public const int MaximumFileBytes = 1 << 20;

    public const int MaximumFiles = 200;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, FileModel?> _models = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = [];

    public List<FileModel> Files { get; } = [];

    public List<Finding> Findings { get; } = [];

    public FileModel? Load(string path, SourceSpan from)
    {
        path = Normalised(path);
        if (_models.TryGetValue(path, out var known))
        {
            if (_open.Contains(path)) Findings.Add(Finding.At(from, "BCP095", Severity.Error, $"'{path}' leads back to itself, which is not allowed."));
            return known;
        }
        _models[path] = null;
        if (Files.Count >= MaximumFiles)
        {
            Findings.Add(Finding.At(from, Rules.Limit, Severity.Error, $"More than {MaximumFiles} files."));
            return null;
        }
        if (ReadText(path, from, MaximumFileBytes, Findings) is not { } text) return null;
        var model = new FileModel(SourceFile.Parse(path, text));
        Files.Add(model);
        Findings.AddRange(model.Source.Findings);
        _open.Add(path);
        foreach (var declaration in model.Source.Declarations)
        {
            var reference = declaration switch { Declaration.Module module => module.Path, Declaration.Import import => import.Path, _ => null };
            if (reference?.Literal is { } target) model.Files[declaration] = LoadReference(path, target, reference.Where);
        }
        _open.Remove(path);
        // Only now is it anyone's: a file that leads to itself finds nothing, not half of itself.
        return _models[path] = model;
    }

    private FileModel? LoadReference(string path, string target, SourceSpan where)
    {
        if (target.StartsWith("br:", StringComparison.Ordinal) || target.StartsWith("br/", StringComparison.Ordinal) || target.StartsWith("ts:", StringComparison.Ordinal) || target.StartsWith("ts/", StringComparison.Ordinal) || target.StartsWith("az:", StringComparison.Ordinal))
        {
            Findings.Add(Finding.At(where, Rules.NotSupported, Severity.Error, "Modules from a registry are not supported by our reader: it works without a network."));
            return null;
        }
        string? problem = target switch
        {
            "" => "BCP050: The path is empty.",
            _ when target.StartsWith('/') => "BCP051: The path begins with '/'. Files are named relative to this one.",
            _ when target.Contains('\\') => "BCP098: The path holds '\\'. Use '/'.",
            _ when target.AsSpan().IndexOfAny("\"*:<>?|") >= 0 || target.Any(char.IsControl) => "BCP085: The path holds a character that is not allowed.",
            _ when target.EndsWith(' ') || target.EndsWith('.') => "BCP086: The path ends with a blank or a dot.",
            _ => null,
        };
        if (problem is not null)
        {
            Findings.Add(Finding.At(where, problem[..6], Severity.Error, problem[8..]));
            return null;
        }
        if (!target.EndsWith(".bicep", StringComparison.OrdinalIgnoreCase))
        {
            Findings.Add(Finding.At(where, Rules.NotSupported, Severity.Error, "Only .bicep files are supported by our reader as modules."));
            return null;
        }
        return Load(Beside(path, target), where);
    }

    /// <summary>Text of a file next to others, or null with a finding.</summary>
    public string? ReadText(string path, SourceSpan from, int maximumBytes, List<Finding> findings)
    {
        if (ReadBytes(path, from, maximumBytes, findings) is not { } bytes) return null;
        try
        {
            string text = Utf8.GetString(bytes);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException)
        {
            findings.Add(Finding.At(from, "BCP091", Severity.Error, $"'{path}' is not UTF-8 text."));
            return null;
        }
    }

    public byte[]? ReadBytes(string path, SourceSpan from, int maximumBytes, List<Finding> findings)
    {
        byte[]? bytes;
        try
        {
            bytes = read(Normalised(path));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            findings.Add(Finding.At(from, "BCP091", Severity.Error, $"'{path}' can't be read: {problem.Message}"));
            return null;
        }
        if (bytes is null)
        {
            findings.Add(Finding.At(from, "BCP091", Severity.Error, $"There is no file '{path}'."));
            return null;
        }
        if (bytes.Length > maximumBytes)
        {
            findings.Add(Finding.At(from, Rules.Limit, Severity.Error, $"'{path}' is larger than {maximumBytes} bytes."));
            return null;
        }
        return bytes;
    }

    public static string Beside(string file, string relative)
    {
        int slash = file.LastIndexOf('/');
        return Normalised(slash < 0 ? relative : file[..(slash + 1)] + relative);
    }

    /// <summary>Forward slashes, without <c>.</c>, and without <c>..</c> where there is something to go back from.</summary>
    public static string Normalised(string path)
    {
        path = path.Replace('\\', '/');
        List<string> parts = [];
        foreach (string part in path.Split('/'))
        {
            if (part == "." || (part.Length == 0 && parts.Count > 0)) continue;
            if (part == ".." && parts.Count > 0 && parts[^1] is not ("" or "..")) parts.RemoveAt(parts.Count - 1);
            else parts.Add(part);
        }
        return string.Join('/', parts);
    }
}
