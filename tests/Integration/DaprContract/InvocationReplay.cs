using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.DevSidecar;
using Microsoft.AspNetCore.Http;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>Replays invocation from a caller through two sidecars to an app: the answer, and the request that the app sees.</summary>
internal static class InvocationReplay
{
    private const double TimeScale = 0.1;

    public static async Task RunAsync(Recording recording)
    {
        // Each line of a stream is written only when the line before has arrived. This proves streaming without a clock.
        var arrived = new SemaphoreSlim(0);
        await using RecordingApp caller = await RecordingApp.StartAsync(
            (context, _) => RecordingApp.WriteAsync(context, 404, "application/json", ""));
        await using RecordingApp callee = await RecordingApp.StartAsync((context, call) => AnswerAsync(context, call, arrived));
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(_ => [], o => o with { TimeScale = TimeScale },
            new AppSpec("caller", 0, caller.Port), new AppSpec("signaling", 0, callee.Port, "app-secret"), new AppSpec("no-app-there", 0));
        await sidecar.Host.WhenReadyAsync();

        using var client = new RawClient();
        foreach (JsonObject step in recording.Steps)
        {
            string name = (string)step["name"]!;
            switch (name)
            {
                case "the callee app is down, its sidecar is up": await callee.StopAsync(); break;
                case "the sidecar of the callee was killed, its name not yet withdrawn":
                    await sidecar.Host.RemoveAppAsync("signaling", isKilled: true); break;
                case "the same 16 s later": await Task.Delay(TimeSpan.FromSeconds(16) * TimeScale); break;
            }
            int before = callee.Calls.Count;
            HttpRequestMessage request = RawClient.Request(sidecar.Port, step["request"]!.AsObject(), new Dictionary<string, string>());
            JsonObject expected = step["answer"]!.AsObject();
            if (expected["status"]!.GetValueKind() == JsonValueKind.String)
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SendAsync(request, patience.Token));
            }
            else if (step["chunksAtMs"] is JsonArray chunks)
            {
                RawClient.Compare(name, expected, await ReadStreamAsync(client, request, chunks.Count, arrived), isUnordered: false);
            }
            else
            {
                RawClient.Compare(name, expected, await client.SendAsync(request), isUnordered: false);
            }
            var seen = callee.Calls.Skip(before).ToList();
            CompareSeen(name, step["calleeSaw"]!.AsArray(), seen);
        }
    }

    private static async Task AnswerAsync(HttpContext context, ReceivedCall call, SemaphoreSlim arrived)
    {
        if (call.Path.StartsWith("/dapr/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 404;
            return;
        }
        if (call.Path == "/hang")
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }
        if (call.Path == "/abort")
        {
            context.Abort();
            return;
        }
        if (call.Path is "/stream" or "/sse")
        {
            string[] pieces = call.Path == "/stream" ? ["{\"n\":1}\n", "{\"n\":2}\n", "{\"n\":3}\n"] : ["data: 1\n\n", "data: 2\n\n"];
            context.Response.ContentType = call.Path == "/stream" ? "application/x-ndjson" : "text/event-stream";
            foreach (string piece in pieces)
            {
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(piece), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await arrived.WaitAsync(context.RequestAborted);
            }
            return;
        }
        context.Response.Headers["x-mine"] = "yes";
        if (call.Path.StartsWith("/status/", StringComparison.Ordinal))
        {
            int code = int.Parse(call.Path.AsSpan("/status/".Length), System.Globalization.CultureInfo.InvariantCulture);
            if (code == 503) context.Response.Headers.RetryAfter = "7";
            await RecordingApp.WriteAsync(context, code, "application/json", $"{{\"code\":{code}}}");
            return;
        }
        context.Response.Headers.SetCookie = "a=b";
        string body = Encoding.UTF8.GetString(call.Body.AsSpan(0, Math.Min(200, call.Body.Length)));
        var answer = new JsonObject { ["path"] = call.Path, ["method"] = call.Method, ["body"] = body, ["bytes"] = call.Body.Length };
        await RecordingApp.WriteAsync(context, 200, "application/json", answer.ToJsonString());
    }

    private static async Task<RawAnswer> ReadStreamAsync(RawClient client, HttpRequestMessage request, int pieces, SemaphoreSlim arrived)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using HttpResponseMessage response = await client.StreamAsync(request, limit.Token);
        await using Stream stream = await response.Content.ReadAsStreamAsync(limit.Token);
        using var body = new MemoryStream();
        byte[] buffer = new byte[1024];
        for (int piece = 0; piece < pieces; piece++)
        {
            int read = await stream.ReadAsync(buffer, limit.Token);
            Assert.True(read > 0);
            body.Write(buffer, 0, read);
            arrived.Release();
        }
        Assert.Equal(0, await stream.ReadAsync(buffer, limit.Token));
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToList(), StringComparer.Ordinal);
        return new RawAnswer((int)response.StatusCode, headers, body.ToArray());
    }

    private static void CompareSeen(string step, JsonArray expected, List<ReceivedCall> seen)
    {
        Assert.True(expected.Count == seen.Count, $"step '{step}': the callee saw {seen.Count} calls instead of {expected.Count}");
        foreach ((JsonNode? wanted, ReceivedCall? call) in expected.Zip(seen))
        {
            Assert.Equal((string)wanted!["method"]!, call.Method);
            Assert.Equal((string)wanted["path"]!, call.Path);
            Assert.Equal((int)wanted["bytes"]!, call.Body.Length);
            Assert.True(call.Headers.ContainsKey("traceparent"));
            foreach ((string name, JsonNode? value) in wanted["headers"]!.AsObject())
            {
                // Go's HTTP client adds these headers. They mean nothing to an app.
                if (name == "accept-encoding" || (name == "user-agent" && (string)value! == "Go-http-client/1.1")) continue;
                Assert.True(Placeholders.Matches((string)value!, call.Headers.GetValueOrDefault(name)),
                    $"step '{step}': {name} is '{call.Headers.GetValueOrDefault(name)}' instead of '{value}'");
            }
            IEnumerable<string> extra = call.Headers.Keys.Where(
                name => !wanted["headers"]!.AsObject().ContainsKey(name)
                && name is not ("traceparent" or "content-length" or "transfer-encoding"));
            Assert.True(!extra.Any(), $"step '{step}': headers too many: {string.Join(", ", extra)}");
        }
    }
}
