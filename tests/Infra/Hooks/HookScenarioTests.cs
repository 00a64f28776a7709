using Dapr.Voice.Hooks;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>
/// What teams do after the first 'azd up', with the real hooks, several machines and one Azure. The tests play the parts of azd and of the
/// template between the hooks, as docs/runbooks/everyday.md describes them.
/// </summary>
public sealed class HookScenarioTests : IDisposable
{
    private static readonly string[] Services = ["SIGNALING", "RELAY", "TRANSCEIVER", "LOCAL_AGENT"];

    private readonly HookRun _azure = new();
    private const string TwoRegions = """[{"location":"a","number":1,"shards":2},{"location":"b","number":2,"shards":2}]""";

    private readonly Dictionary<string, string> _first;
    private long _now;

    public HookScenarioTests()
    {
        _first = NewMachine();
        _first["VOICE_REGIONS_JSON"] = TwoRegions;
        _first["VOICE_KEYED_REGIONS"] = "a,b";
        Publish(_first, 100_000, Services);
        Deploy(_first);
    }

    public void Dispose() => _azure.Dispose();

    [Fact]
    public async Task OldMachine_DeploysOneService_TheOthersStayAndShardsAndRegionsFollow()
    {
        // Another machine has published everything since.
        Dictionary<string, string> second = NewMachine();
        await ProvisionAsync(second, 200_000, Services);
        await DeployOneAsync(_first, "SIGNALING", "signaling", 300_000);
        foreach (string group in new[] { "rg-voice-a", "rg-voice-b" })
        {
            Assert.Equal(Image("SIGNALING", 300_000), Running(group, "signaling"));
            Assert.Equal(Image("RELAY", 200_000), Running(group, "relay"));
            Assert.Equal(Image("TRANSCEIVER", 200_000), Running(group, "transceiver-00"));
            Assert.Equal(Image("TRANSCEIVER", 200_000), Running(group, "transceiver-01"));
        }
        // What the machine knows now is what runs, so its next 'azd provision' rolls nothing back.
        await ProvisionAsync(_first);
        Assert.Equal(Image("RELAY", 200_000), Running("rg-voice-a", "relay"));
        Assert.Equal(Image("SIGNALING", 300_000), Running("rg-voice-b", "signaling"));
    }

