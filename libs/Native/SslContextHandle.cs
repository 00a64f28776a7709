using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// An <c>SSL_CTX</c> for DTLS 1.2 with SRTP, one certificate and no session resumption. All connections of one role share it. After its
/// creation it is thread-safe.
/// </summary>
public sealed unsafe class SslContextHandle : SafeHandle
{
    // Our own certificate is ECDSA. As the DTLS client we meet servers with RSA certificates, also of 1,024 bits, which security level 2
    // of some distributions refuses. Whoever breaks such a key still has to know the fingerprint's certificate.
    public const string Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
        + ":ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=1";

    // The order is the server's preference. GCM costs two thirds of CM with HMAC (docs/protocols/webrtc.md 4). Some clients support only
    // CM, and a few only the short tag.
    public const string SrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80:SRTP_AES128_CM_SHA1_32";

    // The certificate of a client has 300 to 1,200 bytes. By default OpenSSL would buffer 100 kB from anybody.
    private const int MaximumCertificateBytes = 16 * 1024;

    public SslContextHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    internal nint Pointer => handle;

    /// <param name="certificate">An X.509 certificate in DER.</param>
    /// <param name="privateKey">An ECPrivateKey (RFC 5915) in DER.</param>
    /// <exception cref="InvalidOperationException">OpenSSL rejects one of the arguments. The message says which.</exception>
    public static SslContextHandle Create(bool isServer, ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> privateKey)
        => Create(isServer, certificate, privateKey, Ciphers, SrtpProfiles);

    /// <summary>
    /// Creates a context with fewer ciphers or profiles than the product offers, or with an RSA key, so that tests can reach each of them.
    /// </summary>
    public static SslContextHandle Create(
        bool isServer, ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> privateKey, string ciphers, string srtpProfiles,
        bool isRsa = false)
    {
        LibCrypto.ERR_clear_error();
        var context = new SslContextHandle();
        context.SetHandle(LibSsl.SSL_CTX_new(isServer ? LibSsl.DTLS_server_method() : LibSsl.DTLS_client_method()));
        if (context.IsInvalid) throw new InvalidOperationException("OpenSSL made no DTLS context.");
        nint pointer = context.handle;
        Require(LibSsl.SSL_CTX_ctrl(pointer, LibSsl.SSL_CTRL_SET_MIN_PROTO_VERSION, LibSsl.DTLS1_2_VERSION, 0) == 1, "DTLS 1.2 as minimum");
        Require(LibSsl.SSL_CTX_ctrl(pointer, LibSsl.SSL_CTRL_SET_MAX_PROTO_VERSION, LibSsl.DTLS1_2_VERSION, 0) == 1, "DTLS 1.2 as maximum");
        LibSsl.SSL_CTX_set_options(pointer, LibSsl.SSL_OP_NO_QUERY_MTU | LibSsl.SSL_OP_NO_TICKET | LibSsl.SSL_OP_CIPHER_SERVER_PREFERENCE
            | LibSsl.SSL_OP_NO_RENEGOTIATION);
        LibSsl.SSL_CTX_ctrl(pointer, LibSsl.SSL_CTRL_SET_SESS_CACHE_MODE, 0, 0);
        // A datagram must be read as a whole, because OpenSSL would lose what one read leaves.
        LibSsl.SSL_CTX_ctrl(pointer, LibSsl.SSL_CTRL_SET_READ_AHEAD, 1, 0);
        LibSsl.SSL_CTX_ctrl(pointer, LibSsl.SSL_CTRL_SET_MAX_CERT_LIST, MaximumCertificateBytes, 0);
        Require(LibSsl.SSL_CTX_set_cipher_list(pointer, ciphers) == 1, "the cipher list");
        Require(LibSsl.SSL_CTX_ctrl_text(pointer, LibSsl.SSL_CTRL_SET_GROUPS_LIST, 0, "X25519:P-256:P-384:P-521\0"u8) == 1, "the groups");
        Require(LibSsl.SSL_CTX_set_tlsext_use_srtp(pointer, srtpProfiles) == 0, "the SRTP profiles");
        Require(LibSsl.SSL_CTX_use_certificate_ASN1(pointer, certificate.Length, certificate) == 1, "the certificate");
        int keyType = isRsa ? LibSsl.EVP_PKEY_RSA : LibSsl.EVP_PKEY_EC;
        Require(LibSsl.SSL_CTX_use_PrivateKey_ASN1(keyType, pointer, privateKey, privateKey.Length) == 1, "the private key");
        LibSsl.SSL_CTX_set_verify(pointer, LibSsl.SSL_VERIFY_PEER | LibSsl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &AcceptAny);
        return context;
    }

    private static void Require(bool succeeded, string what)
    {
        if (!succeeded) throw new InvalidOperationException($"OpenSSL refuses {what}.");
    }

    // Certificates are self-signed. After the handshake, their fingerprint is compared with the one in the session description (RFC 8122).
    [UnmanagedCallersOnly]
    private static int AcceptAny(int preverified, nint storeContext) => 1;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }
}
