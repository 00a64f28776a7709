using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// An <c>SSL_CTX</c> for DTLS 1.2 with SRTP, one certificate and no session resumption. Shared by all connections of a role; its use is
/// thread-safe once made.
/// </summary>
public sealed unsafe class SslContextHandle : SafeHandle
{
    public const string Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305";

    // The order is the server's preference: GCM costs two thirds of CM with HMAC (docs/protocols/webrtc.md 4); CM is all that some clients
    // have.
    public const string SrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

    // A client's certificate has 300 to 1,200 bytes; by default OpenSSL would buffer 100 kB of anybody's.
    private const int MaximumCertificateBytes = 16 * 1024;

    public SslContextHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    internal nint Pointer => handle;

    /// <param name="certificate">X.509, DER.</param>
    /// <param name="privateKey">ECPrivateKey (RFC 5915), DER.</param>
    /// <exception cref="InvalidOperationException">OpenSSL refuses one of them; the message says which.</exception>
    public static SslContextHandle Create(bool isServer, ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> privateKey)
        => Create(isServer, certificate, privateKey, Ciphers, SrtpProfiles);

    /// <summary>With less to offer than the product has, so that tests reach each suite and profile.</summary>
    public static SslContextHandle Create(
        bool isServer, ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> privateKey, string ciphers, string srtpProfiles)
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
        // A datagram must be read whole: what one read leaves is lost.
        LibSsl.SSL_CTX_ctrl(pointer, LibSsl.SSL_CTRL_SET_READ_AHEAD, 1, 0);
        LibSsl.SSL_CTX_ctrl(pointer, LibSsl.SSL_CTRL_SET_MAX_CERT_LIST, MaximumCertificateBytes, 0);
        Require(LibSsl.SSL_CTX_set_cipher_list(pointer, ciphers) == 1, "the cipher list");
        Require(LibSsl.SSL_CTX_ctrl_text(pointer, LibSsl.SSL_CTRL_SET_GROUPS_LIST, 0, "X25519:P-256\0"u8) == 1, "the groups");
        Require(LibSsl.SSL_CTX_set_tlsext_use_srtp(pointer, srtpProfiles) == 0, "the SRTP profiles");
        Require(LibSsl.SSL_CTX_use_certificate_ASN1(pointer, certificate.Length, certificate) == 1, "the certificate");
        Require(LibSsl.SSL_CTX_use_PrivateKey_ASN1(LibSsl.EVP_PKEY_EC, pointer, privateKey, privateKey.Length) == 1, "the private key");
        LibSsl.SSL_CTX_set_verify(pointer, LibSsl.SSL_VERIFY_PEER | LibSsl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &AcceptAny);
        return context;
    }

    private static void Require(bool succeeded, string what)
    {
        if (!succeeded) throw new InvalidOperationException($"OpenSSL refuses {what}.");
    }

    // Certificates are self-signed: what counts is the fingerprint in the signed-in description (RFC 8122), compared after the handshake.
    [UnmanagedCallersOnly]
    private static int AcceptAny(int preverified, nint storeContext) => 1;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }
}
