using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dapr.Voice.Stun;

/// <summary>The value of MESSAGE-INTEGRITY (RFC 8489, section 14.5): HMAC-SHA1 of everything before the attribute.</summary>
internal static class MessageIntegrity
{
    public const int ValueLength = 20;

    /// <summary>
    /// Verifies the attribute in constant time. The sender computed the HMAC while the attribute was the last one, so the HMAC covers a
    /// length field that ends at the attribute. If something follows (in ICE, FINGERPRINT always does), the covered part is copied to the
    /// stack and its length field is rewritten.
    /// </summary>
    /// <param name="message">A parsed message, so it has at most <see cref="StunMessage.MaximumLength"/> bytes.</param>
    /// <param name="attributeOffset">The offset of the attribute in the message.</param>
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

    /// <param name="message">The message up to the attribute. Its length field already includes the attribute.</param>
    public static void Compute(ReadOnlySpan<byte> message, ReadOnlySpan<byte> key, Span<byte> value)
        => HMACSHA1.HashData(key, message, value);
}
