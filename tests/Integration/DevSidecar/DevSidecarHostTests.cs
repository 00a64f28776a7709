using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.Tests.Integration.DaprContract;
using static Dapr.Voice.Tests.Integration.DaprContract.SidecarUnderTest;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

public sealed class DevSidecarHostTests
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    [Fact]
    public async Task RunAsync_PortTaken_ExitsWithOneAndNamesIt()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var error = new StringWriter();
        Assert.Equal(1, await DevSidecarProgram.RunAsync(["--app", $"mine={port}"], _ => null, TextWriter.Null, error));
        Assert.Contains($"Port {port} for the sidecar of 'mine'", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await DevSidecarProgram.RunAsync(["--app", "mine=0", $"--control-port={port}"], _ => null, TextWriter.Null, error));
        Assert.Contains($"Port {port} for the control endpoint", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--app", "mine")]
    [InlineData("--app", "mine=x")]
    [InlineData("--app", "mine=1,2,3")]
    [InlineData("--app", "mine=1,0")]
    [InlineData("--app", "my app=1")]
    [InlineData("--control-port", "70000")]
    [InlineData("--time-scale", "0")]
    [InlineData("--surprise", "x")]
    [InlineData("--config", "/surely/not/there.yaml")]
    public async Task RunAsync_WrongArguments_ExitsWithOneAndSaysWhat(string name, string value)
    {
        var error = new StringWriter();
        Assert.Equal(1, await DevSidecarProgram.RunAsync([name, value, "--app", "other=0"], _ => null, TextWriter.Null, error));
        Assert.Contains(name == "--config" ? value : name == "--app" && value == "my app=1" ? "my app" : name, error.ToString(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("state.azure.tablestorage", "tableName", "sessions-buddy", "3 to 63 letters and digits")]
    [InlineData("state.azure.tablestorage", "tableName", "1st", "3 to 63 letters and digits")]
    [InlineData("state.azure.blobstorage", "containerName", "Checkpoints", "lower-case")]
    [InlineData("state.azure.blobstorage", "containerName", "check--points", "single hyphens")]
    public async Task RunAsync_NameThatAzureRefuses_ExitsWithOneAndTheRule(string type, string item, string name, string words)
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "sessions.yaml", $"kind: Component\nmetadata: {{name: sessions}}\nspec:\n  type: {type}\n  version: v1\n  metadata:\n    - "
            + $"{{name: accountName, value: a}}\n    - {{name: {item}, value: {name}}}\n");
        var error = new StringWriter();
        Assert.Equal(
            1, await DevSidecarProgram.RunAsync(["--resources-path", folder.Path, "--app", "mine=0"], _ => null, TextWriter.Null, error));
        Assert.Contains(name, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(words, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_NoApps_ExitsWithOneAndTheUsage()
    {
        var error = new StringWriter();
        Assert.Equal(1, await DevSidecarProgram.RunAsync([], _ => null, TextWriter.Null, error));
        Assert.Contains("--resources-path", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_Started_PrintsOneLinePerSidecarAndEndsWhenCancelled()
    {
        using var stop = new CancellationTokenSource();
        var output = new StringWriter();
        int port = RecordingApp.FreePort();
        Task<int> running = DevSidecarProgram.RunAsync(
            ["--app", $"a={port},8080", "--app", "b=0"], _ => null, output, TextWriter.Null, stop.Token);
        await Wait.UntilAsync(() => { lock (output) return output.ToString().Contains("sidecar b", StringComparison.Ordinal); },
            "the lines");
        await stop.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None));
        Assert.Contains($"sidecar a listens on http://127.0.0.1:{port}, gRPC on 127.0.0.1:{port + SidecarPorts.GrpcOffset}, app on 8080",
            output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Control_AppJoins_IsFoundAndSharesTheStores()
    {
        await using RecordingApp app = await RecordingApp.StartAsync(
            (context, _) => RecordingApp.WriteAsync(context, 200, "text/plain", "hello"));
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis", Metadata("keyPrefix", "none"))], o => o with { ControlPort = 0 },
            new AppSpec("signaling", 0));
        string control = $"http://127.0.0.1:{sidecar.Host.ControlPort}";

        using HttpResponseMessage joined = await Http.PostAsJsonAsync(
            $"{control}/apps", new { id = "mine", httpPort = 0, appPort = app.Port, appApiToken = "my-token" });
        Assert.Equal(HttpStatusCode.Created, joined.StatusCode);
        int port = sidecar.Host.Apps.Single(a => a.Id == "mine").HttpPort;
        Assert.Equal("hello", await Http.GetStringAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/invoke/mine/method/x"));
        Assert.Equal("my-token", app.Calls.Single(c => c.Path == "/x").Headers["dapr-api-token"]);
        using HttpResponseMessage saved = await Http.PostAsync(
            $"http://127.0.0.1:{port}/v1.0/state/sessions", new StringContent("""[{"key":"k","value":1}]"""));
        Assert.Equal("1", await Http.GetStringAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions/k"));

        JsonArray list = (await Http.GetFromJsonAsync<JsonArray>($"{control}/apps"))!;
        Assert.Equal(["signaling", "mine"], list.Select(a => (string)a!["id"]!));
        using HttpResponseMessage left = await Http.DeleteAsync($"{control}/apps/mine");
        Assert.Equal(HttpStatusCode.NoContent, left.StatusCode);
        using HttpResponseMessage gone = await Http.GetAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/invoke/mine/method/x");
        Assert.Equal(HttpStatusCode.InternalServerError, gone.StatusCode);
        using HttpResponseMessage again = await Http.DeleteAsync($"{control}/apps/mine");
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
    }

    [Fact]
    public async Task Control_WrongCalls_AreRefusedWithAReason()
    {
        await using SidecarUnderTest sidecar = await StartAsync(_ => [], o => o with { ControlPort = 0 }, new AppSpec("signaling", 0));
        string control = $"http://127.0.0.1:{sidecar.Host.ControlPort}";
        using HttpResponseMessage taken = await Http.PostAsJsonAsync($"{control}/apps", new { id = "mine", httpPort = sidecar.Port });
        Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);
        string reason = await taken.Content.ReadAsStringAsync();
        // The port, and the app between apostrophes that nobody has to decode.
        Assert.Contains($"Port {sidecar.Port} for the sidecar of 'mine'", reason, StringComparison.Ordinal);
        // A form in a browser's page cannot send application/json without a preflight.
        using HttpResponseMessage form = await Http.PostAsync(
            $"{control}/apps", new StringContent("{\"id\":\"mine\",\"httpPort\":0}", Encoding.UTF8, "text/plain"));
        Assert.Equal(HttpStatusCode.BadRequest, form.StatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, $"{control}/apps") { Headers = { Host = "evil.example" } };
        using HttpResponseMessage foreign = await Http.SendAsync(rebound);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using HttpResponseMessage broken = await Http.PostAsync(
            $"{control}/apps", new StringContent("{", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
        Assert.Single(sidecar.Host.Apps);
    }

    [Fact]
    public async Task Control_Outage_IsSetByName()
    {
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis")], o => o with { ControlPort = 0, TimeScale = 0.001 }, new AppSpec("signaling", 0));
        string control = $"http://127.0.0.1:{sidecar.Host.ControlPort}";
        using HttpResponseMessage set = await Http.PutAsJsonAsync($"{control}/components/sessions/outage", new { state = "killed" });
        Assert.Equal(HttpStatusCode.NoContent, set.StatusCode);
        using HttpResponseMessage read = await Http.GetAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions/k");
        Assert.Equal(HttpStatusCode.InternalServerError, read.StatusCode);
        using HttpResponseMessage unknown = await Http.PutAsJsonAsync($"{control}/components/none/outage", new { state = "killed" });
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using HttpResponseMessage word = await Http.PutAsJsonAsync($"{control}/components/sessions/outage", new { state = "sleepy" });
        Assert.Equal(HttpStatusCode.BadRequest, word.StatusCode);
    }

    [Fact]
    public async Task Control_Calls_ListWhoAskedWhat()
    {
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis")], o => o with { ControlPort = 0 }, new AppSpec("signaling", 0));
        string control = $"http://127.0.0.1:{sidecar.Host.ControlPort}";
        using HttpResponseMessage saved = await Http.PostAsync(
            $"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions", new StringContent("""[{"key":"slot.local.7","value":1}]"""));
        using HttpResponseMessage read = await Http.GetAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions/slot.local.7");
        JsonArray calls = (await Http.GetFromJsonAsync<JsonArray>($"{control}/calls"))!;
        Assert.Equal([("signaling", "write", "sessions", "slot"), ("signaling", "read", "sessions", "slot")],
            calls.Select(c => ((string)c!["app"]!, (string)c["operation"]!, (string)c["component"]!, (string)c["key"]!)));
        Assert.Single((await Http.GetFromJsonAsync<JsonArray>($"{control}/calls?after={(long)calls[0]!["sequence"]!}"))!);
    }

    [Fact]
    public async Task Control_Values_AreThoseOfAPrefixEvenInAnOutage()
    {
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis", Metadata("keyPrefix", "none"))], o => o with { ControlPort = 0 },
            new AppSpec("signaling", 0));
        string control = $"http://127.0.0.1:{sidecar.Host.ControlPort}";
        using HttpResponseMessage saved = await Http.PostAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions",
            new StringContent("""[{"key":"slot.local.7","value":{"epoch":2}},{"key":"session.a","value":1}]"""));
        using HttpResponseMessage frozen = await Http.PutAsJsonAsync($"{control}/components/sessions/outage", new { state = "frozen" });
        JsonObject values = (await Http.GetFromJsonAsync<JsonObject>($"{control}/components/sessions/values?prefix=slot."))!;
        Assert.Equal(["slot.local.7"], values.Select(v => v.Key));
        Assert.Equal(2, (int)values["slot.local.7"]!["epoch"]!);
        using HttpResponseMessage unknown = await Http.GetAsync($"{control}/components/none/values");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("name", true)]
    [InlineData("shared", true)]
    [InlineData("appid", false)]
    [InlineData("namespace", false)]
    [InlineData("", false)]
    public async Task KeyPrefix_Kind_DecidesWhoSharesAKey(string prefix, bool isShared)
    {
        string metadata = prefix.Length > 0 ? Metadata("keyPrefix", prefix) : "";
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis", metadata)], o => o, new AppSpec("a", 0), new AppSpec("b", 0));
        using HttpResponseMessage saved = await Http.PostAsync(
            $"http://127.0.0.1:{sidecar.Host.Apps[0].HttpPort}/v1.0/state/sessions", new StringContent("""[{"key":"k","value":1}]"""));
        using HttpResponseMessage read = await Http.GetAsync($"http://127.0.0.1:{sidecar.Host.Apps[1].HttpPort}/v1.0/state/sessions/k");
        Assert.Equal(isShared ? HttpStatusCode.OK : HttpStatusCode.NoContent, read.StatusCode);
    }

    [Fact]
    public async Task Scopes_AppThatIsNotNamed_DoesNotSeeTheComponent()
    {
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.redis", scopes: "scopes:\n  - a\n"), Component("other", "state.redis")], o => o,
            new AppSpec("a", 0), new AppSpec("b", 0));
        using HttpResponseMessage seen = await Http.GetAsync($"http://127.0.0.1:{sidecar.Host.Apps[0].HttpPort}/v1.0/state/sessions/k");
        using HttpResponseMessage hidden = await Http.GetAsync($"http://127.0.0.1:{sidecar.Host.Apps[1].HttpPort}/v1.0/state/sessions/k");
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.BadRequest), (seen.StatusCode, hidden.StatusCode));
    }

    [Fact]
    public async Task Away_ComponentWithIgnoreErrors_SidecarLivesWithoutIt()
    {
        string component = Component("sessions", "state.redis")
            .Replace("  version: v1\n", "  version: v1\n  ignoreErrors: true\n", StringComparison.Ordinal);
        await using SidecarUnderTest sidecar = await StartAsync(_ => [component], o => o with { Away = ["sessions"] }, new AppSpec("a", 0));
        using HttpResponseMessage read = await Http.GetAsync($"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions/k");
        Assert.Contains("ERR_STATE_STORE_NOT_CONFIGURED", await read.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaving_ReplicaWithUnfinishedEvents_TheOtherGetsThem()
    {
        JsonNode subscribe = JsonNode.Parse("""[{"pubsubname":"lifecycle","topic":"t","route":"/t"}]""")!;
        var stuck = new TaskCompletionSource();
        await using RecordingApp one = await RecordingApp.StartAsync(async (context, call) =>
        {
            if (call.Path == "/t") await stuck.Task.WaitAsync(context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            else await RecordingApp.Subscriber(subscribe, [])(context, call);
        });
        await using RecordingApp two = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("lifecycle", "pubsub.redis")], o => o, new AppSpec("publisher", 0), new AppSpec("sub", 0, one.Port));
        await sidecar.Host.WhenReadyAsync();
        using HttpResponseMessage published = await Http.PostAsync(
            $"http://127.0.0.1:{sidecar.Port}/v1.0/publish/lifecycle/t", new StringContent("{}", Encoding.UTF8, "application/json"));
        await Wait.UntilAsync(() => one.Calls.Any(c => c.Path == "/t"), "the event at the first replica");
        await sidecar.Host.RemoveAppAsync("sub");
        await sidecar.Host.AddAppAsync(new AppSpec("sub", 0, two.Port));
        await Wait.UntilAsync(() => two.Calls.Any(c => c.Path == "/t"), "the event at the second replica");
        stuck.SetResult();
    }

    [Fact]
    public async Task Expired_Event_IsNotDelivered()
    {
        JsonNode subscribe = JsonNode.Parse("""[{"pubsubname":"lifecycle","topic":"t","route":"/t"}]""")!;
        await using RecordingApp app = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("lifecycle", "pubsub.redis")], o => o, new AppSpec("publisher", 0));
        foreach (string query in new[] { "?metadata.ttlInSeconds=10", "" })
        {
            using HttpResponseMessage published = await Http.PostAsync(
                $"http://127.0.0.1:{sidecar.Port}/v1.0/publish/lifecycle/t{query}",
                new StringContent($"\"{query}\"", Encoding.UTF8, "application/json"));
        }
        sidecar.Time.Advance(TimeSpan.FromSeconds(11));
        await sidecar.Host.AddAppAsync(new AppSpec("sub", 0, app.Port));
        await Wait.UntilAsync(() => app.Calls.Any(c => c.Path == "/t"), "the event without an end");
        Assert.Equal("", (string)Assert.Single(app.Calls, c => c.Path == "/t").Json!["data"]!);
    }

    [Fact]
    public async Task Secrets_FileThatIsNotThere_StopsOnlyAppsInItsScope()
    {
        string component = Component("secrets", "secretstores.local.file", Metadata("secretsFile", "surely-not-there.json"),
            scopes: "scopes:\n  - signaling\n");
        await using SidecarUnderTest sidecar = await StartAsync(_ => [component], o => o, new AppSpec("mine", 0));
        ResourceException refused = await Assert.ThrowsAsync<ResourceException>(
            () => sidecar.Host.AddAppAsync(new AppSpec("signaling", 0)));
        Assert.Contains("surely-not-there.json", refused.Message, StringComparison.Ordinal);
        Assert.Equal("mine", Assert.Single(sidecar.Host.Apps).Id);
    }

    [Fact]
    public async Task DeadLetter_TopicOutOfPublishingScope_IsLostAndNoted()
    {
        JsonNode subscribe = JsonNode.Parse(
            """[{"pubsubname":"lifecycle","topic":"t","route":"/t","deadLetterTopic":"dead"},"""
            + """{"pubsubname":"lifecycle","topic":"dead","route":"/dead"},{"pubsubname":"lifecycle","topic":"last","route":"/last"}]""")!;
        await using RecordingApp app = await RecordingApp.StartAsync(
            RecordingApp.Subscriber(subscribe, new JsonObject { ["/t"] = new JsonObject { ["status"] = 404 } }));
        using var folder = new TemporaryFolder();
        folder.Write("p.yaml", Component("lifecycle", "pubsub.redis", Metadata("publishingScopes", "sub=t,last")));
        var output = new StringWriter();
        await using DevSidecarHost host = await DevSidecarHost.StartAsync(
            new DevSidecarOptions { ResourcesPaths = [folder.Path], Apps = [new AppSpec("sub", 0, app.Port)] }, output);
        await host.WhenReadyAsync();
        foreach (string topic in new[] { "t", "last" })
        {
            using HttpResponseMessage published = await Http.PostAsync(
                $"http://127.0.0.1:{host.Apps[0].HttpPort}/v1.0/publish/lifecycle/{topic}",
                new StringContent("{}", Encoding.UTF8, "application/json"));
            await Wait.UntilAsync(() => app.Calls.Any(c => c.Path == "/" + topic), topic);
        }
        Assert.DoesNotContain(app.Calls, c => c.Path == "/dead");
        Assert.Contains("dead-letter topic 'dead' is out of scope", output.ToString(), StringComparison.Ordinal);
    }
}
