using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Hosting;

/// <summary>
/// The keys of the fleet that this process needs, read once from the secret store and checked. A property throws if its secret was not
/// requested.
/// </summary>
public sealed partial class FleetKeys
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250), LongestPause = TimeSpan.FromSeconds(5);

    private HintKeyRing? _hintKeys;
    private KeyRing? _passwordKeys, _tokenKeys;
    private LinkKey? _linkKey;
    private ApiKeySet? _apiKeys;
    private string? _certificatePem, _certificateFingerprint;
    private readonly Dictionary<FleetSecrets, string> _texts = [];

    private FleetKeys() { }

    public HintKeyRing HintKeys => _hintKeys ?? throw NotAskedFor();
    public KeyRing PasswordKeys => _passwordKeys ?? throw NotAskedFor();
    public LinkKey LinkKey => _linkKey ?? throw NotAskedFor();
    public KeyRing TokenKeys => _tokenKeys ?? throw NotAskedFor();
    public ApiKeySet ApiKeys => _apiKeys ?? throw NotAskedFor();

    /// <summary>Certificate and private key of the fleet in PEM.</summary>
    public string CertificatePem => _certificatePem ?? throw NotAskedFor();

    /// <summary>The fingerprint of the certificate in the form of SDP: <c>sha-256 AB:CD:…</c> (RFC 8122, section 5).</summary>
    public string CertificateFingerprint => _certificateFingerprint ?? throw NotAskedFor();

    /// <summary>
    /// Reads the secrets. It repeats this without a limit, because a sidecar may start after the service, and a secret (or the permission
    /// to read it) may be added later. Each failed attempt is logged with the name of the secret and with what to do.
    /// </summary>
    /// <param name="sidecar">Distinguishes a sidecar that is not yet ready, and rejects everything, from a missing secret. If null, it is
    /// not asked.</param>
    /// <param name="startup">Is told what the service waits for, and when it no longer waits.</param>
    /// <exception cref="SettingsException">A secret exists but is unusable. The message names it and never contains its value.</exception>
    public static async Task<FleetKeys> LoadAsync(ISecretStore secrets, FleetSecrets needed, ILogger logger, TimeProvider time,
        CancellationToken cancellation, ISidecarHealth? sidecar = null, StartupState? startup = null)
    {
        var keys = new FleetKeys();
        string store = secrets.NameOf(ComponentNames.Secrets);
        foreach ((FleetSecrets secret, string name) in Names)
        {
            if (!needed.HasFlag(secret)) continue;
            string text = await ReadAsync(secrets, name, logger, time, sidecar, startup, cancellation);
            if (!keys.TryTake(secret, text, out string? error))
                throw new SettingsException($"Secret '{name}' in the store '{store}' can't be used: {error}.");
        }

        // The key id of a hint selects the key of the password. Without that key, no client could connect to the calls that are answered.
        if (keys._hintKeys is { } hints && keys._passwordKeys is { } passwords && !passwords.HasKey(hints.CurrentId))
        {
            throw new SettingsException(
                $"Secret '{SecretNames.PasswordKeys}' lacks key {hints.CurrentId}, the current one of '{SecretNames.HintKeys}'. "
                + "Both key rings need the same ids.");
        }
        LogLoaded(logger, needed);
        startup?.Complete();
        return keys;
    }

    /// <summary>
    /// The secrets as text, for another process of this service: one line each. It is as secret as they are. Only secrets of one line can
    /// be exported, so not the certificate.
    /// </summary>
    public string Export() => string.Concat(_texts.OrderBy(t => t.Key).Select(t => $"{(int)t.Key} {t.Value.ReplaceLineEndings("")}\n"));

    /// <summary>Reads what <see cref="Export"/> wrote. Null if it lacks a secret, or one of them is unusable.</summary>
    public static FleetKeys? Import(string exported, FleetSecrets needed)
    {
        var keys = new FleetKeys();
        FleetSecrets found = FleetSecrets.None;
        foreach (string line in exported.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(' ', 2);
            if (parts.Length != 2 || !Enum.TryParse(parts[0], out FleetSecrets secret) || !Names.Any(known => known.Item1 == secret)
                || !keys.TryTake(secret, parts[1], out _)) return null;
            found |= secret;
        }
        return (found & needed) == needed ? keys : null;
    }

    private static IEnumerable<(FleetSecrets, string)> Names =>
    [
        (FleetSecrets.HintKeys, SecretNames.HintKeys),
        (FleetSecrets.PasswordKeys, SecretNames.PasswordKeys),
        (FleetSecrets.LinkKey, SecretNames.LinkKey),
        (FleetSecrets.TokenKeys, SecretNames.TokenKeys),
        (FleetSecrets.ApiKeys, SecretNames.ApiKeys),
        (FleetSecrets.DtlsCertificate, SecretNames.DtlsCertificate),
    ];

    private static async Task<string> ReadAsync(ISecretStore secrets, string name, ILogger logger, TimeProvider time,
        ISidecarHealth? sidecar, StartupState? startup, CancellationToken cancellation)
    {
        string store = secrets.NameOf(ComponentNames.Secrets);
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            SecretResult result = await secrets.GetAsync(ComponentNames.Secrets, name, cancellation);
            if (result.Outcome == SecretOutcome.Found) return result.Value!;
            if (result.Outcome == SecretOutcome.Unavailable || (sidecar is not null && !await sidecar.IsOutboundHealthyAsync(cancellation)))
            {
                startup?.WaitFor("the sidecar");
                LogSidecarAway(logger, name, result.ErrorCode, pause.TotalSeconds);
            }
            else
            {
                startup?.WaitFor($"secret {name} in the store {store}");
                LogSecretNotGiven(logger, name, store, result.Outcome, result.ErrorCode, pause.TotalSeconds);
            }
            await Task.Delay(pause, time, cancellation);
        }
    }

    private bool TryTake(FleetSecrets secret, string text, out string? error)
    {
        _texts[secret] = text;
        switch (secret)
        {
            case FleetSecrets.HintKeys: return HintKeyRing.TryParse(text, out _hintKeys, out error);
            case FleetSecrets.PasswordKeys: return KeyRing.TryParse(text, out _passwordKeys, out error);
            case FleetSecrets.TokenKeys: return KeyRing.TryParse(text, out _tokenKeys, out error);
            case FleetSecrets.LinkKey: return LinkKey.TryParse(text, out _linkKey, out error);
            case FleetSecrets.ApiKeys: return ApiKeySet.TryParse(text, out _apiKeys, out error);
            case FleetSecrets.DtlsCertificate: return TryTakeCertificate(text, out error);
            default: throw new ArgumentOutOfRangeException(nameof(secret));
        }
    }

    private bool TryTakeCertificate(string text, out string? error)
    {
        // Stores that hold one line (Key Vault with some tools, .env files) write the line ends as '\n'.
        string pem = text.Replace("\\n", "\n", StringComparison.Ordinal);
        error = null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem, pem);
            using ECDsa? key = certificate.GetECDsaPrivateKey();
            if (key is not { KeySize: 256 }) error = "it is not an ECDSA P-256 certificate with its key";
            _certificateFingerprint = "sha-256 " + string.Join(':', SHA256.HashData(certificate.RawData).Select(b => b.ToString("X2")));
            _certificatePem = pem;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // The message of the exception may quote what it read.
            error = "it is not PEM of a certificate followed by its PKCS#8 private key";
        }
        return error is null;
    }

    private static InvalidOperationException NotAskedFor() => new("This secret was not requested.");

    [LoggerMessage(1, LogLevel.Information, "Keys loaded: {Secrets}")]
    private static partial void LogLoaded(ILogger logger, FleetSecrets secrets);

    [LoggerMessage(2, LogLevel.Warning, "No sidecar for secret {Secret} ({ErrorCode}); next attempt in {PauseSeconds} s. Is it running, "
        + "and are DAPR_GRPC_PORT and DAPR_HTTP_PORT its ports?")]
    private static partial void LogSidecarAway(ILogger logger, string secret, string? errorCode, double pauseSeconds);

    [LoggerMessage(3, LogLevel.Error, "Secret {Secret} could not be read from the store {Store}: {Outcome} {ErrorCode}; next attempt in "
        + "{PauseSeconds} s. Add it to the store, and this app to the component's scopes")]
    private static partial void LogSecretNotGiven(
        ILogger logger, string secret, string store, SecretOutcome outcome, string? errorCode, double pauseSeconds);
}
