using System.Text.Json;
using System.Text.Unicode;

namespace Dapr.Voice.Contracts;

/// <summary>Checks JSON from an untrusted sender before it is read.</summary>
public static class JsonText
{
    /// <summary>
    /// Returns true if every string in the JSON can be read: the text is UTF-8, and no escape is half a surrogate pair. System.Text.Json
    /// checks a string only when the string is read, and then it throws, possibly much later and far from the parser. This method does not
    /// check the rest of the grammar.
    /// </summary>
    public static bool IsReadable(ReadOnlySpan<byte> utf8Json)
    {
        if (!Utf8.IsValid(utf8Json)) return false;
        // Surrogates can only be written as escapes: U+D800 to U+DFFF.
        if (utf8Json.IndexOf(@"\ud"u8) < 0 && utf8Json.IndexOf(@"\uD"u8) < 0) return true;
        try
        {
            var reader = new Utf8JsonReader(utf8Json);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped) reader.GetString();
            }
            return true;
        }
        catch (Exception notReadable) when (notReadable is JsonException or InvalidOperationException)
        {
            // The reader reports an unreadable string only by an exception.
            return false;
        }
    }
}
