namespace Dapr.Voice.Sdp;

/// <summary>The grammar of ICE credentials (RFC 8839, section 5.4).</summary>
internal static class IceCharacters
{
    public static bool IsUfrag(string text) => text.Length is >= 4 and <= 256 && AreAll(text);

    public static bool IsPassword(string text) => text.Length is >= 22 and <= 256 && AreAll(text);

    private static bool AreAll(string text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/')) return false;
        }
        return true;
    }
}
