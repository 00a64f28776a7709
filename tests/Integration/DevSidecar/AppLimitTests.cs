using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.Tests.Integration.DaprContract;
using static Dapr.Voice.Tests.Integration.DaprContract.SidecarUnderTest;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>What one app gets from its sidecar and another one does not: its token, and how many calls at a time.</summary>
public sealed class AppLimitTests
{
    private const int Calls = 8;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(null, Calls)]
    public async Task App_WithALimit_GetsAsManyCallsAtATime(int? limit, int expected)
    {
        int inside = 0, most = 0;
        using var everybody = new SemaphoreSlim(0);
        await using RecordingApp app = await RecordingApp.StartAsync(async (_, call) =>
        {
            if (call.Path != "/work") return;
            int now = Interlocked.Increment(ref inside);
            lock (everybody) most = Math.Max(most, now);
            // Without a limit, all of them are here together. With a limit of one, nobody waits for the others.
            if (limit is null)
            {
                if (now == Calls) everybody.Release(Calls);
                await everybody.WaitAsync();
            }
            else await Task.Yield();
            Interlocked.Decrement(ref inside);
        });
        await using SidecarUnderTest sidecar = await StartAsync(_ => [Component("sessions", "state.redis")], o => o,
            new AppSpec("caller", 0), new AppSpec("worker", 0, app.Port) { MaximumConcurrency = limit });
        using var http = new HttpClient();
        await Task.WhenAll(Enumerable.Range(0, Calls).Select(async _ =>
        {
            using HttpResponseMessage answer = await http.PostAsync(
                $"http://127.0.0.1:{sidecar.Port}/v1.0/invoke/worker/method/work", new StringContent(""));
            answer.EnsureSuccessStatusCode();
        }));
        Assert.Equal(expected, most);
    }

    [Fact]
    public void Options_OfTwoApps_GiveEachItsTokenAndItsLimit()
    {
        var options = DevSidecarOptions.Parse(
            ["--app", "ours=0", "--app", "theirs=0,9000", "--app-max-concurrency", "theirs=1"],
            name => name == "APP_API_TOKENS" ? "ours=a-token,theirs=b-token" : null);
        Assert.Equal([("ours", "a-token", (int?)null), ("theirs", "b-token", 1)],
            options.Apps.Select(a => (a.Id, a.AppApiToken, a.MaximumConcurrency)));
    }

    [Theory]
    [InlineData("theirs")]
    [InlineData("theirs=none")]
    [InlineData("nobody=1")]
    public void Options_OfALimitThatMeansNothing_AreRefused(string limit)
        => Assert.Throws<ResourceException>(() => DevSidecarOptions.Parse(
        ["--app", "theirs=0,9000", "--app-max-concurrency", limit], _ => null));
}
