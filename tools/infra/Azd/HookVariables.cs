using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Checks;

namespace Dapr.Voice.Infra.Azd;

/// <summary>Variables of azd's environment that the hooks read: outputs of the templates, by azd's convention in capitals.</summary>
internal static partial class HookVariables
{
    public const string Folder = "infra/hooks";

    // A tree hands out the same bytes for a file that nobody changed, and the mutation run asks a thousand times.
    private static readonly ConditionalWeakTable<byte[], IReadOnlyList<string>> Known = [];

    public static IReadOnlySet<string> ReadBy(SourceTree tree)
        => tree.Under(Folder, ".sh").SelectMany(p => Known.GetValue(tree.Read(p)!, static bytes => NamesIn(Encoding.UTF8.GetString(bytes)))).ToHashSet(StringComparer.Ordinal);

    private static IReadOnlyList<string> NamesIn(string text)
    {
        var names = new List<string>();
        foreach (Match match in Read().Matches(text))
        {
            string name = match.Groups[1].Value;
            // What a script sets itself, or reads with a fallback anywhere, it does not need from us.
            if (!Regex.IsMatch(text, $@"(?m)^\s*(export\s+)?{name}=|\$\{{{name}:?[-=]", RegexOptions.None, TimeSpan.FromSeconds(10))) names.Add(name);
        }
        return names;
    }

    // Our outputs begin with AZURE_ or VOICE_; a fallback (':-', ':=') makes a variable optional.
    [GeneratedRegex(@"(?:\$\{|\$env:|\$)((?:AZURE|VOICE|SERVICE)_[A-Z0-9_]+)\b(?!:?[-=])")]
    private static partial Regex Read();
}
