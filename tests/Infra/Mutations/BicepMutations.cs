using System.Globalization;
using System.Text.RegularExpressions;

namespace Dapr.Voice.Tests.Infra.Mutations;

/// <summary>
/// Faults in a Bicep file: a statement, a property or an item is removed, a value is changed, a condition is negated. The files have the
/// formatter's layout, so lines and brackets are enough to find the places. Comments, descriptions and metadata are left out, because they
/// have no effect.
/// </summary>
internal static partial class BicepMutations
{
    private static readonly string[] Identities = ["state", "secrets", "events", "pull"];

    public static IReadOnlyList<Mutation> Of(string path, string text)
    {
        var found = new List<Mutation>();
        string[] lines = text.Split('\n');
        int start = 0;
        for (int i = 0; i < lines.Length; start += lines[i++].Length + 1)
        {
            string line = lines[i];
            if (line.TrimStart() is not { Length: > 0 } code || code.StartsWith("//", StringComparison.Ordinal)
                || code.StartsWith("metadata ", StringComparison.Ordinal)
                || code.StartsWith("@description(", StringComparison.Ordinal) || code.StartsWith("description:", StringComparison.Ordinal))
                continue;
            int end = line.IndexOf(" // ", StringComparison.Ordinal) is > 0 and var comment ? comment : line.Length;
            int at = start, number = i + 1;
            void Add(string kind, string what, int offset, int length, string by)
                => found.Add(
                new Mutation(kind, path, number, what.Trim(), () =>
                string.Concat(text.AsSpan(0, offset), by, text.AsSpan(offset + length))));

            if (Statement().Match(line) is { Success: true } statement)
            {
                Add($"remove {statement.Groups[1].Value}", statement.Groups[2].Value, start, EndOf(text, start) - start, "");
            }
            else if (Property().Match(line) is { Success: true } property)
            {
                string name = property.Groups[1].Value.Trim('\'');
                string kind = name is "tags" or "azd-env-name" or "azd-service-name" ? "drop tag" : name is "scope" or "scopes"
                    ? "remove scope" : name.EndsWith("ort", StringComparison.Ordinal) ? "remove port" : "remove property";
                Add(kind, name, start, EndOf(text, start) - start, "");
            }
            else if (Item().IsMatch(line)) Add("remove item", code, start, EndOf(text, start) - start, "");

            foreach (Match match in Literal().Matches(line[..end]))
            {
                string value = match.Groups[1].Value;
                if (value.Length == 0 || value.EndsWith('}') || code.StartsWith("import ", StringComparison.Ordinal)) continue;
                int last = at + match.Index + match.Length - 2;
                if (Version().Match(value) is { Success: true } version)
                    Add("change api version", value, at + match.Groups[1].Index + version.Index + 1, 4, "2019");
                else if (char.IsAsciiDigit(value[^1]))
                Add("change text", value, last, 1, value[^1] == '9' ? "8" : ((char)(value[^1] + 1)).ToString());
                else Add("change text", value, last + 1, 0, "x");
            }
            string bare = Literal().Replace(line[..end], m => new string(' ', m.Length));
            foreach (Match match in Number().Matches(bare))
                Add(code.Contains("ort", StringComparison.Ordinal) ? "change port" : "change number", code, at + match.Index, match.Length,
                    (long.Parse(match.Value, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture));
            foreach (Match match in Flag().Matches(bare))
                Add("flip boolean", code, at + match.Index, match.Length, match.Value == "true" ? "false" : "true");
            foreach (Match match in Operator().Matches(bare))
                Add("change operator", code, at + match.Index, match.Length,
                    match.Value switch { "==" => "!=", "!=" => "==", "&&" => "||", "||" => "&&", ">=" => "<", "<=" => ">", ">" => "<=",
                    _ => ">=" });
            foreach (Match match in Condition().Matches(bare))
                Add("negate condition", code, at + match.Groups[1].Index, match.Groups[1].Length,
                    $"!({line.Substring(match.Groups[1].Index, match.Groups[1].Length)})");
            foreach (Match match in Carried().Matches(bare))
                Add("swap identity", code, at + match.Groups[1].Index, match.Groups[1].Length,
                    Identities[(Array.IndexOf(Identities, match.Groups[1].Value) + 1) % Identities.Length]);
        }
        return found;
    }

    /// <summary>Returns the end of the line that closes the brackets opened on this line.</summary>
    private static int EndOf(string text, int start)
    {
        int depth = 0;
        bool isText = false;
        for (int i = start; i < text.Length; i++)
        {
            if (text[i] == '\'' && text[i - 1] != '\\') isText = !isText;
            if (isText) continue;
            if (text[i] is '{' or '[' or '(') depth++;
            if (text[i] is '}' or ']' or ')') depth--;
            if (text[i] == '/' && text[i + 1] == '/') i = text.IndexOf('\n', i) - 1;
            else if (text[i] == '\n' && depth <= 0
            && !(i + 1 < text.Length && Continues().IsMatch(text.AsSpan(i + 1, Math.Min(40, text.Length - i - 1))))) return i + 1;
        }
        return text.Length;
    }

    [GeneratedRegex(@"^(param|var|resource|module|output|type) (\w+)")]
    private static partial Regex Statement();

    [GeneratedRegex(@"^ +('[\w-]+'|\w+): ")]
    private static partial Regex Property();

    [GeneratedRegex(@"^ +(\{ .*\}|'[^']*')$")]
    private static partial Regex Item();

    [GeneratedRegex(@"'((?:[^'\\]|\\.)*)'")]
    private static partial Regex Literal();

    [GeneratedRegex(@"@(20\d\d)-\d\d-\d\d")]
    private static partial Regex Version();

    [GeneratedRegex(@"(?<![\w.])\d+(?![\w.])")]
    private static partial Regex Number();

    [GeneratedRegex(@"\b(true|false)\b")]
    private static partial Regex Flag();

    [GeneratedRegex(@"(?<= )(==|!=|&&|\|\||>=|<=|>|<)(?= )")]
    private static partial Regex Operator();

    [GeneratedRegex(@"(?: if \(|[:=] )([\w.!\[\]]+(?:\([^()]*\))?)(?=\) \{| \? )")]
    private static partial Regex Condition();

    [GeneratedRegex(@"(?:identities(?:\[i\])?(?:\.outputs\.all)?\.)(state|secrets|events|pull)\b")]
    private static partial Regex Carried();

    // A condition continues on the next line.
    [GeneratedRegex(@"^ +(\?|:|&&|\|\|) ")]
    private static partial Regex Continues();
}
