using Dapr.Voice.Native;

namespace Dapr.Voice.Srtp;

/// <summary>
/// The key derivation function of SRTP, with AES-CM as its PRF and a key derivation rate of zero (RFC 3711, sections 4.3.1 and 4.3.3). RFC
/// 7714, section 11 uses it for GCM, too.
/// </summary>
internal static class KeyDerivation
{
    private const int LabelOffset = 7;

    /// <param name="masterSalt">14 bytes, or 12 bytes, which are padded with zeros on the right (RFC 7714, section 11).</param>
    public static void Derive(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, KeyDerivationLabel label, Span<byte> sessionKey)
    {
        // x = label * 2^48 XOR salt; the PRF's counter block is x * 2^16.
        Span<byte> counter = stackalloc byte[16];
        counter.Clear();
        masterSalt.CopyTo(counter);
        counter[LabelOffset] ^= (byte)label;

        sessionKey.Clear();
        using EvpCipherContextHandle context = LibCrypto.EVP_CIPHER_CTX_new();
        Evp.Check(LibCrypto.EVP_EncryptInit_ex(context, LibCrypto.EVP_aes_128_ctr(), 0, masterKey, counter));
        Evp.Check(LibCrypto.EVP_EncryptUpdate(context, sessionKey));
    }
}
