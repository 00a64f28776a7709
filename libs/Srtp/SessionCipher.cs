using System.Buffers.Binary;
using System.Security.Cryptography;
using Dapr.Voice.Native;

namespace Dapr.Voice.Srtp;

/// <summary>
/// The session keys of one direction of RTP or RTCP, ready in OpenSSL contexts that are reused for each packet: only the IV is set anew.
/// One thread at a time; the handles free themselves on the finaliser's.
/// </summary>
internal sealed class SessionCipher : IDisposable
{
    private const int AuthenticationKeyLength = 20;
    private const int Sha1Length = 20;

    private readonly bool _isAead;
    private readonly EvpCipherContextHandle _cipher = LibCrypto.EVP_CIPHER_CTX_new();
    private readonly HmacContextHandle? _hmac;
    private readonly byte[] _salt;

    /// <param name="isRtcp">Chooses the labels of the key derivation.</param>
    /// <param name="isEncrypting">A GCM context works in one direction only; AES-CM is its own inverse.</param>
    public SessionCipher(SrtpKeyingMaterial material, bool isRtcp, bool isEncrypting)
    {
        material.Validate();
        int offset = isRtcp ? (int)KeyDerivationLabel.RtcpEncryption : 0;
        Span<byte> key = stackalloc byte[SrtpProfileParameters.KeyLength(material.Profile)];
        Span<byte> authenticationKey = stackalloc byte[AuthenticationKeyLength];
        byte[] salt = new byte[SrtpProfileParameters.SaltLength(material.Profile)];
        KeyDerivation.Derive(material.Key, material.Salt, (KeyDerivationLabel)(offset + (int)KeyDerivationLabel.RtpEncryption), key);
        KeyDerivation.Derive(material.Key, material.Salt, (KeyDerivationLabel)(offset + (int)KeyDerivationLabel.RtpAuthentication), authenticationKey);
        KeyDerivation.Derive(material.Key, material.Salt, (KeyDerivationLabel)(offset + (int)KeyDerivationLabel.RtpSalt), salt);
        _salt = salt;
        _isAead = material.Profile == SrtpProtectionProfile.AeadAes128Gcm;
        if (!_isAead) _hmac = LibCrypto.HMAC_CTX_new();
        SetKeys(key, authenticationKey, isEncrypting);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(authenticationKey);
    }

    /// <summary>From session keys as the vectors of RFC 7714 give them, with no derivation.</summary>
    internal SessionCipher(SrtpProtectionProfile profile, ReadOnlySpan<byte> key, ReadOnlySpan<byte> authenticationKey, ReadOnlySpan<byte> salt, bool isEncrypting)
    {
        _salt = salt.ToArray();
        _isAead = profile == SrtpProtectionProfile.AeadAes128Gcm;
        if (!_isAead) _hmac = LibCrypto.HMAC_CTX_new();
        SetKeys(key, authenticationKey, isEncrypting);
    }

    public bool IsAead => _isAead;

    /// <summary>Encrypts or decrypts in place with AES in counter mode (RFC 3711, section 4.1.1).</summary>
    public void ApplyKeystream(uint ssrc, long index, Span<byte> data)
    {
        if (data.IsEmpty) return;
        // IV = salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16.
        Span<byte> iv = stackalloc byte[16];
        _salt.CopyTo(iv);
        iv[14] = 0;
        iv[15] = 0;
        XorUInt32(iv[4..], ssrc);
        XorUInt32(iv[8..], (uint)(index >> 16));
        iv[12] ^= (byte)(index >> 8);
        iv[13] ^= (byte)index;
        Evp.Check(LibCrypto.EVP_EncryptInit_ex(_cipher, 0, 0, default, iv));
        Evp.Check(LibCrypto.EVP_EncryptUpdate(_cipher, data));
    }

    /// <summary>HMAC-SHA1 over everything given, cut to the length of <paramref name="tag"/> (RFC 3711, section 4.2).</summary>
    public void Authenticate(ReadOnlySpan<byte> message, Span<byte> tag)
    {
        Span<byte> mac = stackalloc byte[Sha1Length];
        Evp.Check(LibCrypto.HMAC_Init_ex(_hmac!, default, 0, 0, 0));
        Evp.Check(LibCrypto.HMAC_Update(_hmac!, message, (nuint)message.Length));
        Evp.Check(LibCrypto.HMAC_Final(_hmac!, mac, out _));
        mac[..tag.Length].CopyTo(tag);
    }

