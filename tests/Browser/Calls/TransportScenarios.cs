using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>ICE-TCP beside UDP in the same run. The system offers both, and the browser does not see the one that is withheld.</summary>
internal sealed class TransportScenarios(BrowserUnderTest browser, ITestOutputHelper output)
{
    private const int ConnectsEach = 10;
    private const int Bursts = 12;

    private static readonly TimeSpan BurstPeriod = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan RelayLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Makes calls with both transports and calls with UDP withheld, in turns. With both, the browser uses UDP. Over TCP each call costs
    /// the relay one connection for each pair of a browser's interface and a relay's address. One connection carries the call, and the
    /// others do no harm.
    /// </summary>
    public async Task ConnectsAsync()
    {
        await OpenAsync();
        var setups = new Dictionary<string, List<CallSetup>>(StringComparer.Ordinal) { ["udp"] = [], ["tcp"] = [] };
        var connections = new List<long>();
        JsonObject before = await TcpAsync();
        for (int i = 0; i < 2 * ConnectsEach; i++)
        {
            string transport = i % 2 == 0 ? "udp" : "tcp";
            PageCall call = await ConnectAsync("echo", transport);
            // On a busy machine the browser may also have checked TCP before UDP answered. What counts is what it uses.
            Assert.Equal(transport, await call.CarrierAsync());
            if (transport is "tcp") connections.Add((await TcpAsync())["bound"]!.GetValue<long>());
            setups[transport].Add(call.Setup);
            await call.HangUpAsync();
            Assert.Empty(await call.ErrorsAsync());
        }
        JsonObject after = await TcpWhenAsync(tcp => (long)tcp["connections"]! == 0);
        foreach ((string transport, List<CallSetup> of) in setups)
        {
            Print($"{of.Count} of {ConnectsEach} calls over {transport}: connect() to session.updated "
                + $"{Row(of.Select(s => s.UpdatedMs!.Value))}, of which POST answered {Row(of.Select(s => s.PostMs!.Value))}");
        }
        Print($"connections at the relay: {connections.Min()} to {connections.Max()} proven in a call; "
            + $"{(long)after["accepted"]! - (long)before["accepted"]!} accepted in all; closed: {after["closes"]!.ToJsonString()}");
        Assert.All(connections, c => Assert.InRange(c, 1, 8));
        Assert.True(setups["tcp"].Select(s => s.UpdatedMs!.Value).Percentile(95) <= 2000);
        foreach (string reason in (string[])["not_a_check", "check_refused", "no_first_check", "other_session", "session_limit",
            "queue_full", "frame_too_long"])
        {
            Assert.Equal((long?)before["closes"]![reason] ?? 0, (long?)after["closes"]![reason] ?? 0);
        }
    }

    /// <summary>Measures the echo agent's delay from the page back to the page over each transport.</summary>
    public async Task EchoDelayAsync()
    {
        foreach (string transport in (string[])["udp", "tcp"])
        {
            await OpenAsync();
            PageCall call = await ConnectAsync("echo", transport);
            await call.WaitAsync(TimeSpan.FromSeconds(1));
            IReadOnlyList<double> began = await call.BurstAsync(Bursts, BurstPeriod);
            await call.WaitAsync(BurstPeriod);
            Recording recording = await call.RecordingAsync();
            recording.Save(Path.Combine(TestResults.Folder, $"{browser.Name}-{transport}-bursts.wav"));
            double[] delays = [.. began.Select(at => (At: at, Heard: recording.Onset(at, at + BurstPeriod.TotalMilliseconds)))
                .Where(b => b.Heard is not null).Select(b => b.Heard!.Value - b.At)];
            Assert.True(delays.Length >= Bursts - 2, $"{delays.Length} of {Bursts} bursts came back");
            Print($"echo over {transport}: {delays.Length} of {Bursts} bursts of noise came back after {Row(delays)} (page to page: both "
                + $"jitter buffers and the browser's own included)");
            Assert.Equal(transport, await call.CarrierAsync());
            await call.HangUpAsync();
        }
    }

