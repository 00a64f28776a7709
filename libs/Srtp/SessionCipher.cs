using System.Buffers.Binary;
using System.Security.Cryptography;
using Dapr.Voice.Native;

namespace Dapr.Voice.Srtp;

/// <summary>
/// The session keys of one direction of RTP or RTCP, in OpenSSL contexts that are reused for each packet, so that only the IV is set. Only
/// one thread may use it at a time. If it is not disposed, the finalizer thread frees the handles.
/// </summary>
internal sealed class SessionCipher : IDisposable
{
    private const int AuthenticationKeyLength = 20;
    private const int Sha1Length = 20;

    private readonly byte[] _salt;

    // GCM uses the first field, AES-CM the other two.
    private readonly AeadCipher? _aead;
    private readonly EvpCipherContextHandle? _counterMode;
    private readonly HmacContextHandle? _hmac;

    /// <param name="isRtcp">Selects the labels of the key derivation.</param>
    public static SessionCipher Derive(SrtpKeyingMaterial material, bool isRtcp, bool isEncrypting)
    {
        material.Validate();
        int offset = isRtcp ? (int)KeyDerivationLabel.RtcpEncryption : 0;
        Span<byte> key = stackalloc byte[SrtpProfileParameters.KeyLength(material.Profile)];
        Span<byte> authenticationKey = stackalloc byte[AuthenticationKeyLength];
        Span<byte> salt = stackalloc byte[SrtpProfileParameters.SaltLength(material.Profile)];
        KeyDerivation.Derive(material.Key, material.Salt, (KeyDerivationLabel)(offset + (int)KeyDerivationLabel.RtpEncryption), key);
        KeyDerivation.Derive(material.Key, material.Salt, (KeyDerivationLabel)(offset + (int)KeyDerivationLabel.RtpAuthentication),
            authenticationKey);
        KeyDerivation.Derive(material.Key, material.Salt, (KeyDerivationLabel)(offset + (int)KeyDerivationLabel.RtpSalt), salt);
        var cipher = new SessionCipher(material.Profile, key, authenticationKey, salt, isEncrypting);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(authenticationKey);
        return cipher;
    }

    /// <param name="authenticationKey">20 bytes. GCM does not use it.</param>
    /// <param name="isEncrypting">A GCM context works in one direction only. AES-CM is its own inverse.</param>
    public SessionCipher(
        SrtpProtectionProfile profile, ReadOnlySpan<byte> key, ReadOnlySpan<byte> authenticationKey, ReadOnlySpan<byte> salt,
        bool isEncrypting)
    {
        _salt = salt.ToArray();
        if (profile == SrtpProtectionProfile.AeadAes128Gcm)
        {
            _aead = new AeadCipher(LibCrypto.EVP_aes_128_gcm(), key, isEncrypting);
            return;
        }
        _counterMode = LibCrypto.EVP_CIPHER_CTX_new();
        _hmac = LibCrypto.HMAC_CTX_new();
        Evp.Check(LibCrypto.EVP_EncryptInit_ex(_counterMode, LibCrypto.EVP_aes_128_ctr(), 0, key, default));
        Evp.Check(LibCrypto.HMAC_Init_ex(_hmac, authenticationKey, authenticationKey.Length, LibCrypto.EVP_sha1(), 0));
    }

    /// <summary>The GCM cipher, or null with AES-CM.</summary>
    public AeadCipher? Aead => _aead;

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
        Evp.Check(LibCrypto.EVP_EncryptInit_ex(_counterMode!, 0, 0, default, iv));
        Evp.Check(LibCrypto.EVP_EncryptUpdate(_counterMode!, data));
    }

    /// <summary>
    /// Computes HMAC-SHA1 over all arguments and cuts it to the length of <paramref name="tag"/> (RFC 3711, section 4.2).
    /// </summary>
    public void Authenticate(ReadOnlySpan<byte> message, Span<byte> tag)
    {
        Span<byte> mac = stackalloc byte[Sha1Length];
        Evp.Check(LibCrypto.HMAC_Init_ex(_hmac!, default, 0, 0, 0));
        Evp.Check(LibCrypto.HMAC_Update(_hmac!, message, (nuint)message.Length));
        Evp.Check(LibCrypto.HMAC_Final(_hmac!, mac, out _));
        mac[..tag.Length].CopyTo(tag);
    }

    /// <summary>
    /// The IV of RFC 7714, section 8.1: 00 00 | SSRC | ROC | SEQ, XOR salt. For SRTCP (section 9.1): 00 00 | SSRC | 00 00 | index.
    /// </summary>
    /// <param name="index">48 bits for SRTP, 31 bits for SRTCP. Both are written at the same place.</param>
    /// <param name="iv">Receives 12 bytes.</param>
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
        _aead?.Dispose();
        _counterMode?.Dispose();
        _hmac?.Dispose();
    }

    private static void XorUInt32(Span<byte> bytes, uint value)
        => BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) ^ value);
}
