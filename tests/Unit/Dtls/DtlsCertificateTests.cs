using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dapr.Voice.Dtls;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Dtls;

public sealed class DtlsCertificateTests
{
    [Fact]
    public void FromPem_OwnPem_IsTheSameCertificateAndConnects()
    {
        using var certificate = DtlsCertificate.Generate();
        using var read = DtlsCertificate.FromPem(certificate.ToPem());
        Assert.Equal(certificate.Fingerprint, read.Fingerprint);
        using var client = new DtlsTransport(DtlsRole.Client, DtlsPair.ClientCertificate, [certificate.Fingerprint]);
        using var pair = new DtlsPair();
        pair.Server.Dispose();
        pair.Client.Dispose();
        pair.Client = client;
        pair.Server = new DtlsTransport(DtlsRole.Server, read, [DtlsPair.ClientCertificate.Fingerprint]);
        client.Start();
        pair.Exchange();
        Assert.True(client.IsConnected);
    }

    [Fact]
    public void FromPem_KeyFirst_IsReadAlike()
    {
        using var certificate = DtlsCertificate.Generate();
        string pem = certificate.ToPem();
        int key = pem.IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal);
        using var read = DtlsCertificate.FromPem(pem[key..] + "\n" + pem[..key]);
        Assert.Equal(certificate.Fingerprint, read.Fingerprint);
    }

    [Fact]
    public void FromPem_WithoutKeyOrWithAnotherKey_Throws()
    {
        using var one = DtlsCertificate.Generate();
        using var other = DtlsCertificate.Generate();
        string certificate = one.ToPem()[..one.ToPem().IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)];
        string otherKey = other.ToPem()[other.ToPem().IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)..];
        Assert.Throws<ArgumentException>(() => DtlsCertificate.FromPem(certificate));
        Assert.Throws<ArgumentException>(() => DtlsCertificate.FromPem(certificate + otherKey));
        Assert.Throws<ArgumentException>(() => DtlsCertificate.FromPem(otherKey));
        Assert.Throws<ArgumentException>(() => DtlsCertificate.FromPem("no pem"));
    }

    [Fact]
    public void Generate_Certificate_IsEcdsaP256WithMatchingFingerprint()
    {
        using var certificate = DtlsCertificate.Generate();
        using var x509 = X509Certificate2.CreateFromPem(certificate.ToPem());
        using ECDsa? key = x509.GetECDsaPublicKey();
        Assert.Equal(256, key!.KeySize);
        Assert.True(certificate.Fingerprint.Matches(x509.RawData));
    }

    [Fact]
    public void Dispose_WhileATransportLives_DoesNotDisturbIt()
    {
        var certificate = DtlsCertificate.Generate();
        using var pair = new DtlsPair(expectedOfServer: certificate);
        pair.Server.Dispose();
        pair.Server = new DtlsTransport(DtlsRole.Server, certificate, [DtlsPair.ClientCertificate.Fingerprint]);
        certificate.Dispose();
        pair.Client.Start();
        pair.Exchange();
        Assert.True(pair.Server.IsConnected && pair.Client.IsConnected);
    }

    [Theory]
    [InlineData("sha-256")]
    [InlineData("SHA-384")]
    [InlineData("sha-512")]
    public void Fingerprint_TextForm_RoundTripsAndMatches(string algorithm)
    {
        byte[] certificate = [1, 2, 3];
        byte[] hash = algorithm.ToLowerInvariant() switch { "sha-256" => SHA256.HashData(certificate),
        "sha-384" => SHA384.HashData(certificate), _ => SHA512.HashData(certificate) };
        string digits = string.Join(':', hash.Select(b => b.ToString("x2")));
        Assert.True(CertificateFingerprint.TryParse($"{algorithm} {digits}", out CertificateFingerprint? fingerprint));
        Assert.Equal($"{algorithm.ToLowerInvariant()} {digits.ToUpperInvariant()}", fingerprint!.ToString());
        Assert.True(fingerprint.Matches(certificate));
        Assert.False(fingerprint.Matches([1, 2, 4]));
        Assert.True(CertificateFingerprint.TryParse(fingerprint.ToString(), out CertificateFingerprint? again));
        Assert.Equal(fingerprint, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha-256")]
    [InlineData("sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33")]
    [InlineData("sha-256 00:11")]
    [InlineData("sha-256 000:1:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF")]
    [InlineData("sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FG")]
    public void Fingerprint_BrokenOrWeak_IsRefused(string text) => Assert.False(CertificateFingerprint.TryParse(text, out _));
}
