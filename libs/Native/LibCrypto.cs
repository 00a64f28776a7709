using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>The part of libcrypto (OpenSSL 3) that SRTP and DTLS use, with the names of its manual pages.</summary>
public static unsafe partial class LibCrypto
{
    public const int EVP_CTRL_AEAD_GET_TAG = 0x10;
    public const int EVP_CTRL_AEAD_SET_TAG = 0x11;

    private const string Library = NativeLibraries.Crypto;

    // ------------------------------------------------------------------------------------------------ ciphers (evp.h)

    [LibraryImport(Library)]
    public static partial EvpCipherContextHandle EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    internal static partial void EVP_CIPHER_CTX_free(nint context);

    /// <summary>Returns an entry of a static table of the library. It is never freed.</summary>
    [LibraryImport(Library)]
    public static partial nint EVP_aes_128_ctr();

    [LibraryImport(Library)]
    public static partial nint EVP_aes_128_gcm();

    [LibraryImport(Library)]
    public static partial nint EVP_aes_256_gcm();

    [LibraryImport(Library)]
    public static partial nint EVP_chacha20_poly1305();

    /// <param name="cipher">Zero keeps the cipher of the context.</param>
    /// <param name="key">An empty span keeps the key of the context.</param>
    /// <param name="iv">An empty span keeps the IV of the context.</param>
    [LibraryImport(Library)]
    public static partial int EVP_EncryptInit_ex(
        EvpCipherContextHandle context, nint cipher, nint engine, ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv);

    [LibraryImport(Library)]
    public static partial int EVP_DecryptInit_ex(
        EvpCipherContextHandle context, nint cipher, nint engine, ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv);

    /// <param name="output">It may be the same as <paramref name="input"/>. Null for the associated data of an AEAD cipher.</param>
    [LibraryImport(Library)]
    internal static partial int EVP_EncryptUpdate(EvpCipherContextHandle context, byte* output, out int written, byte* input, int length);

    [LibraryImport(Library)]
    internal static partial int EVP_DecryptUpdate(EvpCipherContextHandle context, byte* output, out int written, byte* input, int length);

    [LibraryImport(Library)]
    internal static partial int EVP_EncryptFinal_ex(EvpCipherContextHandle context, byte* output, out int written);

    [LibraryImport(Library)]
    internal static partial int EVP_DecryptFinal_ex(EvpCipherContextHandle context, byte* output, out int written);

    [LibraryImport(Library)]
    public static partial int EVP_CIPHER_CTX_ctrl(EvpCipherContextHandle context, int command, int argument, Span<byte> data);

    /// <summary>Encrypts in place.</summary>
    /// <returns>1 on success.</returns>
    public static int EVP_EncryptUpdate(EvpCipherContextHandle context, Span<byte> data)
    {
        fixed (byte* bytes = data) return EVP_EncryptUpdate(context, bytes, out _, bytes, data.Length);
    }

    /// <summary>Decrypts in place.</summary>
    /// <returns>1 on success.</returns>
    public static int EVP_DecryptUpdate(EvpCipherContextHandle context, Span<byte> data)
    {
        fixed (byte* bytes = data) return EVP_DecryptUpdate(context, bytes, out _, bytes, data.Length);
    }

    /// <summary>Adds associated data of an AEAD cipher when encrypting.</summary>
    public static int EVP_EncryptUpdateAad(EvpCipherContextHandle context, ReadOnlySpan<byte> associatedData)
    {
        fixed (byte* bytes = associatedData) return EVP_EncryptUpdate(context, null, out _, bytes, associatedData.Length);
    }

    /// <summary>Adds associated data of an AEAD cipher when decrypting.</summary>
    public static int EVP_DecryptUpdateAad(EvpCipherContextHandle context, ReadOnlySpan<byte> associatedData)
    {
        fixed (byte* bytes = associatedData) return EVP_DecryptUpdate(context, null, out _, bytes, associatedData.Length);
    }

    /// <summary>Ends an AEAD encryption. Stream modes write no bytes here.</summary>
    public static int EVP_EncryptFinal(EvpCipherContextHandle context)
    {
        byte unused;
        return EVP_EncryptFinal_ex(context, &unused, out _);
    }

    /// <summary>Ends an AEAD decryption.</summary>
    /// <returns>1 only if the tag is correct.</returns>
    public static int EVP_DecryptFinal(EvpCipherContextHandle context)
    {
        byte unused;
        return EVP_DecryptFinal_ex(context, &unused, out _);
    }

    // ------------------------------------------------------------------------------------------------ HMAC (hmac.h)
    // Deprecated in favour of EVP_MAC, which is 8 % slower per packet (docs/protocols/webrtc.md 4) and copies its key schedule.

    [LibraryImport(Library)]
    public static partial HmacContextHandle HMAC_CTX_new();

    [LibraryImport(Library)]
    internal static partial void HMAC_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial nint EVP_sha1();

    /// <param name="key">An empty span, with a <paramref name="digest"/> of zero, starts a new message with the same key.</param>
    [LibraryImport(Library)]
    public static partial int HMAC_Init_ex(HmacContextHandle context, ReadOnlySpan<byte> key, int keyLength, nint digest, nint engine);

    [LibraryImport(Library)]
    public static partial int HMAC_Update(HmacContextHandle context, ReadOnlySpan<byte> data, nuint length);

    /// <param name="mac">At least as long as the digest (20 bytes for SHA-1).</param>
    [LibraryImport(Library)]
    public static partial int HMAC_Final(HmacContextHandle context, Span<byte> mac, out uint length);

    // ------------------------------------------------------------------------------------------------ errors (err.h)

    /// <summary>
    /// Clears the error queue of the thread. Otherwise an error that another session left there would be read as ours.
    /// </summary>
    [LibraryImport(Library)]
    public static partial void ERR_clear_error();

    /// <summary>Removes the oldest error code of this thread from the queue and returns it. Zero if there is none.</summary>
    [LibraryImport(Library)]
    public static partial nuint ERR_get_error();

    // ------------------------------------------------------------------------------------------------ certificates, BIO

    [LibraryImport(Library)]
    internal static partial void X509_free(nint certificate);

    /// <param name="output">Null to get the length. Otherwise the pointer is advanced beyond the bytes written.</param>
    [LibraryImport(Library)]
    internal static partial int i2d_X509(nint certificate, byte** output);

    [LibraryImport(Library)]
    internal static partial int BIO_get_new_index();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint BIO_meth_new(int type, string name);

    [LibraryImport(Library)]
    internal static partial int BIO_meth_set_write(nint method, delegate* unmanaged<nint, byte*, int, int> write);

    [LibraryImport(Library)]
    internal static partial int BIO_meth_set_read(nint method, delegate* unmanaged<nint, byte*, int, int> read);

    [LibraryImport(Library)]
    internal static partial int BIO_meth_set_ctrl(nint method, delegate* unmanaged<nint, int, nint, nint, nint> control);

    [LibraryImport(Library)]
    internal static partial nint BIO_new(nint method);

    [LibraryImport(Library)]
    internal static partial void BIO_set_init(nint bio, int initialised);

    [LibraryImport(Library)]
    internal static partial void BIO_set_data(nint bio, nint data);

    [LibraryImport(Library)]
    internal static partial nint BIO_get_data(nint bio);

    [LibraryImport(Library)]
    internal static partial void BIO_set_flags(nint bio, int flags);

    [LibraryImport(Library)]
    internal static partial void BIO_clear_flags(nint bio, int flags);
}
