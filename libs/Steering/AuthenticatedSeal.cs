using System.Security.Cryptography;

namespace Dapr.Voice.Steering;

/// <summary>
/// AES-256-GCM with a key derived from a secret of the fleet by HKDF (RFC 5869). Every replica that has the secret can open what another
/// one sealed. Any thread.
/// </summary>
public static class AuthenticatedSeal
{
    /// <summary>Random nonces of 96 bits are safe for 2^32 texts under one key (NIST SP 800-38D, section 8.3).</summary>
    public const int NonceBytes = 12;

    private const int KeyBytes = 32, TagBytes = 16;

    /// <param name="associated">What the text belongs to. It is not in the result, and opening needs the same.</param>
    /// <param name="purpose">Separates the keys that different uses derive from one secret.</param>
    /// <param name="nonce"><see cref="NonceBytes"/> random bytes.</param>
    /// <returns>Nonce, ciphertext and tag.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The nonce has another length.</exception>
    public static byte[] Seal(
        ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> purpose,
        ReadOnlySpan<byte> nonce)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceBytes);
        byte[] whole = new byte[NonceBytes + plain.Length + TagBytes];
        nonce.CopyTo(whole);
        using AesGcm cipher = CipherOf(secret, purpose);
        cipher.Encrypt(
            whole.AsSpan(0, NonceBytes), plain, whole.AsSpan(NonceBytes, plain.Length), whole.AsSpan(NonceBytes + plain.Length),
            associated);
        return whole;
    }

    /// <summary>Returns null if <see cref="Seal"/> did not make the text with the same arguments.</summary>
    public static byte[]? TryOpen(
        ReadOnlySpan<byte> whole, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> purpose)
    {
        if (whole.Length < NonceBytes + TagBytes) return null;
        byte[] plain = new byte[whole.Length - NonceBytes - TagBytes];
        using AesGcm cipher = CipherOf(secret, purpose);
        try
        {
            cipher.Decrypt(whole[..NonceBytes], whole[NonceBytes..^TagBytes], whole[^TagBytes..], plain, associated);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static AesGcm CipherOf(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> purpose)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], purpose);
        var cipher = new AesGcm(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }
}
