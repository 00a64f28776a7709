using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>Values as JSON text, compact, properties in source order; a runtime value becomes the string <c>[text]</c> as in an ARM template.</summary>
internal static class BicepJson
{
    // What a browser would have to escape needs none here: the text is for people and for string(), which escapes as little as ARM does.
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    public static string Write(BicepValue value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    private static void Write(StringBuilder text, BicepValue value)
    {
        switch (value)
        {
            case BicepString s: Quote(text, s.Value); break;
            case BicepInteger i: text.Append(i.Value.ToString(CultureInfo.InvariantCulture)); break;
            case BicepNumber n: text.Append(n.Value.ToString(CultureInfo.InvariantCulture)); break;
            case BicepBoolean b: text.Append(b.Value ? "true" : "false"); break;
            case BicepRuntime r: Quote(text, $"[{r.Text}]"); break;
            case BicepArray array:
                text.Append('[');
                for (int i = 0; i < array.Items.Count; i++)
                {
                    if (i > 0) text.Append(',');
                    Write(text, array.Items[i]);
                }
                text.Append(']');
                break;
            case BicepObject node:
                text.Append('{');
                for (int i = 0; i < node.Properties.Count; i++)
                {
                    if (i > 0) text.Append(',');
                    Quote(text, node.Properties[i].Name);
                    text.Append(':');
                    Write(text, node.Properties[i].Value);
                }
                text.Append('}');
                break;
            default: text.Append("null"); break;
        }
    }

    private static void Quote(StringBuilder text, string value) => text.Append('"').Append(JsonEncodedText.Encode(value, Encoder).Value).Append('"');
}
