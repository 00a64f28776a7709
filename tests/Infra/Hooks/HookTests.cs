using System.Buffers.Binary;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hooks;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>The hooks of azure.yaml with a fake az.</summary>
public sealed class HookTests : IDisposable
{
    private static readonly string[] FleetSecretNames =
        [SecretNames.ApiKeys, SecretNames.DtlsCertificate, SecretNames.HintKeys, SecretNames.LinkKey, SecretNames.PasswordKeys,
            SecretNames.ScaleToken, SecretNames.TokenKeys];

    private const string TwoRegions = """[{"location":"a","number":1,"shards":2},{"location":"b","number":2,"shards":2}]""";

    private readonly HookRun _hook = new();

    public void Dispose() => _hook.Dispose();

    [Fact]
    public async Task PostProvision_FirstRun_MakesKeysThatTheServicesTake()
    {
        _hook.AddVaults("kv-one");
        HookResult result = await SucceededAsync("postprovision");
        Assert.Equal(FleetSecretNames.Order(StringComparer.Ordinal), _hook.Secrets("kv-one"));
        FleetKeys keys = await FleetKeys.LoadAsync(new VaultFiles(_hook, "kv-one"), FleetSecrets.Signaling | FleetSecrets.Transceiver,
            NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        Assert.Equal(1, keys.HintKeys.CurrentId);
        Assert.Equal(2, keys.PasswordKeys.Count);
        Assert.Equal(1, keys.ApiKeys.Count);
        Assert.StartsWith("sha-256 ", keys.CertificateFingerprint, StringComparison.Ordinal);
        Assert.NotEqual(_hook.Secret("kv-one", SecretNames.HintKeys), _hook.Secret("kv-one", SecretNames.PasswordKeys));
        Assert.Contains("images come next", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostProvision_SecondRun_WritesNothing()
    {
        _hook.AddVaults("kv-one", "kv-two");
        await SucceededAsync("postprovision");
        Assert.Equal(2 * FleetSecretNames.Length, Count("secret set"));
        Dictionary<string, string> before = FleetSecretNames.ToDictionary(n => n, n => _hook.Secret("kv-one", n));
        await SucceededAsync("postprovision");
        Assert.Equal(0, Count("secret set"));
        Assert.Equal(0, Count("secret show"));
        Assert.All(before, s => Assert.Equal(s.Value, _hook.Secret("kv-two", s.Key)));
    }

    [Fact]
    public async Task PostProvision_ANewRegion_GetsTheKeysOfTheFirst()
    {
        _hook.AddVaults("kv-one");
        await SucceededAsync("postprovision");
        // The order of the vaults is not that of their regions' age.
        _hook.AddVaults("kv-new", "kv-one");
        await SucceededAsync("postprovision");
        Assert.Equal(FleetSecretNames.Length, Count("secret set --vault-name kv-new"));
        Assert.Equal(0, Count("secret set --vault-name kv-one"));
        foreach (string name in FleetSecretNames) Assert.Equal(_hook.Secret("kv-one", name), _hook.Secret("kv-new", name));
    }

    [Fact]
    public async Task PostProvision_Values_AreNeverPrintedNorArgumentsNorLeftNorReadableByOthers()
    {
        _hook.AddVaults("kv-one", "kv-two");
        _hook.Environment["VOICE_AGENT_API_KEY"] = "a key of somebody's backend";
        _hook.Environment["VOICE_AGENT_KEY_SECRET_NAME"] = "voice-agent-key";
        foreach (int _ in Enumerable.Range(0, 2))
        {
            HookResult result = await SucceededAsync("postprovision");
            string seen = result.Output + string.Join('\n', _hook.Calls);
            foreach (string name in FleetSecretNames.Append("voice-agent-key"))
            {
                // The keys of a ring are checked one by one, and a PEM line by line.
                foreach (string part in _hook.Secret("kv-one", name).Split(',', ':', '\n').Where(p => p.Length > 8))
                    Assert.DoesNotContain(part, seen, StringComparison.Ordinal);
            }
            Assert.Empty(result.Left);
        }
        // Each file comes before its folder.
        string[] modes = File.ReadAllLines(_hook.At("modes"));
        Assert.Equal(4 * (FleetSecretNames.Length + 1), modes.Length);
        foreach (string[] pair in modes.Chunk(2))
        {
            Assert.StartsWith("600 ", pair[0], StringComparison.Ordinal);
            Assert.StartsWith("700 ", pair[1], StringComparison.Ordinal);
        }
        Assert.Equal("a key of somebody's backend", _hook.Secret("kv-two", "voice-agent-key"));
    }

    [Fact]
    public async Task PostProvision_AgentKeyWithoutAName_SaysWhichVariableIsMissing()
    {
        _hook.AddVaults("kv-one");
        _hook.Environment["VOICE_AGENT_API_KEY"] = "a key";
        await FailedAsync("postprovision", "VOICE_AGENT_KEY_SECRET_NAME is not", "azd env set");
    }

    [Fact]
    public async Task PostProvision_ChangedAgentKey_IsReplacedAndTheFleetsKeysAreNot()
    {
        _hook.AddVaults("kv-one");
        _hook.Environment["VOICE_AGENT_API_KEY"] = "the first";
        _hook.Environment["VOICE_AGENT_KEY_SECRET_NAME"] = "voice-agent-key";
        await SucceededAsync("postprovision");
        _hook.Environment["VOICE_AGENT_API_KEY"] = "the second";
        await SucceededAsync("postprovision");
        Assert.Equal(1, Count("secret set"));
        Assert.Equal("the second", _hook.Secret("kv-one", "voice-agent-key"));
    }

    [Fact]
    public async Task PostProvision_RoleThatDoesNotCountYet_IsAskedAgain()
    {
        _hook.AddVaults("kv-one");
        _hook.Write("refusals", "1\n2\n");
        HookResult result = await SucceededAsync("postprovision");
        Assert.Equal(2, result.Output.Split("no access yet").Length - 1);
        Assert.Contains("(10 s of 60 s): (Forbidden)", result.Output, StringComparison.Ordinal);
        Assert.Equal(FleetSecretNames.Length, _hook.Secrets("kv-one").Count);
    }

    [Fact]
    public async Task PostProvision_RoleThatNeverComes_EndsWithTheRolesName()
    {
        _hook.AddVaults("kv-one");
        _hook.Write("refusals", string.Concat(Enumerable.Repeat("x\n", 100)));
        await FailedAsync("postprovision", "kv-one can't be read after 60 s: (Forbidden)", "Key Vault Secrets Officer");
        Assert.Equal(7, Count("secret list"));
    }

    [Fact]
    public async Task PostProvision_OneRingOfTwo_IsNotCompletedByAnother()
    {
        _hook.AddVaults("kv-one");
        _hook.Write("vaults/kv-one/" + SecretNames.HintKeys, "3:AAAA");
        await FailedAsync("postprovision", SecretNames.PasswordKeys, "recover");
        Assert.Single(_hook.Secrets("kv-one"));
    }

    [Fact]
    public async Task PostProvision_DeletedSecretOfTheName_SaysHowToRecoverIt()
    {
        _hook.AddVaults("kv-one");
        _hook.Write("read-only", "");
        await FailedAsync("postprovision", "(Conflict)", "az keyvault secret recover --vault-name kv-one");
    }

    [Fact]
    public async Task PostProvision_Deployed_WaitsForEachRegionAndShowsTheWayIn()
    {
        Deployed();
        _hook.NotReady = 2;
        HookResult result = await SucceededAsync("postprovision");
        Assert.Equal(4, result.Output.Split("not ready yet").Length - 1);
        Assert.Contains("(status 503) {\"status\":\"not_ready\",\"reasons\":[\"keys are not loaded\"]}", result.Output,
            StringComparison.Ordinal);
        foreach (string words in new[]
        {
            "https://one.example: ready after 20 s", "https://two.example: ready after 20 s", "Talk to it:    https://front.example",
            "secret voice-api-keys in vault kv-one", "azd down --force --purge",
        })
            Assert.Contains(words, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostProvision_NeverReady_EndsWithTheRegionAndWhereToLook()
    {
        Deployed();
        _hook.NotReady = int.MaxValue;
        await FailedAsync("postprovision", "not ready after 60 s: https://one.example https://two.example",
            "az containerapp logs show --name signaling --resource-group rg-voice-one");
    }

    [Fact]
    public async Task PostProvision_KeysInEachVault_LetTheRegionsAppsCome()
    {
        _hook.AddVaults("kv-one", "kv-two");
        _hook.Environment["VOICE_REGIONS"] = """["a","b"]""";
        await SucceededAsync("postprovision");
        Assert.Contains("azd env set VOICE_KEYED_REGIONS a,b --environment voice", _hook.Calls);
        await SucceededAsync("postprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PostProvision_ArrayWithEscapedQuotes_IsRead()
    {
        _hook.AddVaults("kv-one");
        _hook.Environment["VOICE_KEY_VAULTS"] = """[\"kv-one\"]""";
        await SucceededAsync("postprovision");
        Assert.Equal(FleetSecretNames.Length, _hook.Secrets("kv-one").Count);
    }

    [Fact]
    public async Task PostDeploy_OtherImagesInTwoRegions_SetsThemShardByShardAndNoneTwice()
    {
        Stands("""["rg-voice-one","rg-voice-two"]""");
        // This machine published last before another one did. Its images are not taken.
        foreach (string service in new[] { "SIGNALING", "RELAY", "TRANSCEIVER", "LOCAL_AGENT" })
            _hook.Environment[$"SERVICE_{service}_IMAGE_NAME"] = $"cr.example/{service.ToLowerInvariant()}:0";
        foreach (string app in new[] { "rg-voice-one/signaling", "rg-voice-one/relay", "rg-voice-one/transceiver-00" })
            _hook.Write("apps/" + app, $"cr.example/{app.Split('/', '-')[3]}:2");
        foreach (string app in new[]
            { "rg-voice-one/transceiver-01", "rg-voice-two/signaling", "rg-voice-two/transceiver-00", "rg-voice-two/local-agent" })
            _hook.Write("apps/" + app, "cr.example/old:1");
        _hook.Write("starting", "1\n");
        HookResult result = await SucceededAsync("postdeploy");
        Assert.Equal(
            [
                "rg-voice-one transceiver-01 cr.example/transceiver:2", "rg-voice-two transceiver-00 cr.example/transceiver:2",
                "rg-voice-two signaling cr.example/signaling:2",
            ],
            Updates().Select(c => c.Split(' ')).Select(w => $"{w[4]} {w[6]} {w[8]}"));
        Assert.Contains("the new revision starts, 0 s of 60 s", result.Output, StringComparison.Ordinal);
        // The home region has no such app, so the hook does not change it.
        Assert.Equal("cr.example/old:1", await File.ReadAllTextAsync(_hook.At("apps", "rg-voice-two", "local-agent")));
        await SucceededAsync("postdeploy");
        Assert.Empty(Updates());
    }

    [Fact]
    public async Task PostDeploy_RevisionThatNeverRuns_StopsThere()
    {
        Stands("""["rg-voice-one"]""");
        _hook.Write("apps/rg-voice-one/transceiver-00", "cr.example/transceiver:2");
        foreach (string app in new[] { "transceiver-01", "transceiver-02" })
            _hook.Write("apps/rg-voice-one/" + app, "cr.example/transceiver:1");
        _hook.Write("starting", string.Concat(Enumerable.Repeat("x\n", 100)));
        await FailedAsync("postdeploy", "rg-voice-one/transceiver-01: the new revision does not run",
            "az containerapp logs show --name transceiver-01");
        Assert.Equal("cr.example/transceiver:1", await File.ReadAllTextAsync(_hook.At("apps", "rg-voice-one", "transceiver-02")));
    }

    [Fact]
    public async Task PostDeploy_ImageThatDoesNotRunAtHome_GoesNowhereElse()
    {
        Stands("""["rg-voice-one","rg-voice-two"]""");
        foreach (string app in new[] { "rg-voice-one/transceiver-00", "rg-voice-one/signaling" })
            _hook.Write("apps/" + app, "cr.example/broken:2");
        foreach (string app in new[] { "rg-voice-one/transceiver-01", "rg-voice-two/transceiver-00", "rg-voice-two/signaling" })
            _hook.Write("apps/" + app, "cr.example/good:1");
        _hook.Write("broken/rg-voice-one/signaling", "");
        await FailedAsync("postdeploy", "rg-voice-one/signaling: the new revision does not run", "no other app was changed");
        Assert.Empty(Updates());
    }

    [Theory]
    [InlineData("cr.example/t:azd-deploy-200", "cr.example/t:azd-deploy-100", "cr.example/t:azd-deploy-200")]
    [InlineData("cr.example/t:azd-deploy-100", "cr.example/t:azd-deploy-200", "cr.example/t:azd-deploy-200")]
    [InlineData("cr.example/t:one", "cr.example/t:two", "cr.example/t:two")]
    public async Task PostDeploy_ShardsThatAreKept_KeepTheirImageAndDoNotRollTheOthersBack(string first, string third, string wanted)
    {
        // Another service was deployed: shard 0 is kept with its old image. Or the transceiver was, and azd updated shard 0 all the same.
        _hook.WriteDeployment(50, """[{"location":"one","number":1,"shards":4,"keepShards":2}]""");
        _hook.Write("apps/rg-voice-one/transceiver-00", first);
        _hook.Write("apps/rg-voice-one/transceiver-01", "cr.example/t:azd-deploy-90");
        foreach (string app in new[] { "transceiver-02", "transceiver-03" }) _hook.Write("apps/rg-voice-one/" + app, third);
        HookResult result = await SucceededAsync("postdeploy");
        foreach ((string app, string image) in new[]
            { ("00", first), ("01", "cr.example/t:azd-deploy-90"), ("02", wanted), ("03", wanted) })
            Assert.Equal(image, await File.ReadAllTextAsync(_hook.At("apps", "rg-voice-one", $"transceiver-{app}")));
        Assert.Contains("the shards below 2 are kept", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("predeploy")]
    [InlineData("postdeploy")]
    public async Task Deploy_NothingDeployed_SaysAzdUp(string hook) => await FailedAsync(hook, "nothing is deployed", "azd up");

    [Theory]
    [InlineData("""[{"location":"a","number":1,"shards":2}]""", null, "")]
    [InlineData("""[{"location":"a","number":1,"shards":2},"""
        + """{"location":"b","number":255,"shards":4,"standbyShards":4,"zoneRedundant":true}]""", null, "")]
    [InlineData("""[{"location":"a","number":1,"shards":2},{"location":"b","number":1,"shards":2}]""", "two regions have the number 1", "")]
    [InlineData("""[{"location":"a","number":1,"shards":2},{"location":"a","number":2,"shards":2}]""", "location a is there twice", "")]
    [InlineData("""[{"location":"A","number":1,"shards":2}]""", "'A' is no location", "small letters")]
    [InlineData("""[{"location":"sweden central","number":1,"shards":2}]""", "'sweden central' is no location", "swedencentral")]
    [InlineData("""[{"location":"a","number":256,"shards":2}]""", "number 256", "0 to 255")]
    [InlineData("""[{"location":"a","shards":2}]""", "has no number", "0 to 255")]
    [InlineData("""[{"location":"a","number":1,"shards":5,"standbyShards":4}]""", "more than 8 shards", "VOICE_MAXIMUM_SHARDS")]
    [InlineData("""[{"location":"","number":1,"shards":2}]""", "has no location", "")]
    [InlineData("[{", "can't be read", "azd env set VOICE_REGIONS_JSON")]
    [InlineData("""{"location":"a","number":1,"shards":2}""", "is no list", "azd env set VOICE_REGIONS_JSON")]
    [InlineData("[]", "is empty", "azd env set VOICE_REGIONS_JSON")]
    public async Task PreProvision_Regions_AreCheckedForWhatWouldBreakLater(string regions, string? problem, string fix)
    {
        _hook.Environment["AZURE_LOCATION"] = "swedencentral";
        _hook.Environment["VOICE_REGIONS_JSON"] = regions;
        if (problem is null) await SucceededAsync("preprovision");
        else await FailedAsync("preprovision", problem, fix);
    }

    [Theory]
    [InlineData("", "one, at the location that azd asks for")]
    [InlineData("swedencentral", "regions: swedencentral (number 1)")]
    public async Task PreProvision_WithoutAList_TheOneRegionIsAzdsLocation(string location, string words)
    {
        _hook.Environment["AZURE_LOCATION"] = location;
        Assert.Contains(words, (await SucceededAsync("preprovision")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PreProvision_MoreShardsThanUsual_AreAcceptedWithTheMaximum()
    {
        _hook.Environment["VOICE_REGIONS_JSON"] = """[{"location":"a","number":1,"shards":12}]""";
        await FailedAsync("preprovision", "more than 8 shards", "");
        _hook.Environment["VOICE_MAXIMUM_SHARDS"] = "12";
        await SucceededAsync("preprovision");
    }

    [Fact]
    public async Task PreProvision_MachinesWithoutAKey_GetAPublicOne()
    {
        _hook.Environment["VOICE_EDGE"] = "udp-edge";
        await SucceededAsync("preprovision");
        string set = Assert.Single(_hook.Calls, c
            => c.StartsWith("azd env set VOICE_EDGE_SSH_PUBLIC_KEY ssh-rsa AAAA", StringComparison.Ordinal));
        // Three fields, each after its length (RFC 4253, section 6.6): "ssh-rsa", the exponent 65537, and a positive modulus of 3072 bits.
        ReadOnlySpan<byte> blob = Convert.FromBase64String(set.Split(' ')[5]);
        Assert.Equal("ssh-rsa"u8.ToArray(), Field(ref blob));
        Assert.Equal([1, 0, 1], Field(ref blob));
        byte[] modulus = Field(ref blob);
        Assert.Equal(385, modulus.Length);
        Assert.Equal(0, modulus[0]);
        Assert.True(blob.IsEmpty);
        _hook.Environment["VOICE_EDGE_SSH_PUBLIC_KEY"] = "ssh-rsa mine";
        await SucceededAsync("preprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));

        static byte[] Field(ref ReadOnlySpan<byte> rest)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(rest);
            byte[] field = rest.Slice(4, length).ToArray();
            rest = rest[(4 + length)..];
            return field;
        }
    }

    [Theory]
    // The image that runs, that of this machine, VOICE_ROLL_BACK, the seconds of the last deployment, whether the running one stays.
    [InlineData(200_000, 100_000, "", 150_000, true)]
    [InlineData(200_000, 100_000, "relay", 150_000, false)]
    [InlineData(200_000, 100_000, "signaling", 150_000, true)]
    [InlineData(100_000, 200_000, "", 150_000, false)]
    [InlineData(100_000, 100_000, "", 150_000, null)]
    [InlineData(100_000, null, "", 150_000, true)]
    [InlineData(100_000, null, "relay", 150_000, true)]
    // Somebody went back to the older one by a deployment after this machine had published.
    [InlineData(100_000, 200_000, "", 250_000, true)]
    // The clock of this machine is five minutes behind.
    [InlineData(100_000, 200_000, "", 200_300, false)]
    public async Task PreProvision_ImageThatRuns_StaysUnlessThisMachineHasANewerOne(
        int running, int? known, string rollBack, int deployedAt, bool? stays)
    {
        BesideAGroup();
        _hook.WriteDeployment(deployedAt, TwoRegions);
        _hook.Environment["VOICE_KEYED_REGIONS"] = "a";
        string image = $"cr.example/relay:azd-deploy-{running}";
        if (known is not null) _hook.Environment["SERVICE_RELAY_IMAGE_NAME"] = $"cr.example/relay:azd-deploy-{known}";
        _hook.Environment["VOICE_ROLL_BACK"] = rollBack;
        _hook.Write("apps/rg-voice-a/relay", image);
        HookResult result = await SucceededAsync("preprovision");
        string[] set = [.. _hook.Calls.Where(c => c.StartsWith("azd ", StringComparison.Ordinal))];
        Assert.Equal(stays == true ? [$"azd env set SERVICE_RELAY_IMAGE_NAME {image} --environment voice"] : [], set);
        // Nothing changes without a word.
        string? words = stays switch { true => $"relay keeps {image}", false => $"relay changes from {image}", null => null };
        if (words is null) Assert.DoesNotContain("images:", result.Output, StringComparison.Ordinal);
        else Assert.Contains(words, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PreProvision_TagOfSomebodysOwn_CountsAsMeant()
    {
        BesideAGroup();
        _hook.Environment["SERVICE_RELAY_IMAGE_NAME"] = "cr.example/relay:v3";
        _hook.Write("apps/rg-voice-a/relay", "cr.example/relay:azd-deploy-200");
        HookResult result = await SucceededAsync("preprovision");
        Assert.Contains("relay changes from cr.example/relay:azd-deploy-200 to cr.example/relay:v3", result.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task PreProvision_RollBackOfNoService_NamesThem()
    {
        BesideAGroup();
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-a"));
        _hook.Environment["VOICE_ROLL_BACK"] = "true";
        await FailedAsync("preprovision", "names 'true'", "transceiver, relay, local-agent, signaling");
    }

    [Fact]
    public async Task PreProvision_SettingsThatThisMachineDoesNotHave_AreThoseOfTheDeployment()
    {
        _hook.WriteDeployment(100, TwoRegions, """
            "edge":{"value":"udp-edge"},"relays":{"value":3},"frontDoorOnly":{"value":false},"agentUrl":{"value":"wss://x"},
            "edgeSshPublicKey":{"value":"ssh-rsa theirs"},"shardSize":{"value":"small"},"subscribers":{"value":[]},
            "logDailyQuotaGb":{"value":1},"agentName":{"value":"other"}
            """);
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-a"));
        // Empty, and there: somebody wants the sample agent back.
        _hook.Environment["VOICE_AGENT_URL"] = "";
        HookResult result = await SucceededAsync("preprovision");
        foreach ((string variable, string value) in new[]
        {
            ("VOICE_EDGE", "udp-edge"), ("VOICE_RELAYS", "3"), ("VOICE_FRONT_DOOR_ONLY", "false"), ("VOICE_AGENT_URL", ""),
            ("VOICE_EDGE_SSH_PUBLIC_KEY", "ssh-rsa theirs"), ("AZURE_LOCATION", "a"), ("VOICE_REGIONS_JSON", TwoRegions),
        })
            Assert.Equal(value, _hook.Environment[variable]);
        Assert.Contains("VOICE_EDGE is udp-edge, as deployed", result.Output, StringComparison.Ordinal);
        // Defaults are not written down: a later version may have better ones.
        foreach (string variable in new[] { "VOICE_SHARD_SIZE", "VOICE_SUBSCRIBERS_JSON", "VOICE_LOG_DAILY_QUOTA_GB" })
            Assert.DoesNotContain(variable, _hook.Environment.Keys);
        await SucceededAsync("preprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PreProvision_OtherLocationThanTheDeployments_IsRefused()
    {
        _hook.WriteDeployment(100, TwoRegions);
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-a"));
        _hook.Environment["AZURE_LOCATION"] = "b";
        await FailedAsync("preprovision", "deployed with AZURE_LOCATION a", "azd env set AZURE_LOCATION a");
    }

    [Fact]
    public async Task PreProvision_GroupOfAnotherEnvironment_IsNotTakenOver()
    {
        BesideAGroup();
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-b"));
        _hook.Write("tags/rg-voice-b", """{"voice-environment":"voice-b","azd-env-name":"voice-b"}""");
        await FailedAsync("preprovision", "group rg-voice-b exists and is not part of the environment voice", "azd env new");
    }

    [Fact]
    public async Task PreProvision_DeletedVaultOfARegionThatComesBack_IsSaidBeforeTheDeploymentFails()
    {
        BesideAGroup();
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-a"));
        DeletedVaults("b");
        await FailedAsync("preprovision", "deleted vault kv-voice-one", "az keyvault purge --name kv-voice-one --location b");
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-b"));
        await SucceededAsync("preprovision");
    }

    [Fact]
    public async Task PreProvision_AgentKeyWithoutAName_IsSaidBeforeTheDeployment()
    {
        _hook.Environment["VOICE_AGENT_API_KEY"] = "a key";
        await FailedAsync("preprovision", "VOICE_AGENT_KEY_SECRET_NAME is not", "azd env set");
    }

    [Theory]
    [InlineData("udp-edge", "cr.example/relay:azd-deploy-300")]
    [InlineData("", "cr.example/relay:azd-deploy-100")]
    public async Task PreProvision_RelaysOnMachines_TheirImageCountsAndNotThatOfAnAppBefore(string edge, string kept)
    {
        BesideAGroup();
        // What is deployed counts, and not what comes next: the machine may be on its way back to apps.
        _hook.WriteDeployment(50, TwoRegions, $$"""
            "edge":{"value":"{{edge}}"}
            """);
        _hook.Environment["VOICE_EDGE"] = "aca-tcp";
        _hook.Environment["VOICE_EDGE_SSH_PUBLIC_KEY"] = "ssh-rsa mine";
        _hook.Write("apps/rg-voice-a/relay", "cr.example/relay:azd-deploy-100");
        _hook.Write("machines/rg-voice-a", "EDGE_REGISTRY=cr.example\nEDGE_RELAY_IMAGE=cr.example/relay:azd-deploy-300\nOTHER=1");
        await SucceededAsync("preprovision");
        Assert.Equal(kept, _hook.Environment["SERVICE_RELAY_IMAGE_NAME"]);
    }

    [Fact]
    public async Task PreProvision_MachinesThatCantBeRead_AreNotTakenForNone()
    {
        BesideAGroup();
        _hook.WriteDeployment(50, TwoRegions, """
            "edge":{"value":"udp-edge"}
            """);
        _hook.Write("apps/rg-voice-a/signaling", "cr.example/any:1");
        _hook.Write("no-machines-read", "");
        await FailedAsync("preprovision", "the machines of rg-voice-a can't be read: (AuthorizationFailed)", "Contributor");
    }

    [Fact]
    public async Task PreProvision_RegionThatLeftTheList_IsNamedWithTheCommand()
    {
        BesideAGroup();
        foreach (string group in new[] { "rg-voice", "rg-voice-a", "rg-voice-b", "rg-voice-c", "rg-other", "rg-shop-voice" })
            Directory.CreateDirectory(_hook.At("apps", group));
        // Of another environment of ours, and of an environment with the same name of another project that uses azd.
        _hook.Write("tags/rg-other", """{"voice-environment":"other","azd-env-name":"other"}""");
        _hook.Write("tags/rg-shop-voice", """{"azd-env-name":"voice"}""");
        HookResult result = await SucceededAsync("preprovision");
        Assert.Equal(["           az group delete --name rg-voice-c --yes"],
            result.Output.Split('\n').Where(l => l.Contains("az group delete", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task PreProvision_AfterDown_ForgetsWhatIsGone()
    {
        BesideAGroup();
        _hook.Environment["VOICE_KEYED_REGIONS"] = "a,b";
        foreach (string service in new[] { "SIGNALING", "RELAY" })
            _hook.Environment[$"SERVICE_{service}_IMAGE_NAME"] = "cr.example/gone:azd-deploy-100";
        HookResult result = await SucceededAsync("preprovision");
        Assert.Contains("those of an earlier deployment are forgotten", result.Output, StringComparison.Ordinal);
        foreach (string name in new[] { "SERVICE_SIGNALING_IMAGE_NAME", "SERVICE_RELAY_IMAGE_NAME", "VOICE_KEYED_REGIONS" })
            Assert.Equal("", _hook.Environment[name]);
        await SucceededAsync("preprovision");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PreProvision_RegionWithoutItsGround_CountsAsOneWithoutKeys()
    {
        BesideAGroup();
        _hook.Environment["VOICE_KEYED_REGIONS"] = "a,b";
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-a"));
        await SucceededAsync("preprovision");
        Assert.Equal("a", _hook.Environment["VOICE_KEYED_REGIONS"]);
        // A machine that never deployed knows it from the apps.
        _hook.Environment["VOICE_KEYED_REGIONS"] = "";
        _hook.Write("apps/rg-voice-b/signaling", "cr.example/any:1");
        await SucceededAsync("preprovision");
        Assert.Equal("b", _hook.Environment["VOICE_KEYED_REGIONS"]);
    }

    [Theory]
    [InlineData("", "", null, "secret voice-agent-key (VOICE_AGENT_KEY_SECRET_NAME) is in no vault")]
    [InlineData("", "old", "old", null)]
    [InlineData("new", "old", "new", null)]
    public async Task PreProvision_AgentsKeyBesideRunningApps_IsInEachVaultBeforeTheAppsAskForIt(
        string given, string known, string? stored, string? problem)
    {
        BesideAGroup();
        _hook.Environment["VOICE_AGENT_KEY_SECRET_NAME"] = "voice-agent-key";
        _hook.Environment["VOICE_AGENT_API_KEY"] = given;
        _hook.AddVaults("kv-a", "kv-b");
        if (known.Length > 0) _hook.Write("vaults/kv-a/voice-agent-key", known);
        foreach (string region in new[] { "a", "b" })
        {
            _hook.Write($"apps/rg-voice-{region}/signaling", "cr.example/any:1");
            _hook.Write($"vaults-of/rg-voice-{region}/kv-{region}", "");
        }
        if (problem is null) await SucceededAsync("preprovision");
        else await FailedAsync("preprovision", problem, "VOICE_AGENT_API_KEY");
        Assert.Equal(stored, File.Exists(_hook.At("vaults", "kv-b", "voice-agent-key")) ? _hook.Secret("kv-b", "voice-agent-key") : null);
        // Regions whose apps come later get it from the post-provision hook.
        foreach (string region in new[] { "a", "b" }) Directory.Delete(_hook.At("apps", $"rg-voice-{region}"), recursive: true);
        _hook.Environment["VOICE_KEYED_REGIONS"] = "";
        await SucceededAsync("preprovision");
    }

    [Fact]
    public async Task Hooks_OfAnotherSubscriptionThanAzs_NameIt()
    {
        BesideAGroup();
        Deployed();
        _hook.Environment["AZURE_SUBSCRIPTION_ID"] = "00000000-0000-0000-0000-00000000000b";
        foreach (string hook in new[] { "preprovision", "postprovision", "postdown" })
        {
            await SucceededAsync(hook);
            Assert.All(_hook.Calls.Where(c => c.StartsWith("az ", StringComparison.Ordinal) && c != "az version --output json"),
                call => Assert.EndsWith("--subscription 00000000-0000-0000-0000-00000000000b", call, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task PostDown_NothingLeft_SaysSo()
    {
        Assert.Contains("nothing of voice is left in Azure", (await SucceededAsync("postdown")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostDown_GroupAndVaultLeft_NamesBothWithTheirCommands()
    {
        Directory.CreateDirectory(_hook.At("apps", "rg-voice-b"));
        DeletedVaults("swedencentral");
        string output = (await SucceededAsync("postdown")).Output;
        Assert.Contains("az group delete --name rg-voice-b --yes", output, StringComparison.Ordinal);
        Assert.Contains("az keyvault purge --name kv-voice-one --location swedencentral", output, StringComparison.Ordinal);
        Assert.DoesNotContain("kv-other", output, StringComparison.Ordinal);
        Assert.DoesNotContain("kv-shop", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-rights", "the resource groups can't be listed: (AuthorizationFailed)")]
    [InlineData("no-rights-on-vaults", "the deleted vaults can't be listed: (AuthorizationFailed)")]
    public async Task PostDown_WhatCantBeListed_IsNotTakenForNothing(string file, string problem)
    {
        _hook.Write(file, "");
        await FailedAsync("postdown", problem, "Reader");
    }

    [Fact]
    public async Task PreDeploy_EverythingThere_GoesOn()
    {
        Deployable();
        await SucceededAsync("predeploy");
        Assert.DoesNotContain(_hook.Calls, c => c.StartsWith("azd ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PreDeploy_RelaysOnMachines_SaysPublishAndProvisionBeforeTheBuilds()
    {
        Deployable("""
            "edge":{"value":"udp-edge"}
            """);
        await FailedAsync("predeploy", "the relays run on machines", "azd publish --all && azd provision");
    }

    [Theory]
    [InlineData("signaling", "true")]
    [InlineData("relay", "true")]
    [InlineData("transceiver-00", "true")]
    [InlineData("local-agent", "true")]
    [InlineData("local-agent", "false")]
    public async Task PreDeploy_AppThatIsNotThere_IsNamedUnlessItIsNotDeployed(string app, string sampleAgent)
    {
        Deployable(sampleAgent == "true" ? "" : """
            "agentUrl":{"value":"wss://agent.example"}
            """);
        File.Delete(_hook.At("apps", "rg-voice-one", app));
        if (sampleAgent == "false") await SucceededAsync("predeploy");
        else await FailedAsync("predeploy", $"rg-voice-one/{app} is not there", "azd publish --all && azd provision");
    }

    [Fact]
    public async Task PreDeploy_ImageOfAnotherMachine_IsTakenOverAndSaid()
    {
        Deployable();
        _hook.Environment["SERVICE_RELAY_IMAGE_NAME"] = "cr.example/relay:azd-deploy-100";
        _hook.Write("apps/rg-voice-one/relay", "cr.example/relay:azd-deploy-200");
        HookResult result = await SucceededAsync("predeploy");
        Assert.Contains("relay keeps cr.example/relay:azd-deploy-200, which runs", result.Output, StringComparison.Ordinal);
        Assert.Equal("cr.example/relay:azd-deploy-200", _hook.Environment["SERVICE_RELAY_IMAGE_NAME"]);
    }

    [Fact]
    public async Task PreDeploy_ShardsThatAreKept_SaysThatTheFirstIsNot()
    {
        Deployable();
        _hook.WriteDeployment(50, """[{"location":"one","number":1,"shards":3,"keepShards":2}]""");
        Assert.Contains("transceiver-00 is kept, but", (await SucceededAsync("predeploy")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostProvision_AppsOfBefore_AreNamedAndOthersAreNot()
    {
        Deployed();
        _hook.Environment["VOICE_DEPLOYED_EDGE"] = "udp-edge";
        _hook.Environment["VOICE_SAMPLE_AGENT"] = "false";
        foreach (string app in new[]
            { "signaling", "relay", "local-agent", "transceiver-00", "transceiver-07", "call-log", "transceiver-x" })
            _hook.Write("apps/rg-voice-one/" + app, "cr.example/any:1");
        HookResult result = await SucceededAsync("postprovision");
        Assert.Equal(["local-agent", "relay", "transceiver-07"], result.Output.Split('\n')
            .Where(l => l.Contains("az containerapp delete", StringComparison.Ordinal)).Select(l => l.Trim().Split(' ')[4]));
    }

    [Theory]
    [InlineData("no-rights", "the resource groups can't be listed: (AuthorizationFailed)", "Reader")]
    [InlineData("no-list", "the apps of rg-voice-a can't be listed: (AuthorizationFailed)", "Contributor")]
    public async Task PreProvision_GroupThatCantBeRead_IsNoEmptyGroup(string file, string problem, string fix)
    {
        BesideAGroup();
        _hook.Write("apps/rg-voice-a/signaling", "cr.example/any:1");
        _hook.Write(file, "");
        await FailedAsync("preprovision", problem, fix);
    }

    [Theory]
    [InlineData("""{"azure-cli":"2.59.0"}""", "is 2.59.0", "az upgrade")]
    [InlineData("""{"azure-cli":"1.99.0"}""", "is 1.99.0", "az upgrade")]
    [InlineData("""{"azure-cli":""}""", "does not state its version", "az version")]
    [InlineData("{}", "does not state its version", "az version")]
    [InlineData("WARNING: no JSON", "does not state its version", "az version")]
    [InlineData("", "does not state its version", "az version")]
    public async Task PreProvision_VersionOfAz_IsKnownAndNewEnough(string answer, string problem, string fix)
    {
        _hook.Write("version", answer);
        await FailedAsync("preprovision", problem, fix);
    }

    [Theory]
    [InlineData("preprovision")]
    [InlineData("postprovision")]
    [InlineData("postdeploy")]
    [InlineData("predeploy")]
    [InlineData("postdown")]
    public async Task Hook_SignedOut_SaysHowToSignIn(string hook)
    {
        _hook.Write("signed-out", "");
        await FailedAsync(hook, "not signed in", "az login");
    }

    [Theory]
    [InlineData("preprovision")]
    [InlineData("postprovision")]
    [InlineData("postdeploy")]
    [InlineData("predeploy")]
    [InlineData("postdown")]
    public async Task Hook_WithoutAz_SaysWhereToGetIt(string hook)
    {
        File.Delete(_hook.At("bin", "az"));
        await FailedAsync(hook, "'az' is not on the PATH", "https://aka.ms/azure-cli");
    }

    [Theory]
    [InlineData("postprovision", "VOICE_KEY_VAULTS")]
    [InlineData("preprovision", "AZURE_ENV_NAME")]
    [InlineData("predeploy", "AZURE_ENV_NAME")]
    [InlineData("postdeploy", "AZURE_ENV_NAME")]
    [InlineData("postdown", "AZURE_ENV_NAME")]
    public async Task Hook_OutsideOfAzd_NamesTheVariable(string hook, string variable)
    {
        _hook.Environment.Remove("AZURE_ENV_NAME");
        await FailedAsync(hook, variable, "azd");
    }

    [Fact]
    public void Find_OnWindows_TakesTheBatchFileThatAzIsThere()
    {
        _hook.Write("one/az", "");
        _hook.Write("two/az.cmd", "");
        Assert.Equal(_hook.At("two", "az.cmd"), CommandLine.Find("az", $"{_hook.At("one")};\"{_hook.At("two")}\"", ".COM;.EXE;.BAT;.CMD"));
        Assert.Equal(_hook.At("one", "az"), CommandLine.Find("az", $"{_hook.At("none")}:{_hook.At("one")}", extensions: null));
        Assert.Null(CommandLine.Find("az", _hook.At("one"), ".CMD"));
    }

    private void DeletedVaults(string location) => _hook.Write("deleted-vaults", $$$"""
        [{"id":"/x","name":"kv-voice-one","properties":{"location":"{{{location}}}","tags":{"azd-env-name":"voice"}},"type":"x"},
         {"id":"/z","name":"kv-shop","properties":{"location":"{{{location}}}","tags":{"azd-env-name":"voice"}},"type":"x"},
         {"id":"/y","name":"kv-other","properties":{"location":"{{{location}}}","tags":null},"type":"x"}]
        """);

    private void Stands(string groups)
    {
        string[] locations = [.. JsonSerializer.Deserialize<string[]>(groups)!.Select(g => g["rg-voice-".Length..])];
        IEnumerable<string> regions = locations.Select((l, i) => $"{{\"location\":\"{l}\",\"number\":{i + 1},\"shards\":2}}");
        _hook.WriteDeployment(50, $"[{string.Join(',', regions)}]");
    }

    private void Deployable(string parameters = "")
    {
        _hook.WriteDeployment(50, """[{"location":"one","number":1,"shards":2}]""", parameters);
        foreach (HomeApp home in HomeApp.All)
        {
            _hook.Write("apps/rg-voice-one/" + home.App, "cr.example/any:azd-deploy-100");
            _hook.Environment[home.ImageVariable] = "cr.example/any:azd-deploy-100";
        }
    }

    private void BesideAGroup()
    {
        _hook.Environment["AZURE_LOCATION"] = "a";
        _hook.Environment["VOICE_REGIONS_JSON"] = TwoRegions;
    }

    private void Deployed()
    {
        _hook.AddVaults("kv-one", "kv-two");
        _hook.Environment["VOICE_STAGE"] = "deployed";
        _hook.Environment["VOICE_DEPLOYED_EDGE"] = "aca-tcp";
        _hook.Environment["VOICE_SAMPLE_AGENT"] = "true";
        _hook.Environment["VOICE_SHARDS"] = """[["transceiver-00","transceiver-01"],["transceiver-00"]]""";
        _hook.Environment["SIGNALING_URL"] = "https://front.example";
        _hook.Environment["SIGNALING_URLS"] = """["https://one.example","https://two.example"]""";
        _hook.Environment["VOICE_RESOURCE_GROUPS"] = """["rg-voice-one","rg-voice-two"]""";
    }

    private int Count(string words) => _hook.Calls.Count(c => c.Contains(words, StringComparison.Ordinal));

    private IEnumerable<string> Updates() => _hook.Calls.Where(c => c.StartsWith("az containerapp update", StringComparison.Ordinal));

    private async Task<HookResult> SucceededAsync(string hook)
    {
        HookResult result = await _hook.RunAsync(hook);
        Assert.True(result.Failure is null, $"{hook}: {result.Everything}");
        return result;
    }

    private async Task FailedAsync(string hook, string problem, string fix)
    {
        HookResult result = await _hook.RunAsync(hook);
        Assert.NotNull(result.Failure);
        Assert.Contains(problem, result.Failure.Message, StringComparison.Ordinal);
        Assert.Contains(fix, result.Failure.Fix, StringComparison.Ordinal);
        Assert.Empty(result.Left);
    }

    /// <summary>The vault as a service reads it through its sidecar.</summary>
    private sealed class VaultFiles(HookRun hook, string vault) : ISecretStore
    {
        public Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default)
            => Task.FromResult(new SecretResult(SecretOutcome.Found, hook.Secret(vault, key), null));
    }
}
