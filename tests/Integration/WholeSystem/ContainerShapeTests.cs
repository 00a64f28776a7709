using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// The shape that Container Apps gives the system: published builds that nobody can write to, run by the user nobody, with TCP only and
/// with the settings that the Bicep gives each container.
/// </summary>
[Collection(WholeSystemCollection.Name)]
public sealed partial class ContainerShapeTests(PublishedFolder published, ITestOutputHelper output)
{
    /// <summary>The variables of the platform that exist here. A container has more of them.</summary>
    private static readonly string[] FromPlatform = ["PATH", "DAPR_HTTP_PORT", "DAPR_GRPC_PORT", "APP_API_TOKEN"];

    /// <summary>Settings that have another value here, and the reason.</summary>
    private static readonly Dictionary<string, string> OtherHere = new(StringComparer.Ordinal)
    {
        ["Fleet__Region"] = "name",
        ["Fleet__RegionNumber"] = "number of that name",
        ["ASPNETCORE_HTTP_PORTS"] = "port: two shards share a host",
        ["ASPNETCORE_URLS"] = "address",
        ["Transceiver__LinkEndpoint"] = "address, port",
        ["Transceiver__AdvertisedLinkEndpoint"] = "address",
        ["Transceiver__Agents__local"] = "address",
        ["Signaling__Ingresses__0"] = "address",
        ["Signaling__DemoHosts__0"] = "name",
    };

    /// <summary>How long the sidecar waits for its app, which is the time that a process has to end.</summary>
    private static readonly TimeSpan TerminationGrace = TimeSpan.FromSeconds(5);

    [RootFact]
    public async Task Up_EdgeTcp_IsWhatTheBicepDeploysAndAnswers()
    {
        await using VoiceSystem voice = await UpAsync();
        Assert.Null((string?)voice.State["relay"]!["udp"]);
        var processes = voice.State["processes"]!.AsArray()
            .ToDictionary(p => (string)p!["name"]!, p => (int)p!["pid"]!, StringComparer.Ordinal);
        Assert.Equal(DeployedContainer.All.Keys.Append("sidecar").Order(), processes.Keys.Order());
        int compared = 0;
        foreach ((string name, int pid) in processes)
        {
            Assert.Matches("Uid:\t65534\t65534\t65534\t65534", await File.ReadAllTextAsync($"/proc/{pid}/status"));
            Assert.Equal(Path.Combine(published.Path, "dotnet", "dotnet"), new FileInfo($"/proc/{pid}/exe").LinkTarget);
            if (name != "sidecar") compared += await CompareAsync(DeployedContainer.All[name], pid);
        }
        output.WriteLine(
            $"container shape: {processes.Count} processes as nobody, {compared} settings of {DeployedContainer.All.Count} containers as "
            + $"the Bicep has them, {OtherHere.Count} names with another value here");

        Assert.Empty(voice.UdpSockets());
        // The settings name ports without an address. The command line says that only the relay's port is open to this machine's
        // neighbours.
        string[] open = [.. voice.TcpListeners().Where(l => !IPAddress.IsLoopback(l.Address)).Select(l => $"{l.Address}:{l.Port}")];
        Assert.Equal(["0.0.0.0:3478"], open.Distinct());

        JsonObject echo = (await voice.CallAsync("--agent", "echo")).Succeeded().Json;
        Assert.Equal(("tcp", 0L), ((string?)echo["transport"], (long)echo["packets"]!["lost"]!));
        output.WriteLine(
            $"echo: set-up {echo["setupMs"]!.ToJsonString()}, echo {echo["echoMs"]?.ToJsonString()}, packets "
            + $"{echo["packets"]!.ToJsonString()}");
        if (Programs.Find("flite") is not null)
        {
            JsonObject local = (await voice.CallAsync()).Succeeded().Json;
            JsonNode turn = local["turns"]!.AsArray()[0]!;
            output.WriteLine(
                $"local agent: {local["transport"]}, said '{turn["said"]}', heard '{turn["heard"]}', voice to voice "
                + $"{turn["voiceToVoiceMs"]} ms");
            Assert.Equal("what time is it", ((string?)turn["said"])?.ToLowerInvariant().TrimEnd('?', '.'));
        }
        // There is still no UDP socket after the calls.
        Assert.Empty(voice.UdpSockets());
    }

