using System.Diagnostics;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>infra/hooks/*.sh against a stand-in for az. Their PowerShell twins can't run here: read side by side, never executed.</summary>
public sealed class HookTests : IDisposable
{
    private static readonly string[] FleetSecretNames =
        [SecretNames.ApiKeys, SecretNames.DtlsCertificate, SecretNames.HintKeys, SecretNames.LinkKey, SecretNames.PasswordKeys, SecretNames.TokenKeys];

    private readonly HookRun _hook = new();

    public void Dispose() => _hook.Dispose();

    [Fact]
    public async Task PostProvision_FirstRun_MakesKeysThatTheServicesTake()
    {
        _hook.AddVaults("kv-one");
        var result = Succeeded("postprovision");
        Assert.Equal(FleetSecretNames.Order(StringComparer.Ordinal), _hook.Secrets("kv-one"));
        var keys = await FleetKeys.LoadAsync(new VaultFiles(_hook, "kv-one"), FleetSecrets.Signaling | FleetSecrets.LinkKey, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        Assert.Equal(1, keys.HintKeys.CurrentId);
        Assert.Equal(2, keys.PasswordKeys.Count);
        Assert.Equal(1, keys.ApiKeys.Count);
        Assert.StartsWith("sha-256 ", keys.CertificateFingerprint, StringComparison.Ordinal);
        Assert.NotEqual(_hook.Secret("kv-one", SecretNames.HintKeys), _hook.Secret("kv-one", SecretNames.PasswordKeys));
        Assert.Contains("images come next", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void PostProvision_SecondRun_WritesNothing()
    {
        _hook.AddVaults("kv-one", "kv-two");
        Succeeded("postprovision");
        Assert.Equal(12, _hook.Calls.Count(c => c.Contains("secret set", StringComparison.Ordinal)));
        var before = FleetSecretNames.ToDictionary(n => n, n => _hook.Secret("kv-one", n));
        Succeeded("postprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.Contains("secret set", StringComparison.Ordinal) || c.Contains("download", StringComparison.Ordinal));
        Assert.All(before, s => Assert.Equal(s.Value, _hook.Secret("kv-two", s.Key)));
    }

    [Fact]
    public void PostProvision_ANewRegion_GetsTheKeysOfTheFirst()
    {
        _hook.AddVaults("kv-one");
        Succeeded("postprovision");
        // Something else than a region's age decides the order.
        _hook.AddVaults("kv-new", "kv-one");
        Succeeded("postprovision");
        Assert.Equal(6, _hook.Calls.Count(c => c.Contains("secret set --vault-name kv-new", StringComparison.Ordinal)));
        Assert.DoesNotContain(_hook.Calls, c => c.Contains("secret set --vault-name kv-one", StringComparison.Ordinal));
        foreach (string name in FleetSecretNames) Assert.Equal(_hook.Secret("kv-one", name), _hook.Secret("kv-new", name));
    }

    [Fact]
    public void PostProvision_Values_AreNeverPrintedNorArgumentsNorLeftNorReadableByOthers()
    {
        _hook.AddVaults("kv-one", "kv-two");
        _hook.Environment["VOICE_AGENT_API_KEY"] = "a key of somebody's backend";
        _hook.Environment["VOICE_AGENT_KEY_SECRET_NAME"] = "voice-agent-key";
        foreach (int _ in Enumerable.Range(0, 2))
        {
            var result = Succeeded("postprovision");
            string seen = result.Output + result.Error + string.Join('\n', _hook.Calls);
            foreach (string name in FleetSecretNames.Append("voice-agent-key"))
            {
                // A ring's keys one by one, a PEM line by line.
                foreach (string part in _hook.Secret("kv-one", name).Split(',', ':', '\n').Where(p => p.Length > 8)) Assert.DoesNotContain(part, seen, StringComparison.Ordinal);
            }
            Assert.Empty(result.Left);
        }
        foreach (string line in File.ReadAllLines(_hook.At("modes"))) Assert.Matches("^(600|700) ", line);
        Assert.Equal("a key of somebody's backend", _hook.Secret("kv-two", "voice-agent-key"));
    }

    [Fact]
    public void PostProvision_ChangedAgentKey_IsReplacedAndTheFleetsKeysAreNot()
    {
        _hook.AddVaults("kv-one");
        _hook.Environment["VOICE_AGENT_API_KEY"] = "the first";
        _hook.Environment["VOICE_AGENT_KEY_SECRET_NAME"] = "voice-agent-key";
        Succeeded("postprovision");
        _hook.Environment["VOICE_AGENT_API_KEY"] = "the second";
        Succeeded("postprovision");
        Assert.Single(_hook.Calls, c => c.Contains("secret set", StringComparison.Ordinal));
        Assert.Equal("the second", _hook.Secret("kv-one", "voice-agent-key"));
    }

    [Fact]
    public void PostProvision_RoleThatDoesNotCountYet_IsWaitedForWithAWord()
    {
        _hook.AddVaults("kv-one");
        _hook.Environment["VOICE_HOOK_LIMIT_SECONDS"] = "5";
        _hook.Write("refusals", "1\n2\n");
        var result = Succeeded("postprovision");
        Assert.Equal(2, result.Output.Split("no access yet").Length - 1);
        Assert.Contains("(Forbidden)", result.Output, StringComparison.Ordinal);
        Assert.Equal(6, _hook.Secrets("kv-one").Count);
    }

    [Fact]
    public void PostProvision_RoleThatNeverComes_EndsWithTheRolesName()
    {
        _hook.AddVaults("kv-one");
        _hook.Write("refusals", string.Concat(Enumerable.Repeat("x\n", 100)));
        Failed("postprovision", "kv-one can't be read", "Key Vault Secrets Officer");
    }

    [Fact]
    public void PostProvision_OneRingOfTwo_IsNotCompletedByAnother()
    {
        _hook.AddVaults("kv-one");
        _hook.Write("vaults/kv-one/" + SecretNames.HintKeys, "3:AAAA");
        Failed("postprovision", SecretNames.PasswordKeys, "recover");
        Assert.Single(_hook.Secrets("kv-one"));
    }

    [Fact]
    public void PostProvision_DeletedSecretOfTheName_SaysHowToRecoverIt()
    {
        _hook.AddVaults("kv-one");
        _hook.Write("read-only", "");
        Failed("postprovision", "(Conflict)", "az keyvault secret recover --vault-name kv-one");
    }

    [Fact]
    public void PostProvision_Deployed_WaitsForEachRegionAndShowsTheWayIn()
    {
        Deployed();
        _hook.Environment["VOICE_HOOK_LIMIT_SECONDS"] = "5";
        _hook.Write("not-ready", "1\n2\n3\n");
        var result = Succeeded("postprovision");
        Assert.Equal(3, result.Output.Split("not ready yet").Length - 1);
        Assert.Contains("keys are not loaded", result.Output, StringComparison.Ordinal);
        foreach (string words in new[] { "https://one.example: ready", "https://two.example: ready", "Talk to it:    https://front.example", "secret voice-api-keys in vault kv-one", "azd down --purge" })
            Assert.Contains(words, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void PostProvision_NeverReady_EndsWithTheRegionAndWhereToLook()
    {
        Deployed();
        _hook.Write("not-ready", string.Concat(Enumerable.Repeat("x\n", 100)));
        Failed("postprovision", "not ready after 0 s: https://one.example https://two.example", "az containerapp logs show --name signaling --resource-group rg-one");
    }

    [Fact]
    public void PostDeploy_OtherImagesInTwoRegions_SetsThemShardByShardAndNoneTwice()
    {
        _hook.Environment["VOICE_RESOURCE_GROUPS"] = """["rg-one","rg-two"]""";
        _hook.Environment["VOICE_SHARDS"] = """[["transceiver-00","transceiver-01"],["transceiver-00"]]""";
        foreach (string service in new[] { "SIGNALING", "RELAY", "TRANSCEIVER" }) _hook.Environment[$"SERVICE_{service}_IMAGE_NAME"] = $"cr.example/{service.ToLowerInvariant()}:2";
        foreach (string app in new[] { "rg-one/signaling", "rg-one/relay", "rg-one/transceiver-00" }) _hook.Write("apps/" + app, $"cr.example/{app.Split('/', '-')[2]}:2");
        foreach (string app in new[] { "rg-one/transceiver-01", "rg-two/signaling", "rg-two/transceiver-00", "rg-two/local-agent" }) _hook.Write("apps/" + app, "cr.example/old:1");
        _hook.Environment["VOICE_HOOK_LIMIT_SECONDS"] = "5";
        _hook.Write("starting", "1\n");
        var result = Succeeded("postdeploy");
        Assert.Equal(
            ["rg-one transceiver-01 cr.example/transceiver:2", "rg-two transceiver-00 cr.example/transceiver:2", "rg-two signaling cr.example/signaling:2"],
            _hook.Calls.Where(c => c.StartsWith("az containerapp update", StringComparison.Ordinal)).Select(c => c.Split(' ')).Select(w => $"{w[4]} {w[6]} {w[8]}"));
        Assert.Contains("new revision starts", result.Output, StringComparison.Ordinal);
        // No image is known for it: it is not ours to change.
        Assert.Equal("cr.example/old:1", File.ReadAllText(_hook.At("apps", "rg-two", "local-agent")));
        Succeeded("postdeploy");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("az containerapp update", StringComparison.Ordinal));
    }

    [Fact]
    public void PostDeploy_RevisionThatNeverRuns_StopsThere()
    {
        _hook.Environment["VOICE_RESOURCE_GROUPS"] = """["rg-one"]""";
        _hook.Environment["VOICE_SHARDS"] = """[["transceiver-00","transceiver-01"]]""";
        _hook.Environment["SERVICE_TRANSCEIVER_IMAGE_NAME"] = "cr.example/transceiver:2";
        foreach (string app in new[] { "transceiver-00", "transceiver-01" }) _hook.Write("apps/rg-one/" + app, "cr.example/transceiver:1");
        _hook.Write("starting", string.Concat(Enumerable.Repeat("x\n", 100)));
        Failed("postdeploy", "rg-one/transceiver-00: the new revision does not run", "az containerapp logs show --name transceiver-00");
        Assert.Equal("cr.example/transceiver:1", File.ReadAllText(_hook.At("apps", "rg-one", "transceiver-01")));
    }

    [Theory]
    [InlineData("""{"location":"${AZURE_LOCATION}","number":1,"shards":2}""", null)]
    [InlineData("""{"location":"a","number":1,"shards":2},{"location":"b","number":255,"shards":4,"standbyShards":4,"zoneRedundant":true}""", null)]
    [InlineData("""{"location":"a","number":1,"shards":2},{"location":"b","number":1,"shards":2}""", "two regions have the number 1")]
    [InlineData("""{"location":"a","number":1,"shards":2},{"location":"a","number":2,"shards":2}""", "location a is there twice")]
    [InlineData("""{"location":"a","number":256,"shards":2}""", "number 256")]
    [InlineData("""{"location":"a","shards":2}""", "has no number")]
    [InlineData("""{"location":"a","number":1,"shards":5,"standbyShards":4}""", "more than 8 shards")]
    [InlineData("", "has no regions")]
    public void PreProvision_Regions_AreCheckedForWhatWouldBreakLater(string regions, string? problem)
    {
        string spread = regions.Replace(",", ",\n", StringComparison.Ordinal);
        _hook.Write("parameters.json", """{"parameters":{"location":{"value":"x"},"regions":{"value":[ """ + spread + """ ]},"edge":{"value":"aca-tcp"}}}""");
        _hook.Environment["VOICE_PARAMETERS_FILE"] = _hook.At("parameters.json");
        _hook.Environment["AZURE_LOCATION"] = "swedencentral";
        if (problem is null) Succeeded("preprovision");
        else Failed("preprovision", problem, "->");
    }

    [Fact]
    public void PreProvision_MachinesWithoutAKey_GetAPublicOneAndNoPrivateHalfStays()
    {
        _hook.Write("parameters.json", """{"parameters":{"regions":{"value":[{"location":"a","number":1,"shards":2}]}}}""");
        _hook.Environment["VOICE_PARAMETERS_FILE"] = _hook.At("parameters.json");
        _hook.Environment["VOICE_EDGE"] = "udp-edge";
        var result = Succeeded("preprovision");
        Assert.Contains(_hook.Calls, c => c.StartsWith("azd env set VOICE_EDGE_SSH_PUBLIC_KEY ssh-rsa AAAA", StringComparison.Ordinal));
        Assert.Empty(result.Left);
        _hook.Environment["VOICE_EDGE_SSH_PUBLIC_KEY"] = "ssh-rsa mine";
        Succeeded("preprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Fact]
    public void PreProvision_FreshMachineBesideRunningApps_TellsAzdWhereTheyAre()
    {
        _hook.Write("parameters.json", """{"parameters":{"regions":{"value":[{"location":"a","number":1,"shards":2},{"location":"b","number":2,"shards":2}]}}}""");
        _hook.Environment["VOICE_PARAMETERS_FILE"] = _hook.At("parameters.json");
        _hook.Environment["AZURE_ENV_NAME"] = "voice";
        Succeeded("preprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
        foreach (string app in new[] { "signaling", "relay", "transceiver-00" }) _hook.Write("apps/rg-voice-a/" + app, "cr.example/any:1");
        Assert.Contains("lacks local-agent", Succeeded("preprovision").Output, StringComparison.Ordinal);
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
        _hook.Write("apps/rg-voice-a/local-agent", "cr.example/any:1");
        Succeeded("preprovision");
        Assert.Contains("azd env set AZURE_RESOURCE_GROUP rg-voice-a", _hook.Calls);
        _hook.Environment["AZURE_RESOURCE_GROUP"] = "rg-voice-a";
        Succeeded("preprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Fact]
    public void PostProvision_KeysInEachVault_LetTheRegionsAppsCome()
    {
        _hook.AddVaults("kv-one", "kv-two");
        _hook.Environment["VOICE_REGIONS"] = """["a","b"]""";
        _hook.Environment["VOICE_KEYED_REGIONS"] = "a";
        Succeeded("postprovision");
        Assert.Contains("azd env set VOICE_KEYED_REGIONS a,b", _hook.Calls);
        _hook.Environment["VOICE_KEYED_REGIONS"] = "a,b";
        Succeeded("postprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("2.59.0", "az upgrade")]
    [InlineData("1.99.0", "az upgrade")]
    [InlineData("", "az version")]
    public void PreProvision_OldAz_SaysWhichOneIsNeeded(string version, string fix)
    {
        _hook.Write("version", version + "\n");
        Failed("preprovision", "Azure CLI", fix);
    }

    [Theory]
    [InlineData("preprovision")]
    [InlineData("postprovision")]
    [InlineData("postdeploy")]
    public void Hook_SignedOut_SaysHowToSignIn(string hook)
    {
        _hook.Write("signed-out", "");
        Failed(hook, "not signed in", "az login");
    }

    [Theory]
    [InlineData("postprovision", "VOICE_KEY_VAULTS")]
    [InlineData("postdeploy", "VOICE_RESOURCE_GROUPS")]
    public void Hook_OutsideOfAzd_NamesTheVariable(string hook, string variable) => Failed(hook, variable, "azd provision");

    [Fact]
    public void EveryHook_HasItsTwinForWindows()
    {
        string[] Names(string extension) => [.. Directory.EnumerateFiles(RepositoryRoot.File("infra", "hooks"), "*" + extension).Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["common", "postdeploy", "postprovision", "preprovision"], Names(".sh"));
        Assert.Equal(Names(".sh"), Names(".ps1"));
        foreach (string name in new[] { "preprovision", "postprovision", "postdeploy" }) Assert.True(File.GetUnixFileMode(RepositoryRoot.File("infra", "hooks", name + ".sh")).HasFlag(UnixFileMode.UserExecute), name);
        // The two make and copy the same secrets.
        foreach (string file in new[] { "postprovision.sh", "postprovision.ps1" })
        {
            string text = File.ReadAllText(RepositoryRoot.File("infra", "hooks", file));
            foreach (string secret in FleetSecretNames) Assert.Contains(secret, text, StringComparison.Ordinal);
        }
    }

    [ShellCheckFact]
    public void EveryScript_ByShellCheck_IsClean()
    {
        string[] scripts = [.. Directory.EnumerateFiles(RepositoryRoot.File("infra", "hooks"), "*.sh")];
        using var check = Process.Start(new ProcessStartInfo("shellcheck", ["--external-sources", "--shell=sh", .. scripts]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string findings = check.StandardOutput.ReadToEnd();
        check.WaitForExit();
        Assert.True(check.ExitCode == 0, findings);
    }

    private void Deployed()
    {
        _hook.AddVaults("kv-one", "kv-two");
        _hook.Environment["VOICE_STAGE"] = "deployed";
        _hook.Environment["SIGNALING_URL"] = "https://front.example";
        _hook.Environment["SIGNALING_URLS"] = """["https://one.example","https://two.example"]""";
        _hook.Environment["VOICE_RESOURCE_GROUPS"] = """["rg-one","rg-two"]""";
    }

    private HookResult Succeeded(string hook)
    {
        var result = _hook.Run(hook);
        Assert.True(result.ExitCode == 0, $"{hook} ended with {result.ExitCode}: {result.Output}{result.Error}");
        return result;
    }

    private void Failed(string hook, string problem, string fix)
    {
        var result = _hook.Run(hook);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("voice: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(problem, result.Error, StringComparison.Ordinal);
        Assert.Contains(fix, result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Left);
    }

    /// <summary>The vault as a service sees it through its sidecar.</summary>
    private sealed class VaultFiles(HookRun hook, string vault) : ISecretStore
    {
        public Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default)
            => Task.FromResult(new SecretResult(SecretOutcome.Found, hook.Secret(vault, key), null));
    }
}
