using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Infra.Manifests;

/// <summary>
/// The names of settings in the tables of <c>docs/settings.md</c>, which another test compares with the options records. It reads every
/// name in backticks in the first cell of a row. <c>__N</c> stands for a number, <c>__NAME</c> for a word, and a <c>*</c> at the end for
/// anything.
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

    /// <summary>Says whether a service or .NET itself reads the setting.</summary>
    public bool IsKnown(string name) => name is "DOTNET_ENVIRONMENT" || _names.Any(n => n.IsMatch(name));

    [GeneratedRegex("`([A-Za-z][A-Za-z0-9_<>*{}-]*)`")]
    private static partial Regex Name();

    [GeneratedRegex("__N(?=$|__)")]
    private static partial Regex NumberPart();

    [GeneratedRegex("__NAME(?=$|__)")]
    private static partial Regex WordPart();
}