    [Fact]
    public async Task OldMachine_ProvisionsAfterAPipeline_ThePipelinesImagesStay()
    {
        Dictionary<string, string> pipeline = NewMachine();
        await ProvisionAsync(pipeline, 200_000, Services);
        await ProvisionAsync(_first);
        foreach (string app in new[] { "rg-voice-a/signaling", "rg-voice-a/relay", "rg-voice-b/signaling" })
            Assert.EndsWith(":azd-deploy-200000", Running(app.Split('/')[0], app.Split('/')[1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FreshMachine_ProvisionsWithoutPublishing_NothingChanges()
    {
        await ProvisionAsync(NewMachine());
        Assert.Equal(Image("SIGNALING", 100_000), Running("rg-voice-a", "signaling"));
        Assert.Equal(Image("TRANSCEIVER", 100_000), Running("rg-voice-b", "transceiver-01"));
    }

    [Fact]
    public async Task OldMachine_RollsBack_ItsImagesRunAgain()
    {
        Dictionary<string, string> second = NewMachine();
        await ProvisionAsync(second, 200_000, Services);
        _first["VOICE_ROLL_BACK"] = "signaling,transceiver";
        await ProvisionAsync(_first);
        Assert.Equal(Image("SIGNALING", 100_000), Running("rg-voice-a", "signaling"));
        Assert.Equal(Image("TRANSCEIVER", 100_000), Running("rg-voice-b", "transceiver-00"));
        Assert.Equal(Image("RELAY", 200_000), Running("rg-voice-a", "relay"));
        // Another machine published the newer one. It does not undo the roll-back.
        await ProvisionAsync(second);
        Assert.Equal(Image("SIGNALING", 100_000), Running("rg-voice-a", "signaling"));
    }

    [Fact]
    public async Task StaleMachine_DeploysAfterARegionAndShardsCame_TheyFollowToo()
    {
        _azure.Write("apps/rg-voice-b/transceiver-02", Image("TRANSCEIVER", 100_000));
        _azure.Write("apps/rg-voice-c/transceiver-00", Image("TRANSCEIVER", 100_000));
        _first["VOICE_RESOURCE_GROUPS"] = """["rg-voice-a"]""";
        _first["VOICE_SHARDS"] = """[["transceiver-00"]]""";
        await DeployOneAsync(_first, "TRANSCEIVER", "transceiver-00", 300_000);
        Assert.Equal(Image("TRANSCEIVER", 300_000), Running("rg-voice-b", "transceiver-02"));
        Assert.Equal(Image("TRANSCEIVER", 300_000), Running("rg-voice-c", "transceiver-00"));
    }

    [Fact]
    public async Task BrokenImage_StopsAtHomesFirstApp()
    {
        _azure.Write("broken/rg-voice-a/transceiver-00", "");
        HookResult result = await RunAsync(_first, "predeploy");
        Assert.Null(result.Failure);
        Publish(_first, 200_000, "TRANSCEIVER");
        _azure.Write("apps/rg-voice-a/transceiver-00", Image("TRANSCEIVER", 200_000));
        result = await RunAsync(_first, "postdeploy");
        Assert.Contains("rg-voice-a/transceiver-00: the new revision does not run", result.Failure?.Message, StringComparison.Ordinal);
        foreach (string shard in new[] { "rg-voice-a/transceiver-01", "rg-voice-b/transceiver-00", "rg-voice-b/transceiver-01" })
            Assert.Equal(Image("TRANSCEIVER", 100_000), Running(shard.Split('/')[0], shard.Split('/')[1]));
    }

    [Fact]
    public async Task RegionLess_ThenDown_TheGroupThatStaysIsNamedBothTimes()
    {
        const string Delete = "az group delete --name rg-voice-b --yes";
        _first["VOICE_REGIONS_JSON"] = """[{"location":"a","number":1,"shards":2}]""";
        HookResult result = await RunAsync(_first, "preprovision");
        Assert.Contains(Delete, result.Output, StringComparison.Ordinal);
        Assert.Equal("a", _first["VOICE_KEYED_REGIONS"]);
        // 'azd down' takes what the last deployment named.
        Directory.Delete(_azure.At("apps", "rg-voice-a"), recursive: true);
        Assert.Contains(Delete, (await RunAsync(_first, "postdown")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UpAfterDown_StartsAsTheVeryFirstDid()
    {
        foreach (string group in new[] { "rg-voice-a", "rg-voice-b" }) Directory.Delete(_azure.At("apps", group), recursive: true);
        await RunAsync(_first, "preprovision");
        // The template makes no app without an image, and none in a region whose vault has no keys.
        foreach (string service in Services) Assert.Equal("", _first[$"SERVICE_{service}_IMAGE_NAME"]);
        Assert.Equal("", _first["VOICE_KEYED_REGIONS"]);
    }

    private static string Image(string service, int seconds) => $"cr.example/{service.ToLowerInvariant()}:azd-deploy-{seconds}";

    private Dictionary<string, string> NewMachine() => _azure.NewMachine();

    private string Running(string group, string app) => File.ReadAllText(_azure.At("apps", group, app));

    private void Publish(Dictionary<string, string> machine, int seconds, params string[] services)
    {
        foreach (string service in services) machine[$"SERVICE_{service}_IMAGE_NAME"] = Image(service, seconds);
        _now = Math.Max(_now, seconds);
    }

    /// <summary>What the template does: each app gets the image that the machine knows, and none without one.</summary>
    private void Deploy(Dictionary<string, string> machine)
    {
        foreach (string group in new[] { "rg-voice-a", "rg-voice-b" })
        {
            foreach (string app in new[] { "signaling", "relay", "local-agent", "transceiver-00", "transceiver-01" })
            {
                string service = app.StartsWith("transceiver", StringComparison.Ordinal) ? "TRANSCEIVER"
                    : app.Replace('-', '_').ToUpperInvariant();
                if (machine.GetValueOrDefault($"SERVICE_{service}_IMAGE_NAME") is { Length: > 0 } image)
                    _azure.Write($"apps/{group}/{app}", image);
            }
        }
        _azure.WriteDeployment(_now += 5_000, machine["VOICE_REGIONS_JSON"]);
    }

    private async Task ProvisionAsync(Dictionary<string, string> machine, int seconds = 0, params string[] published)
    {
        Publish(machine, seconds, published);
        HookResult result = await RunAsync(machine, "preprovision");
        Assert.True(result.Failure is null, result.Everything);
        Deploy(machine);
    }

    private async Task DeployOneAsync(Dictionary<string, string> machine, string service, string app, int seconds)
    {
        Assert.Null((await RunAsync(machine, "predeploy")).Failure);
        Publish(machine, seconds, service);
        _azure.Write($"apps/rg-voice-a/{app}", Image(service, seconds));
        Assert.Null((await RunAsync(machine, "postdeploy")).Failure);
    }

    private async Task<HookResult> RunAsync(Dictionary<string, string> machine, string hook)
    {
        _azure.Environment = machine;
        return await _azure.RunAsync(hook);
    }
}
