using System.Security.Cryptography;

namespace Dapr.Voice.Dtls;

/// <summary>The hash of a certificate in the form of <c>a=fingerprint</c> (RFC 8122, section 5): <c>sha-256 AB:CD:…</c>.</summary>
public sealed record CertificateFingerprint
{
    private readonly byte[] _hash;

    private CertificateFingerprint(string algorithm, byte[] hash)
    {
        Algorithm = algorithm;
        _hash = hash;
    }

    /// <summary>One of <c>sha-256</c>, <c>sha-384</c> and <c>sha-512</c>. Older hash functions are rejected.</summary>
    public string Algorithm { get; }

    public static CertificateFingerprint OfCertificate(ReadOnlySpan<byte> der) => new("sha-256", SHA256.HashData(der));

    /// <summary>Reads upper and lower case. RFC 8122 requires upper case, but some clients use lower case.</summary>
    public static bool TryParse(string? text, out CertificateFingerprint? fingerprint)
    {
        fingerprint = null;
        if (text is null || text.Length > 256) return false;
        int split = text.IndexOf(' ', StringComparison.Ordinal);
        if (split <= 0) return false;
        string algorithm = text[..split].ToLowerInvariant();
        int length = HashLength(algorithm);
        ReadOnlySpan<char> digits = text.AsSpan(split + 1).Trim();
        if (length == 0 || digits.Length != length * 3 - 1) return false;
        byte[] hash = new byte[length];
        for (int i = 0; i < length; i++)
        {
            if (i > 0 && digits[i * 3 - 1] != ':') return false;
            if (!char.IsAsciiHexDigit(digits[i * 3]) || !char.IsAsciiHexDigit(digits[i * 3 + 1])) return false;
            hash[i] = Convert.ToByte(digits.Slice(i * 3, 2).ToString(), 16);
        }
        fingerprint = new CertificateFingerprint(algorithm, hash);
        return true;
    }

    public bool Matches(ReadOnlySpan<byte> certificateDer)
    {
        byte[] actual = Algorithm switch
        {
            "sha-256" => SHA256.HashData(certificateDer),
            "sha-384" => SHA384.HashData(certificateDer),
            _ => SHA512.HashData(certificateDer),
        };
        return CryptographicOperations.FixedTimeEquals(actual, _hash);
    }

    public bool Equals(CertificateFingerprint? other)
        => other is not null && Algorithm == other.Algorithm && _hash.AsSpan().SequenceEqual(other._hash);

    public override int GetHashCode() => HashCode.Combine(Algorithm, _hash[0], _hash[1], _hash[2]);

    public override string ToString() => $"{Algorithm} {string.Join(':', _hash.Select(b => b.ToString("X2")))}";

    private static int HashLength(string algorithm) => algorithm switch { "sha-256" => 32, "sha-384" => 48, "sha-512" => 64, _ => 0 };
}
