using System.Diagnostics;
using System.Text.Json.Nodes;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Components;
using static Dapr.Voice.Tests.Integration.DaprContract.SidecarUnderTest;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>Replays health, metadata, tokens, secrets, shutdown, an app that starts late, and a store that fails.</summary>
internal static class GeneralReplay
{
    public static Task RunAsync(Recording recording) => recording.Scenario switch
    {
        "api-token" => ApiTokenAsync(recording),
        "app-starts-late" => AppStartsLateAsync(recording),
        "health-and-metadata" => HealthAsync(recording),
        "secrets" => SecretsAsync(recording),
        "shutdown" => ShutdownAsync(recording),
        "store-outage" => OutageAsync(recording),
        _ => throw new InvalidOperationException($"no replay for {recording.Name}"),
    };

    private static async Task ApiTokenAsync(Recording recording)
    {
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.in-memory"), Component("lifecycle", "pubsub.in-memory")],
            o => o with { ApiToken = "sidecar-secret" }, new AppSpec("general", 0));
        await StepReplay.StepsAsync(recording, sidecar);
    }

    private static async Task AppStartsLateAsync(Recording recording)
    {
        await using var app = new RecordingApp(RecordingApp.Subscriber(new JsonArray(), []));
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => [Component("sessions", "state.in-memory")], o => o, new AppSpec("general", 0, app.Port));
        using var client = new RawClient();
        async Task CheckAsync(JsonObject expected)
        {
            Assert.Equal((int)expected["healthz"]!, await client.StatusAsync(HttpMethod.Get, sidecar.Port, "/v1.0/healthz"));
            Assert.Equal((int)expected["outbound"]!, await client.StatusAsync(HttpMethod.Get, sidecar.Port, "/v1.0/healthz/outbound"));
            Assert.Equal((int)expected["state"]!, await client.StatusAsync(HttpMethod.Get, sidecar.Port, "/v1.0/state/sessions/k"));
        }

        JsonObject before = recording.Content["before"]!.AsObject();
        await CheckAsync(before);
        RawAnswer health = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{sidecar.Port}/v1.0/healthz"));
        Assert.True(Placeholders.Matches(before["healthzBody"], JsonNode.Parse(health.Body)));
        await app.StartAsync();
        await Wait.UntilAsync(async () => await client.StatusAsync(HttpMethod.Get, sidecar.Port, "/v1.0/healthz") == 204,
            "healthz after the app came");
        await CheckAsync(recording.Content["after"]!.AsObject());
        Assert.Equal(recording.Content["appWasAsked"]!.AsArray().Select(a => (string)a!), app.Calls.Select(c => $"{c.Method} {c.Path}"));
    }

    private static async Task HealthAsync(Recording recording)
    {
        JsonNode subscribe = JsonNode.Parse(
            """[{"pubsubname":"lifecycle","topic":"voice-sessions","route":"/events","deadLetterTopic":"dead"}]""")!;
        await using RecordingApp app = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        // The recording has one literal number: the port of the recorder's app.
        foreach (JsonObject? step in recording.Steps.Where(s => s["answer"]!["body"]?["json"]?["appConnectionProperties"] is not null))
            step["answer"]!["body"]!["json"]!["appConnectionProperties"]!["port"] = app.Port;
        await using SidecarUnderTest sidecar = await StartAsync(
            folder => [Component("sessions", "state.in-memory"), Component("lifecycle", "pubsub.in-memory"), SecretsFile(folder),
            Component("envsecrets", "secretstores.local.env")], o => o, new AppSpec("general", 0, app.Port));
        await sidecar.Host.WhenReadyAsync();
        await StepReplay.StepsAsync(recording, sidecar);
    }

    private static async Task SecretsAsync(Recording recording)
    {
        Environment.SetEnvironmentVariable("VOICE_SECRET", "from-env");
        await using SidecarUnderTest sidecar = await StartAsync(
            folder => [SecretsFile(folder), Component("envsecrets", "secretstores.local.env")], o => o, new AppSpec("general", 0));
        await StepReplay.StepsAsync(recording, sidecar);
    }

    private static string SecretsFile(DirectoryInfo folder)
    {
        string file = Path.Combine(folder.FullName, "secrets.json");
        File.WriteAllText(file, """{"hintKey":"abc","nested":{"one":"1","two":"2"}}""");
        return Component("secrets", "secretstores.local.file", Metadata("secretsFile", file));
    }

    private static async Task ShutdownAsync(Recording recording)
    {
        int port = RecordingApp.FreePort();
        Task<int> process = DevSidecarProgram.RunAsync(["--app", $"general={port}"], _ => null, TextWriter.Null, TextWriter.Null);
        using var client = new RawClient();
        await Wait.UntilAsync(async () =>
        {
            try
            {
                return await client.StatusAsync(HttpMethod.Get, port, "/v1.0/healthz/outbound") == 204;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "the process to listen");
        JsonObject step = recording.Steps.Single();
        RawClient.Compare("shutdown", step["answer"]!.AsObject(),
            await client.SendAsync(RawClient.Request(port, step["request"]!.AsObject(), new Dictionary<string, string>())),
            isUnordered: false);
        Assert.Equal((int)recording.Content["exitCode"]!, await process.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    /// <summary>Waits a tenth of the recorded times. Each call must take at least its share.</summary>
    private static async Task OutageAsync(Recording recording)
    {
        const double scale = 0.1;
        JsonNode subscribe = JsonNode.Parse("""[{"pubsubname":"lifecycle","topic":"so","route":"/so"}]""")!;
        await using RecordingApp app = await RecordingApp.StartAsync(RecordingApp.Subscriber(subscribe, []));
        string[] components = [Component("sessions", "state.redis"), Component("lifecycle", "pubsub.redis")];
        await using SidecarUnderTest sidecar = await StartAsync(
            _ => components, o => o with { TimeScale = scale }, new AppSpec("general", 0, app.Port));
        await sidecar.Host.WhenReadyAsync();
        using var client = new RawClient();
        void Set(OutageState state) => Assert.True(sidecar.Host.SetOutage("sessions", state) && sidecar.Host.SetOutage("lifecycle", state));

        string phase = "up";
        int delivered = 0;
        foreach (JsonNode? row in recording.Content["rows"]!.AsArray())
        {
            string now = (string)row!["phase"]!;
            string call = (string)row["call"]!;
            if (now != phase)
            {
                phase = now;
                if (phase == "killed") Set(OutageState.Killed);
                else if (phase.StartsWith("back, 0.6", StringComparison.Ordinal)) Set(OutageState.Up);
                else if (phase.StartsWith("back, 4", StringComparison.Ordinal))
                await Wait.UntilAsync(async () => await client.StatusAsync(
                    HttpMethod.Post, sidecar.Port, "/v1.0/publish/lifecycle/other", "{}") == 204, "publishing to work again");
                else if (phase == "frozen") Set(OutageState.Frozen);
                else if (phase == "thawed") Set(OutageState.Up);
            }
            if (row["deliveries"] is { } deliveries)
            {
                await Wait.UntilAsync(() => app.Calls.Count(c => c.Path == "/so") >= delivered + (int)deliveries,
                    "the delivery after the return");
                continue;
            }
            if (call == "publish") delivered = app.Calls.Count(c => c.Path == "/so");
            (HttpMethod? method, string? path, string? body) = call switch
            {
                "get" => (HttpMethod.Get, "/v1.0/state/sessions/k", null),
                "save" => (HttpMethod.Post, "/v1.0/state/sessions", "[{\"key\":\"k\",\"value\":1}]"),
                "publish" => (HttpMethod.Post, "/v1.0/publish/lifecycle/so", "{\"n\":1}"),
                "healthz" or "healthz/outbound" => (HttpMethod.Get, $"/v1.0/{call}", (string?)null),
                _ => throw new InvalidOperationException(call),
            };
            var request = new HttpRequestMessage(method, $"http://127.0.0.1:{sidecar.Port}{path}");
            if (body is not null) request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
            long started = Stopwatch.GetTimestamp();
            RawAnswer answer = await client.SendAsync(request);
            double took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;

            Assert.True((int)row["status"]! == answer.Status, $"{phase}, {call}: {answer.Status} instead of {row["status"]}");
            if ((string?)row["errorCode"] is { } code) Assert.Equal(code, (string)JsonNode.Parse(answer.Body)!["errorCode"]!);
            // A timer may fire a little early. A call that does not wait at all would take far less.
            Assert.True(took >= (int)row["tookMs"]! * scale * 0.8, $"{phase}, {call}: {took} ms");
        }

        JsonNode start = recording.Content["startWithoutStore"]!;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("dev-sidecar-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "sessions.yaml"), components[0]);
        var error = new StringWriter();
        int exit = await DevSidecarProgram.RunAsync(
            ["--resources-path", folder.FullName, "--app", "general=0", "--away", "sessions"], _ => null, TextWriter.Null, error);
        folder.Delete(recursive: true);
        Assert.False((bool)start["started"]!);
        Assert.Equal((int)start["exitCode"]!, exit);
        Assert.Contains("sessions", error.ToString(), StringComparison.Ordinal);
    }
}
