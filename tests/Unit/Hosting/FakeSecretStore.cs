using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Tests.Unit.Hosting;

/// <summary>Secrets of a made-up fleet; can be away for a number of questions first.</summary>
internal sealed class FakeSecretStore : ISecretStore
{
    public const string ApiKey = "vk_test_0123456789abcdef";

    public Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal)
    {
        [SecretNames.HintKeys] = Ring(1, 0),
        [SecretNames.PasswordKeys] = Ring(1, 0),
        [SecretNames.TokenKeys] = Ring(2),
        [SecretNames.LinkKey] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        [SecretNames.ApiKeys] = "vk_other_0123456789abcdef, " + ApiKey,
        [SecretNames.DtlsCertificate] = Certificate.Value,
    };

    /// <summary>So many questions get <see cref="AwayOutcome"/>.</summary>
    public int AwayFor { get; set; }
    public SecretOutcome AwayOutcome { get; set; } = SecretOutcome.Unavailable;

    /// <summary>What this app adds to the name of a store.</summary>
    public string Suffix { get; set; } = "";
    public int Questions { get; private set; }
    public List<string> Asked { get; } = [];

    /// <summary>Awaited after a question is noted and before it is answered.</summary>
    public Func<Task> BeforeAnswer { get; set; } = () => Task.CompletedTask;

    public string NameOf(string store) => store + Suffix;

    public async Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default)
    {
        Questions++;
        Asked.Add(key);
        await BeforeAnswer();
        if (Questions <= AwayFor) return new SecretResult(AwayOutcome, null, "CONNECTION");
        return Values.TryGetValue(key, out string? value) ? new SecretResult(SecretOutcome.Found, value, null)
            : new SecretResult(SecretOutcome.Failed, null, "ERR_SECRET_GET");
    }

    public static string Ring(params int[] ids)
        => string.Join(',', ids.Select(id => $"{id}:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}"));

    private static readonly Lazy<string> Certificate = new(() =>
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=voice", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem();
    });
}
