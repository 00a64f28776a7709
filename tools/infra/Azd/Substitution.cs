using System.Text.RegularExpressions;

namespace Dapr.Voice.Infra.Azd;

/// <summary>azd's <c>${NAME}</c> and <c>${NAME=default}</c>.</summary>
internal static partial class Substitution
{
    public static IEnumerable<string> NamesIn(string text) => Pattern().Matches(text).Select(m => m.Groups[1].Value);

    [GeneratedRegex("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=][^}]*)?\\}")]
    private static partial Regex Pattern();
}
