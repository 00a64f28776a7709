using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Dapr.Voice.DevSidecar;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>Replays recordings that are a list of requests and answers: state, and most of <c>general</c>.</summary>
internal static class StepReplay
{
    public static async Task StateAsync(Recording recording)
    {
        await using SidecarUnderTest sidecar = await SidecarUnderTest.StartAsync(
            _ => [SidecarUnderTest.Component("sessions", recording.ComponentType, SidecarUnderTest.Metadata("keyPrefix", "none"),
            version: recording.ComponentVersion)], o => o, new AppSpec("recorder", 0));
        if (recording.Scenario == "create-race") await RaceAsync(recording, sidecar);
        else await StepsAsync(recording, sidecar);
    }

    public static async Task StepsAsync(Recording recording, SidecarUnderTest sidecar)
    {
        using var client = new RawClient();
        var bound = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonObject step in recording.Steps)
        {
            if (step["waitMs"] is { } wait) sidecar.Time.Advance(TimeSpan.FromMilliseconds((int)wait));
            RawAnswer answer = await client.SendAsync(RawClient.Request(sidecar.Port, step["request"]!.AsObject(), bound));
            bool isUnordered = (bool?)step["unordered"] == true || recording.Scenario == "health-and-metadata";
            RawClient.Compare((string)step["name"]!, step["answer"]!.AsObject(), answer, isUnordered);
            foreach ((string name, JsonNode? header) in step["bind"]?.AsObject() ?? []) bound[name] = answer.Headers.TryGetValue(
                (string)header!, out List<string>? values) ? values[0] : "";
        }
    }

    // Creates one key 32 times at once, 20 times over, and then does the same with compare-and-set.
    private static async Task RaceAsync(Recording recording, SidecarUnderTest sidecar)
    {
        int rounds = (int)recording.Content["rounds"]!, parallel = (int)recording.Content["parallel"]!;
        var creates = new Tally();
        var updates = new Tally();
        using var client = new RawClient();
        for (int round = 0; round < rounds; round++)
        {
            string key = $"race-{round}";
            await creates.RunAsync(client, sidecar.Port, parallel, i => Save(key, i, etag: null));

            RawAnswer read = await client.SendAsync(
                new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{sidecar.Port}/v1.0/state/sessions/{key}"));
            await updates.RunAsync(client, sidecar.Port, parallel, i => Save(key, 100 + i, read.Headers["etag"][0]));
        }
        creates.AssertEqual(recording.Content);
        updates.AssertEqual(recording.Content["compareAndSet"]!.AsObject());
    }

    private static string Save(string key, int value, string? etag)
    {
        var item = new JsonObject { ["key"] = key, ["value"] = value, ["options"] = new JsonObject { ["concurrency"] = "first-write" } };
        if (etag is not null) item["etag"] = etag;
        return new JsonArray(item).ToJsonString();
    }

    private sealed class Tally
    {
        private readonly SortedDictionary<string, int> _answers = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, int> _winners = new(StringComparer.Ordinal);

        public async Task RunAsync(RawClient client, int port, int parallel, Func<int, string> body)
        {
            var answers = new ConcurrentBag<string>();
            await Task.WhenAll(Enumerable.Range(0, parallel).Select(async i =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/v1.0/state/sessions") {
                    Content = new StringContent(body(i), System.Text.Encoding.UTF8, "application/json") };
                RawAnswer answer = await client.SendAsync(request);
                answers.Add(answer.Body.Length == 0 ? $"{answer.Status}"
                    : $"{answer.Status} {(string)JsonNode.Parse(answer.Body)!["errorCode"]!}");
            }));
            foreach (string answer in answers) _answers[answer] = _answers.GetValueOrDefault(answer) + 1;
            string winners = answers.Count(a => a == "204").ToString(System.Globalization.CultureInfo.InvariantCulture);
            _winners[winners] = _winners.GetValueOrDefault(winners) + 1;
        }

        public void AssertEqual(JsonObject recorded)
        {
            Assert.Equal(recorded["answers"]!.AsObject().ToDictionary(p => p.Key, p => (int)p.Value!),
                new Dictionary<string, int>(_answers));
            Assert.Equal(recorded["winners"]!.AsObject().ToDictionary(p => p.Key, p => (int)p.Value!),
                new Dictionary<string, int>(_winners));
        }
    }
}
