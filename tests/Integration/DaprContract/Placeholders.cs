using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>Placeholders in recordings for what differs from run to run: patterns in answers, values in requests.</summary>
internal static class Placeholders
{
    private const string TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private static readonly (string Mark, string Pattern)[] Patterns =
    [
        ("{{uuid}}", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        ("{{time}}", @"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
        ("{{traceparent}}", "00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"),
        ("{{tableEtag}}", "W/\"datetime'[0-9A-Z%.-]+'\""),
        ("{{blobEtag}}", "\"0x[0-9A-F]+\""),
        ("{{port}}", @"\d+"),
        ("{{ip}}", @"\d+\.\d+\.\d+\.\d+"),
        ("{{host}}", @"[\w.-]+"),
    ];

    public static bool Matches(string expected, string? actual)
    {
        if (!expected.Contains("{{", StringComparison.Ordinal)) return expected == actual;
        string pattern = Regex.Escape(expected);
        foreach ((string mark, string? value) in Patterns) pattern = pattern.Replace(Regex.Escape(mark), value, StringComparison.Ordinal);
        return actual is not null && Regex.IsMatch(actual, $"^(?:{pattern})$", RegexOptions.CultureInvariant);
    }

    /// <summary>Compares as JSON with names in any order. Of an error only the code counts. An unordered list may have any order.</summary>
    public static bool Matches(JsonNode? expected, JsonNode? actual, bool isUnordered = false)
    {
        switch (expected)
        {
            case null: return actual is null;
            case JsonObject wanted:
                if (actual is not JsonObject found) return false;
                var left = wanted.Where(p => !IsWording(wanted, p.Key)).ToList();
                return left.Count == found.Count(p => !IsWording(wanted, p.Key))
                    && left.All(p => found.ContainsKey(p.Key) && Matches(p.Value, found[p.Key], isUnordered));
            case JsonArray wanted:
                if (actual is not JsonArray list || list.Count != wanted.Count) return false;
                if (!isUnordered) return wanted.Zip(list).All(p => Matches(p.First, p.Second));
                var rest = list.ToList();
                foreach (JsonNode? item in wanted)
                {
                    int index = rest.FindIndex(r => Matches(item, r, isUnordered));
                    if (index < 0) return false;
                    rest.RemoveAt(index);
                }
                return true;
            case JsonValue value when value.TryGetValue(out string? text):
                return actual is JsonValue other && other.TryGetValue(out string? got) && Matches(text, got);
            default: return actual is not null && JsonNode.DeepEquals(expected, actual);
        }
    }

    /// <summary>Fills in a request. ETags are escaped, because Azure's contain quotes and most of them are inside JSON.</summary>
    public static string Fill(string text, IReadOnlyDictionary<string, string> bound, bool isJson)
    {
        if (!text.Contains("{{", StringComparison.Ordinal)) return text;
        text = text.Replace("{{store}}", "sessions", StringComparison.Ordinal)
            .Replace("{{time}}", "2026-11-22T10:00:00Z", StringComparison.Ordinal)
            .Replace("{{traceparent}}", TraceParent, StringComparison.Ordinal);
        if (text == "{{big}}") return "[{\"key\":\"big\",\"value\":\"" + new string('v', 4 * 1024 * 1024) + "\"}]";
        text = Regex.Replace(text, @"\{\{v(\d+)\}\}", m => new string('v', int.Parse(m.Groups[1].ValueSpan)));
        return Regex.Replace(text, @"\{\{(\w+)\}\}", m =>
        {
            string value = bound[m.Groups[1].Value];
            return isJson ? System.Text.Json.JsonEncodedText.Encode(
                value, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString() : value;
        });
    }

    private static bool IsWording(JsonObject owner, string name) => owner.ContainsKey("errorCode") && name is "message" or "details";
}
