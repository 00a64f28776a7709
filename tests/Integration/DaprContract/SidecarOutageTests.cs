using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.Sidecar;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>
/// A sidecar that goes away and comes back on its ports. The client calls all the time, as a service does, so that the back-off of its
/// connections reaches its maximum. A class is a collection of its own, so the long outage runs beside the other tests.
/// </summary>
public sealed class SidecarOutageTests(ITestOutputHelper output)
{
    /// <summary>How soon after the sidecar's return each kind of call must work.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan CallInterval = TimeSpan.FromMilliseconds(50);

    private static readonly JsonTypeInfo<int> Number = (JsonTypeInfo<int>)JsonSerializerOptions.Default.GetTypeInfo(typeof(int));
    private static readonly JsonTypeInfo<JsonElement> Json =
        (JsonTypeInfo<JsonElement>)JsonSerializerOptions.Default.GetTypeInfo(typeof(JsonElement));

    private static readonly JsonElement CloudEvent =
        JsonElement.Parse("""{"specversion":"1.0","id":"1","source":"/test","type":"test","data":1}""");

    [Fact]
    public Task Sidecar_Restarted_CallsWorkWithinASecond() => OutageAsync(TimeSpan.Zero);

    [Fact]
    public Task Sidecar_AwayForSeventySeconds_CallsWorkWithinASecond() => OutageAsync(TimeSpan.FromSeconds(70));

    private async Task OutageAsync(TimeSpan length)
    {
        var app = new AppSpec("signaling", RecordingApp.FreePort()) { GrpcPort = RecordingApp.FreePort() };
        await using var client = new SidecarClient(
            app.HttpPort, app.GrpcPort, o => o.StateTimeout = o.PublishTimeout = o.InvokeTimeout = TimeSpan.FromSeconds(2));
        // Each kind of call has a connection of its own: Dapr's client, the generated client of the bulk read, and HTTP.
        (string Name, Func<Task<bool>> Works)[] calls =
        [
            ("state.get", async () => (await client.State.ReadAsync("sessions", "k", Number)).IsKnown),
            ("state.bulk", async () => (await client.State.GetBulkAsync("sessions", ["k"], Number)).Outcome == StateReadOutcome.Found),
            ("publish", async () => (await client.Events.PublishAsync("lifecycle", "t", CloudEvent, Json)).IsPublished),
            ("invoke", async () => (await client.Invoker.InvokeAsync("nobody", HttpMethod.Delete, "x", HttpStatusCode.Accepted)).Outcome
                == InvocationOutcome.Unreachable),
            ("health", () => client.Health.IsOutboundHealthyAsync()),
        ];

        // The client exists before its sidecar does.
        Assert.DoesNotContain(true, await Task.WhenAll(calls.Select(c => c.Works())));
        await using (SidecarUnderTest first = await StartAsync(app))
        {
            foreach ((string name, Func<Task<bool>> works) in calls) await Wait.UntilAsync(works, $"{name} at a sidecar that came later");
        }

        var away = Stopwatch.StartNew();
        do
        {
            Assert.DoesNotContain(true, await Task.WhenAll(calls.Select(c => c.Works())));
            await Task.Delay(CallInterval);
        }
        while (away.Elapsed < length);

        await using SidecarUnderTest second = await StartAsync(app);
        var back = Stopwatch.StartNew();
        using var machine = new StalledTime();
        (string Name, TimeSpan After, TimeSpan Stalled)[] recovered = await Task.WhenAll(calls.Select(async call =>
        {
            await Wait.UntilAsync(call.Works, $"{call.Name} after the sidecar's return");
            return (call.Name, back.Elapsed, machine.Total);
        }));
        foreach ((string name, TimeSpan after, TimeSpan stalled) in recovered)
        {
            output.WriteLine(
                $"{name}: {after.TotalMilliseconds:0} ms after the return, of which the machine stood still for "
                + $"{stalled.TotalMilliseconds:0} ms");
            Assert.True(after - stalled < Limit,
                $"{name} worked {after.TotalMilliseconds:0} ms after the return, with {stalled.TotalMilliseconds:0} ms of stalls");
        }
    }

    private static Task<SidecarUnderTest> StartAsync(AppSpec app)
        => SidecarUnderTest.StartAsync(
        _ => [SidecarUnderTest.Component("sessions", "state.in-memory"), SidecarUnderTest.Component("lifecycle", "pubsub.in-memory")],
        o => o, app);

    /// <summary>
    /// Measures how long this process was ready to run and did not run. Tests share their machine, and the client is not to blame for this
    /// time.
    /// </summary>
    private sealed class StalledTime : IDisposable
    {
        private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

        private readonly CancellationTokenSource _stop = new();
        private long _ticks;

        public StalledTime() => _ = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                long started = Stopwatch.GetTimestamp();
                await Task.Delay(Tick, CancellationToken.None);
                // Twice the tick is what a quiet machine needs at most.
                TimeSpan late = Stopwatch.GetElapsedTime(started) - 2 * Tick;
                if (late > TimeSpan.Zero) Interlocked.Add(ref _ticks, late.Ticks);
            }
        });

        public TimeSpan Total => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

        public void Dispose() => _stop.Cancel();
    }
}
