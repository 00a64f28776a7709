using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Tests.Fuzz.Engine;

namespace Dapr.Voice.Tests.Fuzz.Targets;

/// <summary>The reader of our templates: whatever a file says is a finding, never an exception.</summary>
internal static class BicepTargets
{
    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", "(", ")", "'", "'''", "${", "\\u{110000}", "\\", "\n", "\r\n", "//", "/*", "*/", "#disable-next-line ", "@", "@description('", "@minLength(", "@allowed([", "?", "??", ".?", "!", "=>", "::", ":", "...", "==", "~=",
        "param ", "var ", "resource ", "module ", "output ", "type ", "import ", "func ", "targetScope = ", " existing = ", " = if (", "[for x in range(0, 2147483647): ", "for (x, i) in ", "9223372036854775808", "-9223372036854775808", " % 0", "null",
        "'Microsoft.App/containerApps@2025-01-01'", "parent: ", "dependsOn: ", "format('{9999999}', ", "padLeft(", "uniqueString(", "loadTextContent('", "json('", "string", "object[]", "'a' | 'b'", "\u00e9", "\U0001F600", "\0",
    ];

    public static IEnumerable<FuzzTarget> All()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Corpora", "bicep");
        // The long files differ from the short ones in length only.
        var files = Directory.EnumerateFiles(folder, "*.bicep", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText).Where(t => t.Length < 5000);
        yield return new ParserTarget<Outcome>("BicepProgram, Deployment", 6_000, Corpus.OfText(files, Tokens), Read, 8 * 1024);
    }

    private static Outcome Read(Span<byte> input)
    {
        byte[] text = input.ToArray();
        var program = BicepProgram.Load("main.bicep", path => string.Equals(path, "main.bicep", StringComparison.Ordinal) ? text : null);
        var deployment = Deployment.Resolve(program, new Dictionary<string, object?>(StringComparer.Ordinal));
        foreach (var finding in program.Findings.Concat(deployment.Findings))
        {
            if (finding.Line < 0 || finding.Column < 0 || finding.Message.Length > 4000) throw new InvalidOperationException($"A finding without a place, or with too much in it: {finding.Message.Length} characters.");
        }
        return program.Findings.Count == 0 ? Outcome.Accepted : Outcome.Refused;
    }
}