    [RootFact]
    public async Task Processes_OnSigtermWithTenCalls_EndInTimeWithTheirStateWritten()
    {
        await using VoiceSystem voice = await UpAsync();
        using HttpClient client = voice.NewClient();
        // The sidecar outlives all of them and shows what they wrote.
        async Task<JsonObject?> StateAsync(string key)
        {
            using HttpResponseMessage answer = await client.GetAsync(
                $"http://127.0.0.1:{voice.SidecarPort("signaling")}/v1.0/state/sessions/{key}");
            return answer.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject() : null;
        }
        async Task<int> OwnedAsync(string incarnation)
        {
            int owned = 0;
            foreach (int slot in Enumerable.Range(0, 64))
                if ((string?)(await StateAsync(StateKeys.Slot("local", slot)))?["incarnation"] == incarnation) owned++;
            return owned;
        }
        int Sessions() => new[] { 0, 1 }.Sum(shard => voice.LogOf(AppIds.Transceiver(shard)).Split(": connected, agent").Length - 1);

        using RunningCommand load = voice.Start("load", "--calls", "10", "--seconds", "3600", "--agent", "echo", "--tcp", "--json");
        await Wait.UntilAsync(() => Sessions() >= 10, "ten calls are connected");
        using RunningCommand observed = voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "local", "--seconds", "3600");
        string callId = await observed.ConnectedAsync();

        await SessionsAsync(voice, "at first");
        // This is the agent's backend. Its conversation ends, and the call goes on.
        await EndAsync(voice, "local-agent");
        Assert.NotEqual("ended", (string?)(await StateAsync($"session.{callId}"))!["state"]);

        // The relay tells every transceiver that it leaves. Each transceiver has two links from the relay's one worker.
        int told = Drained(voice);
        await EndAsync(voice, "relay");
        await Wait.UntilAsync(() => Drained(voice) >= told + 4, "both transceivers know on both links that the relay leaves");

        await SessionsAsync(voice, "without the relay for a moment");
        await EndAsync(voice, "signaling");
        await Wait.UntilAsync(async () => (await StateAsync($"session.{callId}")) is not null, "the record is there");

