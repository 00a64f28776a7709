using System.Security.Cryptography;
using System.Text;

namespace Dapr.Voice.Steering;

/// <summary>
/// The ICE password of a caller, encrypted for a session's record: a store must not show who could answer a caller's checks. The owner
/// needs it for checks of its own. The text is base64 of key id, nonce, tag and ciphertext of AES-128-GCM, with a key derived from the
/// password key of that id. The call id is the associated data, so the text belongs to one session. Any thread.
/// </summary>
public static class SealedIcePassword
{
    public const int NonceBytes = 12;

    private const int KeyBytes = 16, TagBytes = 16, HeadBytes = 1 + NonceBytes + TagBytes;

    /// <param name="password">The caller's <c>a=ice-pwd</c>, 22 to 256 characters.</param>
    /// <param name="nonce"><see cref="NonceBytes"/> random bytes.</param>
    public static string Seal(KeyRing passwordKeys, string callId, string password, ReadOnlySpan<byte> nonce)
    {
        byte[] plain = Encoding.UTF8.GetBytes(password), whole = new byte[HeadBytes + plain.Length];
        whole[0] = passwordKeys.CurrentId;
        nonce.CopyTo(whole.AsSpan(1, NonceBytes));
        using AesGcm cipher = CipherOf(passwordKeys, whole[0])!;
        cipher.Encrypt(
            whole.AsSpan(1, NonceBytes), plain, whole.AsSpan(HeadBytes), whole.AsSpan(1 + NonceBytes, TagBytes),
            Encoding.UTF8.GetBytes(callId));
        return Convert.ToBase64String(whole);
    }

    /// <summary>Returns null if the text was not sealed for this call with a key of the ring.</summary>
    public static string? TryOpen(KeyRing passwordKeys, string callId, string text)
    {
        byte[] whole = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, whole, out int length) || length <= HeadBytes) return null;
        using AesGcm? cipher = CipherOf(passwordKeys, whole[0]);
        if (cipher is null) return null;
        byte[] plain = new byte[length - HeadBytes];
        try
        {
            cipher.Decrypt(
                whole.AsSpan(1, NonceBytes), whole.AsSpan(HeadBytes, plain.Length), whole.AsSpan(1 + NonceBytes, TagBytes), plain,
                Encoding.UTF8.GetBytes(callId));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        return Encoding.UTF8.GetString(plain);
    }

    private static AesGcm? CipherOf(KeyRing passwordKeys, byte keyId)
    {
        if (!passwordKeys.TryGetKey(keyId, out ReadOnlySpan<byte> key)) return null;
        Span<byte> derived = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt: [], info: "dapr.voice caller's ice-pwd"u8);
        return new AesGcm(derived, TagBytes);
    }
}