    /// <summary>Seals in place with AES-GCM.</summary>
    /// <param name="associatedDataTail">Associated data after the first part, for SRTCP's index word; may be empty.</param>
    public void Seal(scoped ReadOnlySpan<byte> iv, scoped ReadOnlySpan<byte> associatedData, scoped ReadOnlySpan<byte> associatedDataTail, Span<byte> data, Span<byte> tag)
    {
        Evp.Check(LibCrypto.EVP_EncryptInit_ex(_cipher, 0, 0, default, iv));
        Evp.Check(LibCrypto.EVP_EncryptUpdateAad(_cipher, associatedData));
        if (!associatedDataTail.IsEmpty) Evp.Check(LibCrypto.EVP_EncryptUpdateAad(_cipher, associatedDataTail));
        if (!data.IsEmpty) Evp.Check(LibCrypto.EVP_EncryptUpdate(_cipher, data));
        Evp.Check(LibCrypto.EVP_EncryptFinal(_cipher));
        Evp.Check(LibCrypto.EVP_CIPHER_CTX_ctrl(_cipher, LibCrypto.EVP_CTRL_AEAD_GET_TAG, tag.Length, tag));
    }

    /// <summary>Opens in place with AES-GCM; OpenSSL compares the tag in fixed time.</summary>
    /// <returns>False if the tag is wrong: then <paramref name="data"/> holds nothing of use.</returns>
    public bool Open(scoped ReadOnlySpan<byte> iv, scoped ReadOnlySpan<byte> associatedData, scoped ReadOnlySpan<byte> associatedDataTail, Span<byte> data, Span<byte> tag)
    {
        Evp.Check(LibCrypto.EVP_DecryptInit_ex(_cipher, 0, 0, default, iv));
        Evp.Check(LibCrypto.EVP_DecryptUpdateAad(_cipher, associatedData));
        if (!associatedDataTail.IsEmpty) Evp.Check(LibCrypto.EVP_DecryptUpdateAad(_cipher, associatedDataTail));
        if (!data.IsEmpty) Evp.Check(LibCrypto.EVP_DecryptUpdate(_cipher, data));
        Evp.Check(LibCrypto.EVP_CIPHER_CTX_ctrl(_cipher, LibCrypto.EVP_CTRL_AEAD_SET_TAG, tag.Length, tag));
        return LibCrypto.EVP_DecryptFinal(_cipher) == 1;
    }

    /// <summary>The IV of RFC 7714, section 8.1: 00 00 | SSRC | ROC | SEQ, XOR salt. For SRTCP (section 9.1): 00 00 | SSRC | 00 00 | index.</summary>
    /// <param name="index">48 bits for SRTP, 31 bits for SRTCP: both fall on the same places.</param>
    /// <param name="iv">12 bytes.</param>
    public void WriteGcmIv(uint ssrc, long index, Span<byte> iv)
    {
        _salt.CopyTo(iv);
        XorUInt32(iv[2..], ssrc);
        XorUInt32(iv[6..], (uint)(index >> 16));
        iv[10] ^= (byte)(index >> 8);
        iv[11] ^= (byte)index;
    }

    public void Dispose()
    {
        _cipher.Dispose();
        _hmac?.Dispose();
    }

    private void SetKeys(ReadOnlySpan<byte> key, ReadOnlySpan<byte> authenticationKey, bool isEncrypting)
    {
        if (_isAead)
        {
            // GCM's default IV has 12 bytes, which is SRTP's.
            nint algorithm = LibCrypto.EVP_aes_128_gcm();
            Evp.Check(isEncrypting
                ? LibCrypto.EVP_EncryptInit_ex(_cipher, algorithm, 0, key, default)
                : LibCrypto.EVP_DecryptInit_ex(_cipher, algorithm, 0, key, default));
            return;
        }
        Evp.Check(LibCrypto.EVP_EncryptInit_ex(_cipher, LibCrypto.EVP_aes_128_ctr(), 0, key, default));
        Evp.Check(LibCrypto.HMAC_Init_ex(_hmac!, authenticationKey, authenticationKey.Length, LibCrypto.EVP_sha1(), 0));
    }

    private static void XorUInt32(Span<byte> bytes, uint value)
        => BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) ^ value);
}
