using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Infra.Manifests;
using Dapr.Voice.Sidecar;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Hosting;

public sealed class FleetKeysTests
{
    private readonly FakeSecretStore _secrets = new();
    private readonly CapturedLogs _logs = new();

    [Fact]
    public async Task LoadAsync_AllSecretsThere_GivesKeysThatFit()
    {
        FleetKeys keys = await LoadAsync(FleetSecrets.Signaling | FleetSecrets.LinkKey | FleetSecrets.DtlsCertificate);

        Assert.Equal(1, keys.HintKeys.CurrentId);
        Assert.True(keys.PasswordKeys.HasKey(keys.HintKeys.CurrentId));
        Assert.Equal(2, keys.TokenKeys.CurrentId);
        Assert.Matches("^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$", keys.CertificateFingerprint);
        Assert.Contains("PRIVATE KEY", keys.CertificatePem);
        Assert.NotNull(keys.LinkKey);
    }

    // In Azure each app may read these secrets and no others (docs/decisions/0030): the template gives the roles by ComponentManifest.
    [Theory]
    [InlineData(AppIds.Signaling, FleetSecrets.Signaling)]
    [InlineData(AppIds.Relay, FleetSecrets.Relay | FleetSecrets.PasswordKeys)]
    [InlineData("transceiver", FleetSecrets.Transceiver)]
    public async Task LoadAsync_OfAService_ReadsWhatItsIdentityMayRead(string service, FleetSecrets needed)
    {
        await LoadAsync(needed);
        Assert.Equal(ComponentManifest.SecretsOf(service).Order(StringComparer.Ordinal), _secrets.Asked.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task LoadAsync_Relay_ReadsNoMoreThanARelayNeeds()
    {
        FleetKeys keys = await LoadAsync(FleetSecrets.Relay);

        Assert.Equal([SecretNames.HintKeys, SecretNames.LinkKey], _secrets.Asked);
        Assert.Throws<InvalidOperationException>(() => keys.PasswordKeys);
    }

    [Fact]
    public async Task LoadAsync_SidecarComesLater_WaitsAndSaysSo()
    {
        _secrets.AwayFor = 5;

        await LoadAsync(FleetSecrets.HintKeys);

        Assert.Equal(6, _secrets.Questions);
        Assert.Contains("No sidecar for secret voice-hint-keys", _logs.Text);
    }

    [Theory]
    [InlineData(SecretOutcome.Missing)]
    [InlineData(SecretOutcome.Failed)]
    [InlineData(SecretOutcome.Unavailable)]
    [InlineData(SecretOutcome.Refused)]
    public async Task LoadAsync_StoreFails_WaitsUntilItWorks(SecretOutcome outcome)
    {
        (_secrets.AwayFor, _secrets.AwayOutcome) = (20, outcome);
        FleetKeys keys = await LoadAsync(FleetSecrets.HintKeys);
        Assert.Equal(21, _secrets.Questions);
        Assert.NotNull(keys.HintKeys);
    }

    [Fact]
    public async Task LoadAsync_StoreOfTheAppsOwn_IsNamedAsTheAppHasIt()
    {
        (_secrets.AwayFor, _secrets.AwayOutcome, _secrets.Suffix) = (1, SecretOutcome.Failed, "-transceiver");
        await LoadAsync(FleetSecrets.HintKeys);
        Assert.Contains("from the store secrets-transceiver:", _logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LoadAsync_VaultFilledAfterTheStart_WaitsAndNamesTheSecretAlone()
    {
        string value = _secrets.Values[SecretNames.PasswordKeys];
        _secrets.Values.Remove(SecretNames.PasswordKeys);
        int asked = 0;
        // A minute of tries: 0.25, 0.5, 1, 2, 4 s, then every 5 s.
        _secrets.BeforeAnswer = () =>
        {
            if (_secrets.Asked[^1] == SecretNames.PasswordKeys && ++asked == 16) _secrets.Values[SecretNames.PasswordKeys] = value;
            return Task.CompletedTask;
        };

        FleetKeys keys = await LoadAsync(FleetSecrets.HintKeys | FleetSecrets.PasswordKeys);

        Assert.True(keys.PasswordKeys.HasKey(1));
        Assert.Equal(
            15, _logs.Lines.Count(line => line.Contains("Secret voice-password-keys could not be read", StringComparison.Ordinal)));
        Assert.DoesNotContain(value[2..], _logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LoadAsync_PemOnOneLine_IsRead()
    {
        string pem = _secrets.Values[SecretNames.DtlsCertificate];
        string expected = (await LoadAsync(FleetSecrets.DtlsCertificate)).CertificateFingerprint;
        _secrets.Values[SecretNames.DtlsCertificate] = pem.Replace("\n", "\\n", StringComparison.Ordinal);

        Assert.Equal(expected, (await LoadAsync(FleetSecrets.DtlsCertificate)).CertificateFingerprint);
    }

    [Theory]
    [InlineData(SecretNames.HintKeys, "1:c2VjcmV0LXZhbHVl")]
    [InlineData(SecretNames.PasswordKeys, "c2VjcmV0LXZhbHVl")]
    [InlineData(SecretNames.TokenKeys, "77:c2VjcmV0LXZhbHVl")]
    [InlineData(SecretNames.LinkKey, "c2VjcmV0LXZhbHVl")]
    [InlineData(SecretNames.ApiKeys, "c2VjcmV0")]
    [InlineData(SecretNames.DtlsCertificate, "-----BEGIN CERTIFICATE-----c2VjcmV0LXZhbHVl")]
    public async Task LoadAsync_UnusableSecret_NamesItAndNeverRepeatsIt(string name, string value)
    {
        _secrets.Values[name] = value;

        SettingsException e = await Assert.ThrowsAsync<SettingsException>(
            () => LoadAsync(FleetSecrets.Signaling | FleetSecrets.Transceiver));

        Assert.Contains(name, e.Message);
        Assert.DoesNotContain("c2VjcmV0", e.ToString());
        Assert.DoesNotContain("c2VjcmV0", _logs.Text);
    }

    [Fact]
    public async Task LoadAsync_PasswordRingLacksTheHintsKey_IsRefused()
    {
        _secrets.Values[SecretNames.PasswordKeys] = FakeSecretStore.Ring(5);

        SettingsException e = await Assert.ThrowsAsync<SettingsException>(() => LoadAsync(FleetSecrets.Signaling));

        Assert.Contains("lacks key 1", e.Message);
    }

    [Fact]
    public async Task ApiKeySet_KnownAndUnknownKeys_AreToldApart()
    {
        ApiKeySet keys = (await LoadAsync(FleetSecrets.ApiKeys)).ApiKeys;

        Assert.Equal(2, keys.Count);
        Assert.True(keys.TryFind(FakeSecretStore.ApiKey, out int index));
        Assert.Equal(1, index);
        Assert.False(keys.TryFind(FakeSecretStore.ApiKey + "x", out _));
        Assert.False(keys.TryFind("", out _));
    }

    private Task<FleetKeys> LoadAsync(FleetSecrets needed)
        => FleetKeys.LoadAsync(_secrets, needed, _logs, new JumpingTime(), CancellationToken.None);
}
