using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>Writes parameters in the language of .bicepparam files, in the layout of the compiler's formatter.</summary>
internal static class Bicepparam
{
    /// <param name="template">The path of the template, relative to the file.</param>
    public static string Write(string template, IEnumerable<(string Name, JsonNode? Value)> parameters)
    {
        var text = new StringBuilder($"using '{template}'\n");
        foreach ((string name, JsonNode? value) in parameters)
        {
            text.Append("\nparam ").Append(name).Append(" = ");
            Write(text, value, 0);
        }
        return text.Append('\n').ToString();
    }

    private static void Write(StringBuilder text, JsonNode? value, int depth)
    {
        string indent = new(' ', 2 * (depth + 1));
        switch (value)
        {
            case JsonObject map when map.Count > 0:
                text.Append("{\n");
                foreach ((string name, JsonNode? property) in map)
                {
                    text.Append(indent).Append(name).Append(": ");
                    Write(text, property, depth + 1);
                    text.Append('\n');
                }
                text.Append(indent.AsSpan(2)).Append('}');
                break;
            case JsonArray list when list.Count > 0:
                text.Append("[\n");
                foreach (JsonNode? item in list)
                {
                    text.Append(indent);
                    Write(text, item, depth + 1);
                    text.Append('\n');
                }
                text.Append(indent.AsSpan(2)).Append(']');
                break;
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String:
                string plain = scalar.GetValue<string>();
                text.Append('\'').Append(plain.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)
                    .Replace("${", "\\${", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
                    .Replace("\r", "\\r", StringComparison.Ordinal)).Append('\'');
                break;
            default: text.Append(value?.ToJsonString() ?? "null"); break;
        }
    }
}
