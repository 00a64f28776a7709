using System.Buffers.Binary;

namespace Dapr.Voice.Steering;

/// <summary>
/// 64 random bits that identify a session. They have to be unguessable, because the public call id contains them. As text they are 13
/// characters of lower-case base32.
/// </summary>
public readonly record struct SessionId(ulong Value)
{
    public const int TextLength = 13;

    public static bool TryParse(ReadOnlySpan<char> text, out SessionId id)
    {
        id = default;
        if (text.Length != TextLength) return false;
        Span<byte> ascii = stackalloc byte[TextLength], bytes = stackalloc byte[8];
        for (int i = 0; i < TextLength; i++)
        {
            if (text[i] > 0x7F) return false;
            ascii[i] = (byte)text[i];
        }
        if (!Base32.TryDecode(ascii, bytes)) return false;
        id = new(BinaryPrimitives.ReadUInt64BigEndian(bytes));
        return true;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[8];
        Span<char> text = stackalloc char[TextLength];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Value);
        Base32.Encode(bytes, text);
        return new string(text);
    }
}
