using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dapr.Voice.Steering;

/// <summary>The shared key with which relays and transceivers authenticate each other (docs/steering.md).</summary>
public sealed class LinkKey
{
    public const int MinimumKeyBytes = 32;
    internal const int MacLength = 16;

    /// <summary>The longest text that is ever authenticated, in bytes: a HELLO or WELCOME without its tag.</summary>
    private const int MaximumSignedBytes = 128;

    private readonly byte[] _key;

    private LinkKey(byte[] key) => _key = key;

    /// <summary>What a tag is for. A tag made for one purpose is not valid for another.</summary>
    internal enum Purpose : byte { Hello = 1, Welcome = 2, Cookie = 3 }

    /// <param name="secretText">Base64 of at least 32 bytes.</param>
    /// <param name="error">What is wrong, without the key.</param>
    public static bool TryParse(string? secretText, out LinkKey? key, out string? error)
    {
        byte[] bytes = new byte[secretText?.Length ?? 0];
        bool isGood = Convert.TryFromBase64String(secretText?.Trim() ?? "", bytes, out int length) && length >= MinimumKeyBytes;
        key = isGood ? new LinkKey(bytes[..length]) : null;
        error = isGood ? null : $"the link key is not base64 of at least {MinimumKeyBytes} bytes";
        return isGood;
    }

    internal void Sign(Purpose purpose, ReadOnlySpan<byte> text, Span<byte> mac)
    {
        Span<byte> labelled = stackalloc byte[1 + MaximumSignedBytes], full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        labelled[0] = (byte)purpose;
        text.CopyTo(labelled[1..]);
        HMACSHA256.HashData(_key, labelled[..(1 + text.Length)], full);
        full[..mac.Length].CopyTo(mac);
    }

    internal bool Verify(Purpose purpose, ReadOnlySpan<byte> text, ReadOnlySpan<byte> mac)
    {
        if (text.Length > MaximumSignedBytes || mac.Length != MacLength) return false;
        Span<byte> expected = stackalloc byte[MacLength];
        Sign(purpose, text, expected);
        return CryptographicOperations.FixedTimeEquals(expected, mac);
    }

    /// <summary>
    /// The cookie of a link. Whoever knows it holds the key and has seen both nonces. It is never 0, which means "no cookie".
    /// </summary>
    internal ulong DeriveCookie(in LinkNonce relay, in LinkNonce transceiver)
    {
        Span<byte> nonces = stackalloc byte[2 * LinkNonce.Length], tag = stackalloc byte[8];
        relay.Write(nonces);
        transceiver.Write(nonces[LinkNonce.Length..]);
        Sign(Purpose.Cookie, nonces, tag);
        return Math.Max(1, BinaryPrimitives.ReadUInt64BigEndian(tag));
    }
}
