using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hooks;

/// <summary>Makes new values for the fleet's secrets, in the forms that <c>libs/Hosting</c> reads.</summary>
internal static class NewSecrets
{
    /// <summary>The secrets that a fleet needs, in the order in which they are made.</summary>
    public static readonly IReadOnlyList<string> Names =
        [SecretNames.HintKeys, SecretNames.PasswordKeys, SecretNames.LinkKey, SecretNames.TokenKeys, SecretNames.ApiKeys,
            SecretNames.ScaleToken, SecretNames.DtlsCertificate];

    public static string Make(string name) => name switch
    {
        SecretNames.HintKeys or SecretNames.PasswordKeys or SecretNames.TokenKeys => Ring(),
        SecretNames.LinkKey => Key(),
        SecretNames.ApiKeys => "sk-voice-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)),
        SecretNames.ScaleToken => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)),
        SecretNames.DtlsCertificate => Certificate(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "not a secret of the fleet"),
    };

    /// <summary>
    /// Returns the public half of a new RSA key in OpenSSH's form (RFC 4253, section 6.6). Azure wants a key for each machine, and nobody
    /// is to sign in there. So the private half is never written, and it is gone when this method returns.
    /// </summary>
    public static string SshPublicKey()
    {
        using var rsa = RSA.Create(3072);
        RSAParameters key = rsa.ExportParameters(includePrivateParameters: false);
        byte[] blob = [.. Field("ssh-rsa"u8), .. Field(Positive(key.Exponent!)), .. Field(Positive(key.Modulus!))];
        return $"ssh-rsa {Convert.ToBase64String(blob)} dapr-voice";

        // An mpint (RFC 4251, section 5) whose first bit is set would be negative.
        static byte[] Positive(byte[] number) => number[0] >= 0x80 ? [0, .. number] : number;

        static byte[] Field(ReadOnlySpan<byte> value)
        {
            byte[] field = new byte[4 + value.Length];
            BinaryPrimitives.WriteInt32BigEndian(field, value.Length);
            value.CopyTo(field.AsSpan(4));
            return field;
        }
    }

    private static string Key() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    // A ring starts with two keys, and the newest is first. So rotation is the normal case and not an emergency.
    private static string Ring() => $"1:{Key()},0:{Key()}";

    // The certificate comes first and then its PKCS#8 key. Clients check only its fingerprint, which the answer names, and no date.
    private static string Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=dapr-voice", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1825));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
