namespace Dapr.Voice.Steering;

/// <summary>
/// Base32 (RFC 4648, section 6) in lower case and without padding. Only the one canonical spelling of a value is read: what
/// decodes also encodes back to the same text, so a ufrag can serve as a key.
/// </summary>
internal static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    public static int EncodedLength(int byteCount) => ((byteCount * 8) + 4) / 5;

    /// <param name="text">At least <see cref="EncodedLength"/> characters.</param>
    public static void Encode(ReadOnlySpan<byte> bytes, Span<char> text)
    {
        uint bits = 0;
        int held = 0, written = 0;
        foreach (byte b in bytes)
        {
            bits = (bits << 8) | b;
            held += 8;
            while (held >= 5) text[written++] = Alphabet[(int)(bits >> (held -= 5)) & 31];
        }
        if (held > 0) text[written] = Alphabet[(int)(bits << (5 - held)) & 31];
    }

    /// <summary>The same into ASCII bytes.</summary>
    public static void Encode(ReadOnlySpan<byte> bytes, Span<byte> ascii)
    {
        Span<char> text = stackalloc char[EncodedLength(bytes.Length)];
        Encode(bytes, text);
        for (int i = 0; i < text.Length; i++) ascii[i] = (byte)text[i];
    }

    /// <summary>False for another length, a character outside the alphabet, or left-over bits that are not zero.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> ascii, Span<byte> bytes)
    {
        if (ascii.Length != EncodedLength(bytes.Length)) return false;
        uint bits = 0;
        int held = 0, written = 0;
        foreach (byte c in ascii)
        {
            uint value;
            if (c is >= (byte)'a' and <= (byte)'z') value = (uint)(c - 'a');
            else if (c is >= (byte)'2' and <= (byte)'7') value = (uint)(c - '2' + 26);
            else return false;
            bits = (bits << 5) | value;
            held += 5;
            if (held >= 8) bytes[written++] = (byte)(bits >> (held -= 8));
        }
        return (bits & ((1u << held) - 1)) == 0;
    }
}