    /// <summary>
    /// Resets all TCP connections of the call, as a middlebox does that lost its state. The browser connects again, and the call goes on.
    /// </summary>
    public async Task ResetAsync(TimeSpan limit)
    {
        (PageCall? call, double at) = await HummingAsync();
        JsonObject before = await TcpAsync();
        string[] command = [.. browser.Voice.Enter, Programs.Find("ss")!, "-K", "-t", "dport", "=", ":3478"];
        (await Programs.RunAsync(RelayLimit, command[0], command[1..])).Succeeded();
        await call.WaitAsync(limit);
        JsonObject after = await TcpAsync();
        if ((long)after["accepted"]! == (long)before["accepted"]!)
        {
            // The kernel ends connections on request only if it has CONFIG_INET_DIAG_DESTROY.
            Print("reset in mid-call: not tested, this kernel ends no connections on request");
            return;
        }
        await AssertHeardAgainAsync(call, at, limit, "reset in mid-call");
    }

    /// <summary>Kills the relay. The relay that is started again gets the browser's new connection.</summary>
    public async Task RelayKilledAsync(TimeSpan limit)
    {
        (PageCall? call, double at) = await HummingAsync();
        int killed = browser.Voice.RelayPid;
        using (var relay = Process.GetProcessById(killed)) relay.Kill();
        await call.WaitAsync(limit);
        Assert.NotEqual(killed, browser.Voice.RelayPid);
        await AssertHeardAgainAsync(call, at, limit, "relay killed in mid-call");
    }

    private async Task<(PageCall Call, double At)> HummingAsync()
    {
        await OpenAsync();
        PageCall call = await ConnectAsync("echo", "tcp");
        await call.HumAsync();
        await call.WaitAsync(TimeSpan.FromSeconds(2.5));
        return (call, await call.NowAsync());
    }

    private async Task AssertHeardAgainAsync(PageCall call, double at, TimeSpan limit, string what)
    {
        Recording recording = await call.RecordingAsync();
        recording.Save(Path.Combine(TestResults.Folder, $"{browser.Name}-{what.Replace(' ', '-')}.wav"));
        double to = at + limit.TotalMilliseconds;
        (double from, double length) = recording.LongestSilence(at - 500, to);
        JsonObject tcp = await TcpAsync();
        Print($"{what}: {length:0} ms of silence in the echo, from {from - at:0} ms on; SDK: "
            + $"{string.Join(" ", (await call.StatusesAsync()).Select(s => s.Status))}; relay: {tcp["accepted"]} accepted, closed "
            + $"{tcp["closes"]!.ToJsonString()}");
        Assert.True(from + length < to - 100, "the echo did not come back");
        Assert.DoesNotContain("disconnected", (await call.StatusesAsync()).Select(s => s.Status));
        Assert.Equal("tcp", await call.CarrierAsync());
        await call.HangUpAsync();
    }

    private Task<PageCall> ConnectAsync(string agent, string transport)
        => PageCall.ConnectAsync(browser, agent, withheldTransport: transport is "tcp" ? "udp" : null);

    private Task OpenAsync() => browser.Driver.OpenAsync(browser.Driver.PageOrigin + "/page/index.html");

    /// <summary>The relay's TCP figures, added over all workers.</summary>
    private async Task<JsonObject> TcpAsync()
    {
        (int status, string? body) = await browser.Driver.FetchAsync("GET", browser.Voice.RelayStatsUrl, browser.Voice.ApiKey);
        Assert.Equal(200, status);
        var workers = JsonNode.Parse(body)!["workers"]!.AsArray().Select(w => w!["tcp"]!).ToList();
        JsonObject Sum(IEnumerable<JsonNode> of)
            => new(of.SelectMany(o => o.AsObject()).Where(p => p.Value is JsonValue).GroupBy(p => p.Key, StringComparer.Ordinal)
            .Select(g => KeyValuePair.Create(g.Key, (JsonNode?)g.Sum(p => (long)p.Value!))));
        JsonObject sum = Sum(workers);
        sum["closes"] = Sum(workers.Select(w => w["closes"]!));
        return sum;
    }

    private async Task<JsonObject> TcpWhenAsync(Predicate<JsonObject> condition)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            JsonObject tcp = await TcpAsync();
            if (condition(tcp)) return tcp;
            Assert.True(watch.Elapsed < RelayLimit, $"the relay still says {tcp.ToJsonString()}");
        }
    }

    private static string Row(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return string.Create(CultureInfo.InvariantCulture, $"p50 {all.Percentile(50):0}  p95 {all.Percentile(95):0}  max {all.Max():0} ms");
    }

    private void Print(string figure) => output.WriteLine($"{browser.Driver.Version}: {figure}");
}
