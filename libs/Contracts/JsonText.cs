using System.Text.Json;
using System.Text.Unicode;

namespace Dapr.Voice.Contracts;

/// <summary>What has to be known of a stranger's JSON before it is read.</summary>
public static class JsonText
{
    /// <summary>
    /// True if every string in it can be read: it is UTF-8, and no escape is half a surrogate pair. System.Text.Json looks at strings
    /// only when they are asked for, and throws then, which may be anywhere and much later. Not a check of the grammar beyond that.
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
            // The reader has no other way to say it.
            return false;
        }
    }
}
