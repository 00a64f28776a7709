using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>
/// Seals a session with AES-256-GCM, so that only signaling can read it. The key is derived from the signing key by HKDF (RFC 5869), so
/// every replica in every region has it, and it rotates together with the signing key. The id of the ephemeral key is bound in: a sealed
/// session can't be moved into another key.
/// </summary>
internal static class SessionSeal
{
    private const int KeyBytes = 32, NonceBytes = 12, TagBytes = 16;

    private static ReadOnlySpan<byte> Purpose => "dapr-voice ephemeral key: session"u8;

    /// <returns>base64url of nonce, ciphertext and tag.</returns>
    public static string Seal(ReadOnlySpan<byte> session, string keyId, ReadOnlySpan<byte> signingKey)
    {
        byte[] all = new byte[NonceBytes + session.Length + TagBytes];
        Span<byte> nonce = all.AsSpan(0, NonceBytes);
        // Random nonces of 96 bits are safe for 2^32 keys under one signing key (NIST SP 800-38D, section 8.3).
        RandomNumberGenerator.Fill(nonce);
        using AesGcm cipher = CipherOf(signingKey);
        cipher.Encrypt(nonce, session, all.AsSpan(NonceBytes, session.Length), all.AsSpan(NonceBytes + session.Length),
            Encoding.UTF8.GetBytes(keyId));
        return Base64Url.EncodeToString(all);
    }

    /// <returns>The session, or null if the text was not sealed by <see cref="Seal"/> with the same key and id.</returns>
    public static byte[]? Open(string text, string keyId, ReadOnlySpan<byte> signingKey)
    {
        if (!Base64Url.IsValid(text)) return null;
        byte[] all = Base64Url.DecodeFromChars(text);
        if (all.Length < NonceBytes + TagBytes) return null;
        byte[] session = new byte[all.Length - NonceBytes - TagBytes];
        using AesGcm cipher = CipherOf(signingKey);
        try
        {
            cipher.Decrypt(all.AsSpan(0, NonceBytes), all.AsSpan(NonceBytes, session.Length), all.AsSpan(NonceBytes + session.Length),
                session, Encoding.UTF8.GetBytes(keyId));
            return session;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static AesGcm CipherOf(ReadOnlySpan<byte> signingKey)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, signingKey, key, salt: [], Purpose);
        var cipher = new AesGcm(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }
}
