using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Machine;

/// <summary>
/// The keys of a fleet on a laptop. They are created once and kept in <c>.voice/secrets.json</c> (mode 600), which the file secret store
/// reads.
/// </summary>
internal static class LocalSecrets
{
    public static string Ensure(Installation installation)
    {
        Directory.CreateDirectory(installation.Home);
        JsonObject secrets = File.Exists(installation.SecretsFile) ? Read(installation.SecretsFile) : [];
        bool changed = false;
        void Add(string name, Func<string> make)
        {
            if (secrets.ContainsKey(name)) return;
            secrets[name] = make();
            changed = true;
        }
        Add(SecretNames.HintKeys, KeyRing);
        Add(SecretNames.PasswordKeys, KeyRing);
        Add(SecretNames.TokenKeys, KeyRing);
        Add(SecretNames.LinkKey, Key);
        Add(SecretNames.ApiKeys, () => "sk-local-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        Add(SecretNames.DtlsCertificate, Certificate);
        if (changed)
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
            using var file = new FileStream(installation.SecretsFile, options);
            using var writer = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
            secrets.WriteTo(writer);
        }
        return secrets[SecretNames.ApiKeys]!.GetValue<string>().Split(',')[0].Trim();
    }

    private static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            throw new CommandFailedException($"{path} is not a JSON object", "remove it; the next start creates new keys");
        }
    }

    // There are two keys from the start, so that every laptop uses what a rotation needs.
    private static string KeyRing() => $"1:{Key()},0:{Key()}";

    private static string Key() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static string Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=dapr-voice", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(5));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
