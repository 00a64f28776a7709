using System.Text;
using System.Text.RegularExpressions;

namespace Dapr.Voice.TestKit.Documents;

/// <summary>
/// Compares what a command printed with what a document says that it prints. A number matches any number, <c>…</c> matches anything in its
/// line, a line with <c>…</c> alone matches any lines, and blanks and table borders may be longer or shorter.
/// </summary>
public static partial class ExpectedOutput
{
    /// <returns>Null if the output matches. Otherwise the first expected line that is missing, and the line that is there
    /// instead.</returns>
    public static string? Difference(string expected, string printed)
    {
        string[] wanted = Lines(expected), lines = Lines(printed);
        return Matches(wanted, 0, lines, 0, out int furthest, out int at) ? null
            : $"expected: {(furthest < wanted.Length ? wanted[furthest] : "(the end)")}\nprinted:  "
            + $"{(at < lines.Length ? lines[at] : "(nothing more)")}";
    }

    private static bool Matches(string[] wanted, int w, string[] lines, int l, out int furthest, out int at)
    {
        for (; w < wanted.Length; w++, l++)
        {
            if (wanted[w].Trim() == "…")
            {
                (furthest, at) = (w + 1, l);
                for (int skipped = l; skipped <= lines.Length; skipped++)
                {
                    if (Matches(wanted, w + 1, lines, skipped, out int further, out int there)) return true;
                    if (further > furthest) (furthest, at) = (further, there);
                }
                return false;
            }
            if (l >= lines.Length || !Regex.IsMatch(Normal(lines[l]), Pattern(wanted[w]), RegexOptions.CultureInvariant))
            {
                (furthest, at) = (w, l);
                return false;
            }
        }
        (furthest, at) = (w, l);
        return l == lines.Length;
    }

    private static string Pattern(string line)
    {
        var pattern = new StringBuilder("^");
        foreach (Match part in Part().Matches(Normal(line)))
        {
            pattern.Append(part.Value switch
            {
                "…" => ".*",
                _ when char.IsAsciiDigit(part.Value[0]) => @"\d[\d.,]*",
                _ => Regex.Escape(part.Value),
            });
        }
        return pattern.Append('$').ToString();
    }

    private static string Normal(string line) => Border().Replace(Blanks().Replace(line, " "), "─").Trim();

    private static string[] Lines(string text) => text.Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n').Split('\n');

    [GeneratedRegex(@"…|\d(?:[\d.,]*\d)?|[^…\d]+")]
    private static partial Regex Part();

    [GeneratedRegex(@"[ \t]+")]
    private static partial Regex Blanks();

    [GeneratedRegex("─+")]
    private static partial Regex Border();
}
