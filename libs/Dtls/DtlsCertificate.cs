using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dapr.Voice.Native;

namespace Dapr.Voice.Dtls;

/// <summary>
/// A self-signed ECDSA P-256 certificate with its key, and OpenSSL's contexts for it. One certificate serves a whole fleet (docs/design.md
/// 3), because the answer contains its fingerprint before it is known which transceiver will own the session. Thread-safe.
/// </summary>
public sealed class DtlsCertificate : IDisposable
{
    // RFC 8827, section 6.5: peers check only the fingerprint and not the dates. Fixed dates need no clock.
    private static readonly DateTimeOffset NotBefore = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NotAfter = new(2049, 12, 31, 0, 0, 0, TimeSpan.Zero);

    private readonly X509Certificate2 _certificate;
    private readonly ECDsa _key;
    private readonly Lazy<SslContextHandle> _server;
    private readonly Lazy<SslContextHandle> _client;

    private DtlsCertificate(X509Certificate2 certificate, ECDsa key)
    {
        _certificate = certificate;
        _key = key;
        Fingerprint = CertificateFingerprint.OfCertificate(certificate.RawDataMemory.Span);
        _server = new(() => SslContextHandle.Create(isServer: true, _certificate.RawDataMemory.Span, _key.ExportECPrivateKey()));
        _client = new(() => SslContextHandle.Create(isServer: false, _certificate.RawDataMemory.Span, _key.ExportECPrivateKey()));
    }

    public CertificateFingerprint Fingerprint { get; }

    public static DtlsCertificate Generate()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=dapr-voice", key, HashAlgorithmName.SHA256);
        using X509Certificate2 signed = request.CreateSelfSigned(NotBefore, NotAfter);
        return new DtlsCertificate(X509CertificateLoader.LoadCertificate(signed.RawDataMemory.Span), key);
    }

    /// <param name="pem">The certificate followed by its private key (PKCS#8 or SEC 1).</param>
    /// <exception cref="ArgumentException">The text is not such a pair. The message contains nothing of the key.</exception>
    public static DtlsCertificate FromPem(string pem)
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPem(pem);
            var key = ECDsa.Create();
            key.ImportFromPem(pem.AsSpan(PrivateKeyStart(pem)));
            if (key.KeySize != 256) throw new ArgumentException("The key does not use the curve P-256.", nameof(pem));
            using ECDsa? named = certificate.GetECDsaPublicKey();
            return named is not null && named.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
                ? new DtlsCertificate(certificate, key)
                : throw new ArgumentException("The private key does not belong to the certificate.", nameof(pem));
        }
        catch (CryptographicException)
        {
            throw new ArgumentException("The text is not a PEM certificate followed by its ECDSA private key.", nameof(pem));
        }
    }

    public string ToPem() => _certificate.ExportCertificatePem() + "\n" + _key.ExportPkcs8PrivateKeyPem() + "\n";

    internal SslContextHandle Context(DtlsRole role) => role == DtlsRole.Server ? _server.Value : _client.Value;

    /// <summary>Creates a separate context with fewer ciphers or profiles, for tests. The caller disposes it.</summary>
    internal SslContextHandle CreateContext(DtlsRole role, string? ciphers = null, string? srtpProfiles = null) => SslContextHandle.Create(
        role == DtlsRole.Server, _certificate.RawDataMemory.Span, _key.ExportECPrivateKey(), ciphers ?? SslContextHandle.Ciphers,
        srtpProfiles ?? SslContextHandle.SrtpProfiles);

    private static int PrivateKeyStart(string pem)
    {
        foreach (string begin in new[] { "-----BEGIN PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----" })
        {
            int at = pem.IndexOf(begin, StringComparison.Ordinal);
            if (at >= 0) return at;
        }
        throw new ArgumentException("The PEM text has no private key.", nameof(pem));
    }

    public void Dispose()
    {
        // Connections have their own reference to OpenSSL's context.
        if (_server.IsValueCreated) _server.Value.Dispose();
        if (_client.IsValueCreated) _client.Value.Dispose();
        _certificate.Dispose();
        _key.Dispose();
    }
}
