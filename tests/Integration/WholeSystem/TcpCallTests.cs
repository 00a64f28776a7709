using System.Net;
using System.Text.Json.Nodes;
using Dapr.Voice.TestKit.Network;
using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>Calls over ICE-TCP, and the effect of bad networks of both transports on them and on their neighbours.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class TcpCallTests(TcpCallTests.TcpSystem system, ITestOutputHelper output) : IClassFixture<TcpCallTests.TcpSystem>
{
    private static readonly IPEndPoint Relay = new(IPAddress.Loopback, 3478);
    private readonly VoiceSystem _voice = system.Voice;

    /// <summary>A system with both transports at the edge and the link over TCP.</summary>
    public sealed class TcpSystem : IAsyncLifetime
    {
        internal VoiceSystem Voice { get; } = new();

        public Task InitializeAsync() => Voice.UpAsync("--transceivers", "2", "--edge", "both", "--link", "tcp");

        public Task DisposeAsync() => Voice.DisposeAsync().AsTask();
    }

    [Fact]
    public async Task Call_OverTcp_IsAnsweredByEcho()
    {
        Assert.Equal("127.0.0.1:3478", (string?)_voice.State["relay"]!["tcp"]);
        JsonObject tcp = (await _voice.CallAsync("--agent", "echo", "--tcp")).Succeeded().Json;
        JsonObject udp = (await _voice.CallAsync("--agent", "echo")).Succeeded().Json;
        output.WriteLine($"echo over TCP: set-up {tcp["setupMs"]!.ToJsonString()}, echo {tcp["echoMs"]?.ToJsonString()}");
        output.WriteLine($"echo over UDP: set-up {udp["setupMs"]!.ToJsonString()}, echo {udp["echoMs"]?.ToJsonString()}");
        Assert.Equal(("tcp", "udp"), ((string?)tcp["transport"], (string?)udp["transport"]));
        Assert.Equal(0, (long)tcp["packets"]!["lost"]!);
        // On loopback both calls differ only in their transport. A frame takes 20 ms.
        Assert.InRange((double)tcp["echoMs"]!["p50"]!, 33, (double)udp["echoMs"]!["p50"]! + 100);
    }

    [SpeechFact]
    public async Task Call_OverTcp_IsAnsweredByTheLocalAgent()
    {
        JsonObject call = (await _voice.CallAsync("--agent", "local", "--tcp")).Succeeded().Json;
        JsonNode turn = call["turns"]!.AsArray()[0]!;
        output.WriteLine(
            $"local agent over TCP: set-up {call["setupMs"]!.ToJsonString()}, said '{turn["said"]}', heard '{turn["heard"]}', voice to "
            + $"voice {turn["voiceToVoiceMs"]} ms");
        Assert.Equal("tcp", (string?)call["transport"]);
        Assert.Equal("what time is it", ((string?)turn["said"])?.ToLowerInvariant().TrimEnd('?', '.'));
    }

    [Fact]
    public async Task Call_WhereUdpGetsNoAnswer_GoesOverTcp()
    {
        using var proxy = TcpImpairingProxy.Start(Relay, Options());
        // Nobody listens on this UDP port.
        JsonObject call = (await _voice.CallAsync("--agent", "echo", "--via", proxy.EndPoint.ToString())).Succeeded().Json;
        output.WriteLine($"UDP withheld: {call["transport"]}, set-up {call["setupMs"]!.ToJsonString()}");
        Assert.Equal("tcp", (string?)call["transport"]);
        Assert.True((double)call["setupMs"]!["ice"]! > 2000);
    }

    [Fact]
    public async Task Call_ResetInTheMiddle_GoesOnOverANewConnection()
    {
        using var proxy = TcpImpairingProxy.Start(Relay, Options());
        using RunningCommand running = _voice.Start(
            "call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--tcp", "--via", proxy.EndPoint.ToString(), "--seconds", "8");
        await running.ConnectedAsync();
        await Wait.UntilAsync(() => proxy.Down.Delivered > 100, "two seconds of audio came back");
        proxy.ChangeAddress();
        long atReset = proxy.Down.Delivered;
        await Wait.UntilAsync(() => proxy.Down.Delivered > atReset + 100, "audio comes back again");
        JsonObject call = (await running.EndAsync()).Succeeded().Json;
        output.WriteLine(
            $"TCP reset in mid-call: {call["reconnects"]} reconnect, longest gap {call["longestGapMs"]} ms, packets "
            + $"{call["packets"]!.ToJsonString()}");
        Assert.Equal(1, (int)call["reconnects"]!);
        Assert.Equal(2, proxy.Accepted);
        Assert.StartsWith("stayed ", (string?)call["ended"], StringComparison.Ordinal);
        Assert.True((double)call["longestGapMs"]! < 2000);
    }

    [Fact]
    public async Task Call_OverALossyUdpNetworkThatChangesTheAddress_GoesOn()
    {
        var bad = new ImpairmentOptions { Loss = 0.01, Bursts = new GilbertElliott(0.005, 0.4), Delay = TimeSpan.FromMilliseconds(20),
            Jitter = TimeSpan.FromMilliseconds(15), Reorder = 0.01, Duplicate = 0.01 };
        using var proxy = UdpImpairingProxy.Start(Relay, Options() with { Seed = 4, Up = bad, Down = bad });
        using RunningCommand running = _voice.Start(
            "call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--via", proxy.EndPoint.ToString(), "--seconds", "8");
        await running.ConnectedAsync();
        await Wait.UntilAsync(() => proxy.Down.Delivered > 150, "audio came back");
        proxy.ChangeAddress();
        long atChange = proxy.Down.Delivered;
        await Wait.UntilAsync(() => proxy.Down.Delivered > atChange + 100, "audio comes back to the new address");
        JsonObject call = (await running.EndAsync()).Succeeded().Json;
        output.WriteLine(
            $"lossy UDP with address change: longest gap {call["longestGapMs"]} ms, packets {call["packets"]!.ToJsonString()}, echo "
            + $"{call["echoMs"]?.ToJsonString()}; up {proxy.Up}, down {proxy.Down}");
        Assert.Equal("udp", (string?)call["transport"]);
        Assert.StartsWith("stayed ", (string?)call["ended"], StringComparison.Ordinal);
        Assert.True((double)call["longestGapMs"]! < 3000);
    }

    [Fact]
    public async Task Calls_BesideAStalledAndASlowTcpClient_NoticeNothing()
    {
        const int Seconds = 6, Measures = 3;
        string[] load = ["load", "--calls", "5", "--agent", "echo", "--tcp", "--json", "--seconds", Seconds.ToString()];
        JsonObject alone = (await _voice.RunAsync(load)).Succeeded().Json;

        // Audio with its headers needs about 42 kbit/s, so a third of it cannot arrive. Old audio piles up or is dropped.
        var slow = new ImpairmentOptions { BitsPerSecond = 28_000, QueueBytes = 1_500 };
        using var slowProxy = TcpImpairingProxy.Start(Relay, Options() with { Down = slow, SocketBufferBytes = 2048 });
        using var stalledProxy = TcpImpairingProxy.Start(Relay, Options() with { SocketBufferBytes = 2048 });
        long droppedBefore = await DroppedAsOldAsync();
        string length = (Measures * (Seconds + 2) + 4).ToString();
        using RunningCommand slowCall = _voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--tcp", "--via",
            slowProxy.EndPoint.ToString(), "--seconds", length);
        using RunningCommand stalledCall = _voice.Start("call", "--wav", Checkout.Question, "--json", "--agent", "echo", "--tcp", "--via",
            stalledProxy.EndPoint.ToString(), "--seconds", length);
        await slowCall.ConnectedAsync();
        await stalledCall.ConnectedAsync();
        await Wait.UntilAsync(() => stalledProxy.Down.Delivered > 50, "the stalled client has heard something");
        stalledProxy.Stall(ProxyDirection.Down);
        // A machine that stands still for a moment spoils one measure. A client that holds others up spoils all.
        var beside = new List<JsonObject>();
        while (beside.Count < Measures) beside.Add((await _voice.RunAsync(load)).Succeeded().Json);
        long passedWhileStalled = stalledProxy.Down.Delivered;
        stalledProxy.Resume(ProxyDirection.Down);
        await Wait.UntilAsync(() => stalledProxy.Down.Delivered > passedWhileStalled + 50, "audio comes again after the stall");
        JsonObject slowEnd = (await slowCall.EndAsync()).Succeeded().Json;
        JsonObject stalledEnd = (await stalledCall.EndAsync()).Json;

        long dropped = await DroppedAsOldAsync() - droppedBefore;

        output.WriteLine(
            $"5 callers alone:  lost {alone["packets"]!["lost"]}, lateness {alone["latenessMs"]!.ToJsonString()}, longest gap "
            + $"{alone["longestGapMs"]} ms");
        foreach (JsonObject one in beside)
            output.WriteLine(
                $"5 callers beside: lost {one["packets"]!["lost"]}, lateness {one["latenessMs"]!.ToJsonString()}, longest gap "
                + $"{one["longestGapMs"]} ms");
        output.WriteLine(
            $"slow client:    echo {slowEnd["echoMs"]?.ToJsonString()}, packets {slowEnd["packets"]!.ToJsonString()}, longest gap "
            + $"{slowEnd["longestGapMs"]} ms");
        output.WriteLine(
            $"stalled client: echo {stalledEnd["echoMs"]?.ToJsonString()}, packets {stalledEnd["packets"]!.ToJsonString()}, longest gap "
            + $"{stalledEnd["longestGapMs"]} ms, {stalledEnd["ended"]}; the relay dropped {dropped} packets of both as too old");
        Assert.All(beside.Prepend(alone), one => Assert.Equal(0L, (long)one["packets"]!["lost"]!));
        double lateness = Median(beside.Select(one => (double)one["latenessMs"]!["p99"]!));
        double gap = Median(beside.Select(one => (double)one["longestGapMs"]!));
        Assert.True(lateness < 10 * (double)alone["latenessMs"]!["p99"]! + 20, "the neighbours' schedule");
        Assert.True(gap < 3 * (double)alone["longestGapMs"]! + 150, "the neighbours' gaps");
        // Without drops, 28 s at two thirds of the rate would make the last words more than seven seconds old. About 8 kB in the proxy and
        // in the kernel's buffers can't be dropped any more: two seconds at this rate.
        Assert.True((double)slowEnd["echoMs"]!["p95"]! < 4500, "old audio goes first");
        Assert.True(dropped > 100, "what could not pass was dropped at the relay");
        Assert.StartsWith("stayed ", (string?)stalledEnd["ended"], StringComparison.Ordinal);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private async Task<long> DroppedAsOldAsync()
        => (await _voice.InvokeAsync("relay", "internal/v1/stats"))["workers"]!.AsArray().Sum(w => (long)w!["tcp"]!["mediaTooOld"]!);

    private ProxyOptions Options() => new() { CreateSocket = _voice.NewSocket };
}
