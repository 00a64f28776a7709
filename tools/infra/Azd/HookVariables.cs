using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Checks;

namespace Dapr.Voice.Infra.Azd;

/// <summary>Variables of azd's environment that the hooks read: outputs of the templates, by azd's convention in capitals.</summary>
internal static partial class HookVariables
{
    public const string Folder = "infra/hooks";

    public static IReadOnlySet<string> ReadBy(SourceTree tree)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in tree.Under(Folder, ".sh"))
        {
            string text = tree.Text(path)!;
            foreach (Match match in Read().Matches(text))
            {
                string name = match.Groups[1].Value;
                // What a script sets itself, or reads with a fallback anywhere, it does not need from us.
                if (!Regex.IsMatch(text, $@"(?m)^\s*(export\s+)?{name}=|\$\{{{name}:?[-=]", RegexOptions.None, TimeSpan.FromSeconds(1))) names.Add(name);
            }
        }
        return names;
    }

    // Our outputs begin with AZURE_ or VOICE_; a fallback (':-', ':=') makes a variable optional.
    [GeneratedRegex(@"(?:\$\{|\$env:|\$)((?:AZURE|VOICE|SERVICE)_[A-Z0-9_]+)\b(?!:?[-=])")]
    private static partial Regex Read();
}
