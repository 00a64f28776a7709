using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dapr.Voice.Stun;

/// <summary>The value of MESSAGE-INTEGRITY (RFC 8489, section 14.5): HMAC-SHA1 of everything before the attribute.</summary>
internal static class MessageIntegrity
{
    public const int ValueLength = 20;

    /// <summary>
    /// Verifies in constant time. The HMAC was made when the attribute was the last one, so it covers a length field that ends
    /// there; where something follows (FINGERPRINT, always, in ICE) the covered part is copied to the stack for that field's sake.
    /// </summary>
    /// <param name="message">A parsed message, so at most <see cref="StunMessage.MaximumLength"/> bytes.</param>
    /// <param name="attributeOffset">Where the attribute begins.</param>
    public static bool Verify(ReadOnlySpan<byte> message, int attributeOffset, ReadOnlySpan<byte> key)
    {
        const int attributeLength = StunHeader.AttributeHeaderLength + ValueLength;
        ReadOnlySpan<byte> covered = message[..attributeOffset];
        Span<byte> computed = stackalloc byte[ValueLength];
        if (message.Length == attributeOffset + attributeLength)
        {
            HMACSHA1.HashData(key, covered, computed);
        }
        else
        {
            Span<byte> rewritten = stackalloc byte[StunMessage.MaximumLength];
            rewritten = rewritten[..attributeOffset];
            covered.CopyTo(rewritten);
            BinaryPrimitives.WriteUInt16BigEndian(
                rewritten[StunHeader.LengthOffset..], (ushort)(attributeOffset + attributeLength - StunHeader.Length));
            HMACSHA1.HashData(key, rewritten, computed);
        }
        return CryptographicOperations.FixedTimeEquals(
            computed, message.Slice(attributeOffset + StunHeader.AttributeHeaderLength, ValueLength));
    }

    /// <param name="message">The message up to the attribute, its length field counting the attribute in.</param>
    public static void Compute(ReadOnlySpan<byte> message, ReadOnlySpan<byte> key, Span<byte> value)
        => HMACSHA1.HashData(key, message, value);
}
