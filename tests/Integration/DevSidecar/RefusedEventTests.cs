using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.Tests.Integration.DaprContract;
using Microsoft.AspNetCore.Http;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>
/// The retry policy and the workers that <c>components/</c> ships, as far as the development sidecar has them: an event that a subscriber
/// refuses stops no other event, and a subscriber that is away for five minutes loses nothing. docs/unproven.md has the same for daprd.
/// </summary>
public sealed class RefusedEventTests(ITestOutputHelper output)
{
    private const int BadEvents = 300, GoodEvents = 50;
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });
    private static readonly TimeSpan Away = TimeSpan.FromMinutes(5);

    public static TheoryData<string> Sets => ["local", "azure-emulator", "postgres-rabbitmq"];

    private static string Shipped(string set, string file)
        => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "components", set, file));

    private static RetryPolicy Policy(string set)
        => ResourceLoader.Load([Path.Combine(AppContext.BaseDirectory, "components", set)], null)
            .InboundRetry(ComponentNames.Lifecycle, "anybody")!;

    /// <summary>All waits of the policy, without their random variation.</summary>
    private static IReadOnlyList<TimeSpan> Waits(RetryPolicy policy)
    {
        var waits = new List<TimeSpan>();
        while (policy.DelayBefore(waits.Count + 1) is { } wait) waits.Add(wait);
        return waits;
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Policy_GrowsWithABound_AndOutlastsAnAbsenceOfFiveMinutes(string set)
    {
        IReadOnlyList<TimeSpan> waits = Waits(Policy(set));
        Assert.Equal(waits.Order(), waits);
        Assert.True(waits[0] < TimeSpan.FromSeconds(1) && waits[^1] <= TimeSpan.FromSeconds(10));
        // Dapr varies each wait evenly between half and one and a half of it. Five standard deviations are left above five minutes.
        double seconds = waits.Sum(wait => wait.TotalSeconds);
        double deviation = Math.Sqrt(waits.Sum(wait => Math.Pow(wait.TotalSeconds, 2) / 12));
        Assert.True(seconds - (5 * deviation) > Away.TotalSeconds, $"{seconds} s with a deviation of {deviation} s");
        Assert.True(seconds < 480, $"{seconds} s until the dead-letter topic");
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Policy_OfARefusal_DoesNotRepeatIt(string set)
    {
        RetryPolicy policy = Policy(set);
        Assert.All([302, 400, 404, 409, 410, 415, 422], status => Assert.False(policy.Covers(status)));
        Assert.All([401, 403, 408, 425, 429, 500, 502, 503, 504], status => Assert.True(policy.Covers(status)));
    }

    [Theory]
    [InlineData("local", 500)]
    [InlineData("local", 503)]
    [InlineData("local", 200)]
    [InlineData("postgres-rabbitmq", 500)]
    public async Task Subscriber_ThatRefusesOneKindForEver_GetsTheOthersMeanwhile(string set, int status)
    {
        var delays = new ConcurrentQueue<double>();
        await using Run run = await RunAsync(Shipped(set, "lifecycle.yaml"), Shipped(set, "resiliency.yaml"), 1, (kind, body) =>
        {
            if (kind == "bad") return status;
            delays.Enqueue(Stopwatch.GetElapsedTime((long)body["data"]!["published"]!).TotalMilliseconds);
            return 204;
        });
        for (int i = 0; i < BadEvents; i++)
        {
            await run.PublishAsync("bad", i);
            if (i % (BadEvents / GoodEvents) == 0) await run.PublishAsync("good", i);
        }
        await Wait.UntilAsync(() => run.Count("good") == GoodEvents && run.Different("bad") == BadEvents, "every event has been tried");
        Assert.Equal(0, run.Count("dead"));
        double[] sorted = [.. delays.Order()];
        output.WriteLine($"{set}, {(status == 200 ? "RETRY" : status)}: {BadEvents} refused events, {GoodEvents} others in "
            + $"{sorted[sorted.Length / 2]:0} ms (median), {sorted[^1]:0} ms (longest)");
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public async Task Subscriber_AwayForFiveMinutes_GetsEveryEventAndNoDeadLetter(string set)
    {
        // The first attempt, and one after each wait that begins within the five minutes.
        TimeSpan passed = TimeSpan.Zero;
        int attempts = 1 + Waits(Policy(set)).TakeWhile(wait => (passed += wait) <= Away).Count();
        var tried = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        await using Run run = await RunAsync(Shipped(set, "lifecycle.yaml"), Shipped(set, "resiliency.yaml"), 0.0002, (_, body)
            => tried.AddOrUpdate((string)body["id"]!, 1, (_, n) => n + 1) <= attempts ? 503 : 204);
        for (int i = 0; i < GoodEvents; i++) await run.PublishAsync("good", i);
        await Wait.UntilAsync(() => run.Count("good") == GoodEvents, "every event is accepted");
        Assert.Equal(0, run.Count("dead"));
        output.WriteLine($"{set}: {attempts} attempts of each event within {Away.TotalMinutes} minutes, the next one is accepted");
    }

    [Theory]
    [InlineData(500, 47)]
    [InlineData(400, 1)]
    [InlineData(404, 1)]
    [InlineData(299, 1)]
    public async Task Event_ThatIsAlwaysRefused_ReachesTheDeadLetterTopicAfterItsLastAttempt(int status, int attempts)
    {
        await using Run run = await RunAsync(
            Shipped("local", "lifecycle.yaml"), Shipped("local", "resiliency.yaml"), 0.0002, (_, _) => status);
        await run.PublishAsync("bad", 1);
        await Wait.UntilAsync(() => run.Count("dead") == 1, "the dead letter");
        Assert.Equal(attempts, run.Tried);
    }

    // docs/dapr.md, point 25, which was recorded: this is why components/ asks for more than Redis' ten workers.
    [Fact]
    public async Task Component_WithoutConcurrency_IsStoppedByTenRefusedEvents()
    {
        bool isMended = false;
        await using Run run = await RunAsync(SidecarUnderTest.Component("lifecycle", "pubsub.redis"),
            SidecarUnderTest.InboundRetry("lifecycle", 600), 0.01,
            (kind, _) => kind == "bad" && !Volatile.Read(ref isMended) ? 500 : 204);
        for (int i = 0; i < 10; i++) await run.PublishAsync("bad", i);
        await Wait.UntilAsync(() => run.Different("bad") == 10, "each of the ten has been tried");
        await run.PublishAsync("good", 10);
        int before = run.Tried;
        await Wait.UntilAsync(() => run.Tried > before + 100, "the ten are tried again and again");
        Assert.Equal(0, run.Count("good"));
        Volatile.Write(ref isMended, true);
        await Wait.UntilAsync(() => run.Count("good") == 1, "the event behind the ten");
    }

    private static async Task<Run> RunAsync(string lifecycle, string resiliency, double timeScale, Func<string, JsonNode, int> answer)
    {
        var run = new Run(answer);
        run.App = await RecordingApp.StartAsync(run.AnswerAsync);
        run.Sidecar = await SidecarUnderTest.StartAsync(_ => [lifecycle, resiliency],
            o => o with { TimeScale = timeScale, Time = TimeProvider.System }, new AppSpec("subscriber", 0, run.App.Port));
        await run.Sidecar.Host.WhenReadyAsync();
        return run;
    }

    /// <summary>A subscriber with its sidecar.</summary>
    /// <param name="answer">The status for a kind of event. 200 is the word RETRY, and 299 is the word DROP.</param>
    private sealed class Run(Func<string, JsonNode, int> answer) : IAsyncDisposable
    {
        private const string Subscriptions = """
            [{"pubsubname":"lifecycle","topic":"voice-sessions","route":"/event","deadLetterTopic":"voice-dead-letter"},
             {"pubsubname":"lifecycle","topic":"voice-dead-letter","route":"/dead"}]
            """;

        private readonly ConcurrentQueue<string> _accepted = new();
        private readonly ConcurrentDictionary<(string Kind, string Id), bool> _seen = new();
        private int _tried;

        public RecordingApp App { get; set; } = null!;

        public SidecarUnderTest Sidecar { get; set; } = null!;

        /// <summary>All attempts except those of dead letters.</summary>
        public int Tried => Volatile.Read(ref _tried);

        /// <summary>Accepted events of this kind. <c>dead</c> for those of the dead-letter topic.</summary>
        public int Count(string kind) => _accepted.Count(k => k == kind);

        /// <summary>Events of this kind that have been tried at least once.</summary>
        public int Different(string kind) => _seen.Keys.Count(k => k.Kind == kind);

        public async Task AnswerAsync(HttpContext context, ReceivedCall call)
        {
            if (call.Path == "/dapr/subscribe")
            {
                await RecordingApp.WriteAsync(context, 200, "application/json", Subscriptions);
                return;
            }
            if (call.Path == "/dead") _accepted.Enqueue("dead");
            if (call.Path != "/event") return;
            JsonNode body = call.Json!;
            string kind = (string)body["data"]!["kind"]!;
            _seen.TryAdd((kind, (string)body["id"]!), true);
            Interlocked.Increment(ref _tried);
            int status = answer(kind, body);
            string word = status switch { 200 => """{"status":"RETRY"}""", 299 => """{"status":"DROP"}""", _ => "" };
            if (status == 204) _accepted.Enqueue(kind);
            await RecordingApp.WriteAsync(context, status == 299 ? 200 : status, "application/json", word);
        }

        public async Task PublishAsync(string kind, int number)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"{kind}/{number}");
            string cloudEvent = $$$"""
                {"specversion":"1.0","id":"{{{id}}}","source":"s","type":"t","datacontenttype":"application/json",
                 "data":{"kind":"{{{kind}}}","published":{{{Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture)}}}}}
                """;
            using HttpResponseMessage published = await Http.PostAsync(
                $"http://127.0.0.1:{Sidecar.Port}/v1.0/publish/lifecycle/voice-sessions",
                new StringContent(cloudEvent, Encoding.UTF8, "application/cloudevents+json"));
            published.EnsureSuccessStatusCode();
        }

        public async ValueTask DisposeAsync()
        {
            await Sidecar.DisposeAsync();
            await App.DisposeAsync();
        }
    }
}
