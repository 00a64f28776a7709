using Dapr.Voice.Dtls;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Dtls;

public sealed class CertificateTests
{
    [Fact]
    public void Pem_OfAGeneratedCertificate_RoundTrips()
    {
        using var certificate = DtlsCertificate.Generate();
        using var again = DtlsCertificate.FromPem(certificate.ToPem());
        Assert.Equal(certificate.Fingerprint, again.Fingerprint);
    }

    [Fact]
    public void Pem_WithAnothersKey_IsRefused()
    {
        using var one = DtlsCertificate.Generate();
        using var other = DtlsCertificate.Generate();
        string mixed = one.ToPem()[..one.ToPem().IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)]
            + other.ToPem()[other.ToPem().IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)..];
        Assert.Throws<ArgumentException>(() => DtlsCertificate.FromPem(mixed));
        Assert.Throws<ArgumentException>(() => DtlsCertificate.FromPem("no pem"));
    }

    [Theory]
    [InlineData("sha-256 ")]
    [InlineData("sha-1 AB:CD")]
    [InlineData("sha-256 AB:CD")]
    [InlineData("sha-256")]
    [InlineData("")]
    public void Fingerprint_OfWrongForm_IsRefused(string text) => Assert.False(CertificateFingerprint.TryParse(text, out _));

    [Fact]
    public void Fingerprint_InEitherCase_IsTheSame()
    {
        using var certificate = DtlsCertificate.Generate();
        string text = certificate.Fingerprint.ToString();
        Assert.True(CertificateFingerprint.TryParse(text, out CertificateFingerprint? upper));
        Assert.True(CertificateFingerprint.TryParse(text.ToLowerInvariant(), out CertificateFingerprint? lower));
        Assert.Equal(upper, lower);
        Assert.Equal(certificate.Fingerprint, upper);
    }
}