        foreach (int shard in new[] { 0, 1 })
        {
            await Wait.UntilAsync(async () => (bool?)(await StateAsync(StateKeys.Transceiver("local", 1 - shard)))?["draining"] == false,
                "the other transceiver can take the calls");
            string key = StateKeys.Transceiver("local", shard);
            string incarnation = (string)(await StateAsync(key))!["incarnation"]!;
            int before = await OwnedAsync(incarnation);
            Assert.InRange(before, 1, 64);
            await SessionsAsync(voice, $"before {AppIds.Transceiver(shard)} ends");
            await EndAsync(voice, AppIds.Transceiver(shard));
            Assert.Equal(0, await OwnedAsync(incarnation));
            // Another process has started by now, or will start. The last record of the old process says that it leaves.
            JsonObject? record = await StateAsync(key);
            Assert.True((string?)record!["incarnation"] != incarnation || (bool)record["draining"]!, record.ToJsonString());
            output.WriteLine(
                $"  {AppIds.Transceiver(shard)}: {before} slots given back, its record says "
                + $"{((string?)record["incarnation"] == incarnation ? "draining" : "another process")}");
        }
        // The owner of the call was one of them, and handed it over.
        await Wait.UntilAsync(async () => (int)(await StateAsync($"session.{callId}"))!["eventSequence"]! > 2, "the call has moved");
        JsonObject moved = (await StateAsync($"session.{callId}"))!;
        output.WriteLine($"  the call in all that: {moved["state"]} at {moved["ownerAppId"]}, event {moved["eventSequence"]}");
        Assert.Equal("connected", (string?)moved["state"]);
        load.Kill();
        observed.Kill();
        var down = Stopwatch.StartNew();
        (await voice.RunAsync("down")).Succeeded();
        output.WriteLine($"down after {down.ElapsedMilliseconds} ms");
        Assert.Empty(voice.LeftBehind());
    }

    [Theory]
    [InlineData("udp", "tcp")]
    [InlineData("udp", "udp")]
    [InlineData("both", "udp")]
    public async Task Up_OtherEdgesAndLinks_AnswerAsTheySay(string edge, string link)
    {
        await using var voice = new VoiceSystem();
        JsonObject state = await voice.UpAsync("--edge", edge, "--link", link, "--agent", "echo");
        Assert.Equal(edge == "both", (string?)state["relay"]!["tcp"] is not null);
        string[] calls = edge == "both" ? ["udp", "tcp"] : ["udp"];
        foreach (string transport in calls)
        {
            JsonObject call = (await voice.CallAsync([.. transport == "tcp" ? ["--tcp"] : Array.Empty<string>()])).Succeeded().Json;
            Assert.Equal(transport, (string?)call["transport"]);
            output.WriteLine(
                $"edge {edge}, link {link}: {transport}, set-up {call["setupMs"]!.ToJsonString()}, echo {call["echoMs"]?.ToJsonString()}");
        }
        JsonObject relay = await voice.InvokeAsync("relay", "internal/v1/stats");
        Assert.All(relay["workers"]!.AsArray().SelectMany(w => w!["links"]!.AsArray()),
            l => Assert.StartsWith(link + "://", (string)l!["remote"]!, StringComparison.Ordinal));
    }

    /// <returns>The number of sessions of both shards.</returns>
    private async Task<int> SessionsAsync(VoiceSystem voice, string when)
    {
        int[] living =
            [.. await Task.WhenAll(
            new[] { 0, 1 }.Select(
            async shard => (int)(await voice.InvokeAsync(AppIds.Transceiver(shard), "internal/v1/stats"))["sessions"]!))];
        output.WriteLine($"  sessions {when}: {string.Join(" + ", living)}");
        return living.Sum();
    }

    private async Task<VoiceSystem> UpAsync()
    {
        await published.MakeAsync();
        var voice = new VoiceSystem(published.Path, asNobody: true);
        try
        {
            Assert.True(voice.HasOwnNetwork, "a network of its own");
            await voice.UpAsync("--edge", "tcp");
            return voice;
        }
        catch
        {
            await voice.DisposeAsync();
            throw;
        }
    }

    /// <returns>How many settings were compared.</returns>
    private static async Task<int> CompareAsync(DeployedContainer container, int pid)
    {
        var environment = (await File.ReadAllTextAsync($"/proc/{pid}/environ")).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1], StringComparer.Ordinal);
        string[] platform = [.. FromPlatform.Where(name => container.App != "local-agent" || name == "PATH")];
        Assert.All(platform, name => Assert.Contains(name, DeployedContainer.FromPlatform));
        // There is no Application Insights on this machine, and all apps share the components, so up leaves these settings out.
        string[] notHere = [DeployedContainer.InsightsConnection, DeployedContainer.ComponentSuffix];
        Assert.Equal(container.Settings.Keys.Except(notHere).Concat(container.Image.Keys)
            .Concat(platform).Distinct().Order(StringComparer.Ordinal), environment.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, string? value) in container.Image.Concat(container.Settings))
        {
            if (notHere.Contains(name)) continue;
            if (!OtherHere.ContainsKey(name)) Assert.Equal((container.App, name, value), (container.App, name, environment[name]));
            // The scheme and the path of an address are the same.
            else if (Uri.TryCreate(value.Replace("+", "any", StringComparison.Ordinal), UriKind.Absolute, out Uri? there))
            Assert.Equal((there.Scheme, there.PathAndQuery), (new Uri(environment[name]).Scheme, new Uri(environment[name]).PathAndQuery));
        }
        return container.Settings.Count;
    }

    /// <summary>Sends SIGTERM, as the platform does. The supervisor logs the exit status and starts another process.</summary>
    private async Task EndAsync(VoiceSystem voice, string name)
    {
        int pid = voice.PidOf(name);
        int before = Statuses(voice, name).Count;
        var watch = Stopwatch.StartNew();
        RunningCommand.Signal(pid, LibC.SIGTERM);
        Assert.True(SpinWait.SpinUntil(() => !Directory.Exists($"/proc/{pid}"), 2 * TerminationGrace), $"{name} did not end");
        watch.Stop();
        output.WriteLine($"SIGTERM: {name} ended after {watch.ElapsedMilliseconds} ms");
        await Wait.UntilAsync(() => Statuses(voice, name).Count > before, $"the supervisor says how {name} ended");
        Assert.Equal("0", Statuses(voice, name)[^1]);
        Assert.True(watch.Elapsed < TerminationGrace, $"{name} took {watch.ElapsedMilliseconds} ms");
        await Wait.UntilAsync(() => voice.PidOf(name) is var now && now != pid && now != 0, $"{name} runs again");
        await voice.ReadyAsync(name);
    }

    private static List<string> Statuses(VoiceSystem voice, string name)
        => [.. Ended().Matches(voice.LogOf("supervisor")).Where(m => m.Groups[1].Value == name).Select(m => m.Groups[2].Value)];

    private static int Drained(VoiceSystem voice)
        => new[] { 0, 1 }.Sum(shard => voice.LogOf(AppIds.Transceiver(shard)).Split('\n')
        .Count(l => l.Contains("relay", StringComparison.OrdinalIgnoreCase) && l.Contains("Draining", StringComparison.Ordinal)));

    [GeneratedRegex(@"(\S+) ended with status (-?\d+); starting it again")]
    private static partial Regex Ended();
}
