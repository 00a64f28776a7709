using Dapr.Voice.Native;

namespace Dapr.Voice.Srtp;

/// <summary>
/// An AEAD cipher for one direction and one key. The OpenSSL context is reused, so that only the nonce is set for each packet. It works in
/// place and does not allocate. A wrong tag gives false, not an exception. The runtime's <c>AesGcm</c> throws, and an attacker could cause
/// 50 exceptions a millisecond.
/// </summary>
internal sealed class AeadCipher : IDisposable
{
    /// <summary>The nonce length of all three algorithms. It is also OpenSSL's default.</summary>
    public const int NonceLength = 12;

    public const int TagLength = 16;

    private readonly EvpCipherContextHandle _context = LibCrypto.EVP_CIPHER_CTX_new();

    /// <param name="algorithm">One of OpenSSL's AEAD ciphers, such as <see cref="LibCrypto.EVP_aes_128_gcm"/>.</param>
    public AeadCipher(nint algorithm, ReadOnlySpan<byte> key, bool isEncrypting)
    {
        Evp.Check(isEncrypting
            ? LibCrypto.EVP_EncryptInit_ex(_context, algorithm, 0, key, default)
            : LibCrypto.EVP_DecryptInit_ex(_context, algorithm, 0, key, default));
    }

    /// <param name="associatedDataTail">More associated data that follows the first part directly. May be empty.</param>
    /// <param name="tag">Receives the tag of 16 bytes.</param>
    public void Seal(
        scoped ReadOnlySpan<byte> nonce, scoped ReadOnlySpan<byte> associatedData, scoped ReadOnlySpan<byte> associatedDataTail,
        Span<byte> data, Span<byte> tag)
    {
        Evp.Check(LibCrypto.EVP_EncryptInit_ex(_context, 0, 0, default, nonce));
        Evp.Check(LibCrypto.EVP_EncryptUpdateAad(_context, associatedData));
        if (!associatedDataTail.IsEmpty) Evp.Check(LibCrypto.EVP_EncryptUpdateAad(_context, associatedDataTail));
        if (!data.IsEmpty) Evp.Check(LibCrypto.EVP_EncryptUpdate(_context, data));
        Evp.Check(LibCrypto.EVP_EncryptFinal(_context));
        Evp.Check(LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.EVP_CTRL_AEAD_GET_TAG, tag.Length, tag));
    }

    /// <summary>Decrypts and checks the tag. OpenSSL compares the tag in constant time.</summary>
    /// <returns>False if the tag is wrong. <paramref name="data"/> must not be used then.</returns>
    public bool Open(
        scoped ReadOnlySpan<byte> nonce, scoped ReadOnlySpan<byte> associatedData, scoped ReadOnlySpan<byte> associatedDataTail,
        Span<byte> data, Span<byte> tag)
    {
        Evp.Check(LibCrypto.EVP_DecryptInit_ex(_context, 0, 0, default, nonce));
        Evp.Check(LibCrypto.EVP_DecryptUpdateAad(_context, associatedData));
        if (!associatedDataTail.IsEmpty) Evp.Check(LibCrypto.EVP_DecryptUpdateAad(_context, associatedDataTail));
        if (!data.IsEmpty) Evp.Check(LibCrypto.EVP_DecryptUpdate(_context, data));
        Evp.Check(LibCrypto.EVP_CIPHER_CTX_ctrl(_context, LibCrypto.EVP_CTRL_AEAD_SET_TAG, tag.Length, tag));
        return LibCrypto.EVP_DecryptFinal(_context) == 1;
    }

    public void Dispose() => _context.Dispose();
}
