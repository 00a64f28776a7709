using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Infra.Manifests;

/// <summary>
/// Names of settings from the tables in <c>docs/settings.md</c> (another test compares them with the options records): every name in
/// backticks in a row's first cell. <c>__N</c> stands for a number, <c>__NAME</c> for a word, a <c>*</c> at the end for anything.
/// </summary>
internal sealed partial class SettingsTable
{
    public const string Path = "docs/settings.md";

    private readonly IReadOnlyList<Regex> _names;

    private SettingsTable(IReadOnlyList<Regex> names) => _names = names;

    public static SettingsTable? Load(SourceTree tree)
    {
        if (tree.Text(Path) is not { } text) return null;
        var names = new List<Regex>();
        foreach (string line in text.Split('\n').Where(l => l.StartsWith('|')))
        {
            string cell = line.Split('|')[1];
            foreach (Match match in Name().Matches(cell))
            {
                string pattern = Regex.Escape(match.Groups[1].Value).Replace("\\*", ".*", StringComparison.Ordinal);
                pattern = NumberPart().Replace(pattern, "__[0-9]+");
                pattern = WordPart().Replace(pattern, "__[A-Za-z0-9-]+");
                names.Add(new Regex($"^{pattern}$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase));
            }
        }
        return names.Count == 0 ? null : new SettingsTable(names);
    }

    /// <summary>Read by a service, or by .NET itself.</summary>
    public bool IsKnown(string name) => name is "DOTNET_ENVIRONMENT" || _names.Any(n => n.IsMatch(name));

    [GeneratedRegex("`([A-Za-z][A-Za-z0-9_<>*{}-]*)`")]
    private static partial Regex Name();

    [GeneratedRegex("__N(?=$|__)")]
    private static partial Regex NumberPart();

    [GeneratedRegex("__NAME(?=$|__)")]
    private static partial Regex WordPart();
}
