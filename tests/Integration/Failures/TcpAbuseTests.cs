using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Integration.DaprContract;
using Dapr.Voice.Tests.Integration.WholeSystem;
using Dapr.Voice.Wire;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>
/// Abuse of the relay's TCP port and of a transceiver's link port during three calls over TCP and two over UDP. Each kind of abuse is
/// counted under its reason and bounded, and the calls lose nothing.
/// </summary>
[Collection(FailuresCollection.Name)]
public sealed class TcpAbuseTests(TcpAbuseTests.AbusedSystem system, ITestOutputHelper output) : IClassFixture<TcpAbuseTests.AbusedSystem>
{
    private const int TcpCalls = 3, UdpCalls = 2;

    // The calls end with the abuse. This only limits a test that has failed.
    private const int LongestAbuseSeconds = 300;

    // Two seconds of audio of all calls, in both directions.
    private const int PacketsAfterwards = 2 * 2 * 50 * (TcpCalls + UdpCalls);

    private const string InsideAddress = "10.77.0.1", OutsideAddress = "10.77.0.2";
    private static readonly IPEndPoint Relay = new(IPAddress.Loopback, 3478), Link = new(IPAddress.Loopback, 20000);
    private readonly VoiceSystem _voice = system.Voice;

    /// <summary>
    /// A system with both transports at the edge, links over TCP, and one owner. The quality of undisturbed calls is measured once.
    /// </summary>
    public sealed class AbusedSystem : IAsyncLifetime
    {
        internal VoiceSystem Voice { get; } = new();
        internal NetworkNamespace Network => Voice.Network!;
        internal JsonObject TcpAlone { get; private set; } = [];
        internal JsonObject UdpAlone { get; private set; } = [];

        /// <summary>Another machine, at the end of a cable.</summary>
        internal NetworkNamespace? Outside { get; private set; }

        public async Task InitializeAsync()
        {
            if (!Voice.HasOwnNetwork) return;
            Outside = NetworkNamespace.TryCreate()!;
            Network.ConnectTo(Outside, InsideAddress, OutsideAddress);
            await Voice.UpAsync("--transceivers", "1", "--edge", "both", "--link", "tcp", "--agent", "echo", "--address", "127.0.0.1",
                "--http-address", "0.0.0.0");
            using RunningCommand tcp = Load(Voice, TcpCalls, 8, "--tcp");
            using RunningCommand udp = Load(Voice, UdpCalls, 8);
            (TcpAlone, UdpAlone) = ((await tcp.EndAsync()).Succeeded().Json, (await udp.EndAsync()).Succeeded().Json);
        }

        public async Task DisposeAsync()
        {
            await Voice.DisposeAsync();
            Outside?.Dispose();
        }
    }

    [RootFact]
    public async Task Idle_TenThousandConnections_AreEndedWhenTheirTimeIsOver()
    {
        // The machine's limit of open files is the limit of this process and of the relay.
        int count = Math.Min(10_000, OpenFileLimit("self").Soft - 2000);
        (int Soft, int Hard) limit = OpenFileLimit(_voice.PidOf("relay").ToString(CultureInfo.InvariantCulture));
        output.WriteLine($"open files of the relay: {limit.Soft} of {limit.Hard}");
        Assert.Equal(limit.Hard, limit.Soft);
        await BesideCallsAsync($"{count:N0} idle connections", async (attacker, before) =>
        {
            // No address exceeds its share at first. One address that does is refused below.
            attacker.Open(count, Relay, from: i => new IPAddress([127, 9, 0, (byte)(1 + (i / 500))]));
            long most = 0;
            await Wait.UntilAsync(async () =>
            {
                JsonObject now = await StatsAsync();
                most = Math.Max(most, Tcp(now, "connections"));
                return Closed(now, "no_first_check") - Closed(before, "no_first_check") >= count;
            }, "all of them are closed");
            output.WriteLine($"  at most {most:N0} connections seen at a time");
            attacker.Open(1100, Relay, from: _ => new IPAddress([127, 9, 1, 1]));
            await CountedAsync(before, "prefix_limit", 76);
        });
    }

    [RootFact]
    public async Task SlowLoris_FiveHundredConnections_AreEnded()
        => await BesideCallsAsync("500 connections at a byte a second, 4 behind a check", async (attacker, before) =>
        {
            const int Unknown = 500, Known = 4;
            byte[] check = TcpAttacker.Check(await NewSessionAsync());
            IReadOnlyList<Socket> known = attacker.Open(Known, Relay, check);
            IReadOnlyList<Socket> slow = [.. attacker.Open(Unknown, Relay, from: i => new IPAddress([127, 9, 2, (byte)(1 + (i / 250))])),
                .. known];
            byte[] frame = [0, 100, 0, 1, 0, 80, 0x21, 0x12, 0xA4, 0x42];
            for (int second = 0; second < 8; second++)
            {
                foreach (Socket socket in slow) TcpAttacker.Say(socket, frame.AsSpan(second, 1));
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
            await Wait.UntilAsync(async () =>
            {
                JsonObject now = await StatsAsync();
                return Closed(now, "no_first_check") + Closed(now, "slow_frame") - Closed(before, "no_first_check")
                    - Closed(before, "slow_frame") >= Unknown + Known;
            }, "all of them are closed");
            await CountedAsync(before, "slow_frame", Known);
        });

    [RootFact]
    public async Task HalfOpen_PeersThatVanish_AreEnded()
        => await BesideCallsAsync("100 strangers and a caller vanish without a word", async (_, before) =>
        {
            using var attacker = new TcpAttacker(system.Outside!);
            using RunningCommand call = _voice.StartWith(
                ["/usr/bin/nsenter", "--net=" + system.Outside!.FilePath],
                "call", "--wav", Checkout.Question, "--agent", "echo", "--tcp", "--seconds", "60", "--server",
                $"http://{InsideAddress}:{_voice.Url.Port}", "--key", _voice.ApiKey, "--via", $"{InsideAddress}:{Relay.Port}");
            await call.ConnectedAsync();
            attacker.Open(100, new IPEndPoint(IPAddress.Parse(InsideAddress), Relay.Port));
            await Wait.UntilAsync(async () => Tcp(await StatsAsync(), "accepted") >= Tcp(before, "accepted") + 101, "they are connected");
            system.Outside!.Vanish(OutsideAddress);
            await CountedAsync(before, "no_first_check", 100);
            // Nobody acknowledges what the relay still sends to the caller. TCP_USER_TIMEOUT ends the connection well before the session
            // ends (consent lasts 30 s).
            await Task.Delay(TimeSpan.FromSeconds(5));
            await CountedAsync(before, "timed_out", 1);
            Assert.Equal(Tcp(before, "connections"), Tcp(await StatsAsync(), "connections"));
        });

    [RootFact]
    public async Task Frames_Of64KilobytesAndOfNothing_AreRefusedOrPassedOver()
        => await BesideCallsAsync("254 connections with frames too long, 100 with 2,000 empty ones each", async (attacker, before) =>
        {
            byte[] longest = [0xFF, 0xFF, .. new byte[ushort.MaxValue]], little = [0x05, 0xDD, .. new byte[1501]];
            attacker.Open(200, Relay, longest);
            attacker.Open(50, Relay, little);
            attacker.Open(4, Relay, (byte[])[.. TcpAttacker.Check(await NewSessionAsync()), .. longest]);
            await CountedAsync(before, "frame_too_long", 254);
            attacker.Open(100, Relay, new byte[4000]);
            await CountedAsync(before, "no_first_check", 100);
            Assert.Equal(200_000, Tcp(await StatsAsync(), "emptyFrames") - Tcp(before, "emptyFrames"));
        });

    [RootFact]
    public async Task Storm_OfConnectionsThatComeAndGo_IsCounted()
        => await BesideCallsAsync("9,000 connections that come and go", async (attacker, before) =>
        {
            const int Count = 9000;
            attacker.Storm(Count, Relay);
            await Wait.UntilAsync(async () =>
            {
                JsonObject now = await StatsAsync();
                return Closed(now, "peer_closed") + Closed(now, "reset") - Closed(before, "peer_closed") - Closed(before, "reset") >= Count;
            }, "all of them have gone");
            await CountedAsync(before, "peer_closed", Count / 3);
        });

    [RootFact]
    public async Task Garbage_BehindAGoodCheck_IsCountedAndAnotherSessionsCheckEndsIt()
        => await BesideCallsAsync("garbage behind a good check, on 8 connections of 4 sessions", async (attacker, before) =>
        {
            JsonObject owner = await TransceiverAsync();
            var connections = new List<Socket>();
            for (int session = 0; session < 4; session++)
                connections.AddRange(attacker.Open(2, Relay, TcpAttacker.Check(await NewSessionAsync())));
            await Wait.UntilAsync(async () => Tcp(await StatsAsync(), "bound") >= Tcp(before, "bound") + 8, "their checks are good");
            var random = new Random(4);
            byte[] garbage = new byte[200];
            for (int i = 0; i < 4000; i++)
            {
                random.NextBytes(garbage);
                // The first bytes are those of STUN, DTLS, RTP, RTCP, and of nothing known.
                garbage[0] = (byte)i;
                TcpAttacker.Say(connections[i % 8], TcpAttacker.Framed(garbage));
                if (i % 200 == 0) await Task.Delay(10);
            }
            await Wait.UntilAsync(async () => Packets(await StatsAsync(), "drop_unknown_kind") > Packets(before, "drop_unknown_kind") + 500,
                "the relay drops what is none of ours");
            Assert.Equal(Tcp(before, "connections") + 8, Tcp(await StatsAsync(), "connections"));
            JsonObject after = await TransceiverAsync();
            Assert.Equal((long)owner["faults"]!, (long)after["faults"]!);
            byte[] other = TcpAttacker.Check(await NewSessionAsync());
            foreach (Socket connection in connections) TcpAttacker.Say(connection, other);
            await CountedAsync(before, "other_session", 8);
        });

    [RootFact]
    public async Task Hint_OfOneSessionOnAHundredConnections_IsLimited()
        => await BesideCallsAsync("one session's check on 100 connections", async (attacker, before) =>
        {
            attacker.Open(100, Relay, TcpAttacker.Check(await NewSessionAsync()));
            await Wait.UntilAsync(async () => Tcp(await StatsAsync(), "accepted") >= Tcp(before, "accepted") + 100, "they are connected");
            await Wait.UntilAsync(async () => Tcp(await StatsAsync(), "connections") <= Tcp(before, "connections") + 8,
                "the session has 8 connections");
            JsonObject now = await StatsAsync();
            Assert.Equal(Packets(now, "drop_session_limit") - Packets(before, "drop_session_limit"),
                Closed(now, "check_refused") - Closed(before, "check_refused"));
            Assert.InRange(Packets(now, "drop_session_limit") - Packets(before, "drop_session_limit"), 50, 92);
        });

    [RootFact]
    public async Task LinkPort_StrangersForgersAndLongFrames_AreCountedAndLinksStay()
        => await BesideCallsAsync("the link port: 400 idle, 50 forged HELLOs, 50 of garbage, 100 frames of 64 kB", async (attacker, _) =>
        {
            JsonObject before = await TransceiverAsync();
            Assert.True(LinkKey.TryParse(Convert.ToBase64String(new byte[LinkKey.MinimumKeyBytes]), out LinkKey? wrong, out string? error),
                error);
            byte[] hello = new byte[2048];
            new LinkConnector(wrong!, "relay-evil.0", 1, TransportAddress.From(Link), 64, RandomNumberGenerator.Fill,
                Instant.Zero).TryTransmit(hello, out int length, Instant.Zero);
            // The numbers leave room: of many connections at once, some may be closed as too many before they are read, and are counted so.
            attacker.Open(50, Link, TcpAttacker.Framed(hello.AsSpan(0, length)));
            await LinkCountedAsync(before, "linkDropped", "forged_handshake", 40);
            attacker.Open(50, Link, TcpAttacker.Framed(new byte[600]));
            await LinkCountedAsync(before, "linkDropped", "malformed", 40);
            attacker.Open(100, Link, (byte[])[0xFF, 0xFF, .. new byte[ushort.MaxValue]]);
            await LinkCountedAsync(before, "linkClosed", "frame_too_long", 60);
            attacker.Open(400, Link);
            await Wait.UntilAsync(async () =>
            {
                JsonObject now = await TransceiverAsync();
                return now["linkClosed"]!.AsObject().Sum(c => (long)c.Value!) - before["linkClosed"]!.AsObject().Sum(c => (long)c.Value!)
                    >= 590;
            }, "all of them are closed");
            JsonObject after = await TransceiverAsync();
            output.WriteLine(
                $"  the transceiver dropped: {Difference(before["linkDropped"]!, after["linkDropped"]!)}; closed: "
                + $"{Difference(before["linkClosed"]!, after["linkClosed"]!)}");
            Assert.Equal(before["links"]!.AsArray().Sum(l => (int)l!["up"]!), after["links"]!.AsArray().Sum(l => (int)l!["up"]!));
            Assert.Equal((long)before["faults"]!, (long)after["faults"]!);
        });

    private static RunningCommand Load(VoiceSystem voice, int calls, int seconds, params string[] way)
        => voice.Start(
        ["load", "--calls", calls.ToString(CultureInfo.InvariantCulture), "--seconds", seconds.ToString(CultureInfo.InvariantCulture),
        "--agent", "echo", "--json", .. way]);

    /// <summary>Runs an abuse while the calls are alive, and prints what it did to the calls and to memory.</summary>
    private async Task BesideCallsAsync(string what, Func<TcpAttacker, JsonObject, Task> abuse)
    {
        long connected = (long)(await TransceiverAsync())["connected"]!;
        using RunningCommand tcp = Load(_voice, TcpCalls, LongestAbuseSeconds, "--tcp");
        using RunningCommand udp = Load(_voice, UdpCalls, LongestAbuseSeconds);
        await Wait.UntilAsync(async () => (long)(await TransceiverAsync())["connected"]! >= connected + TcpCalls + UdpCalls,
            "the calls are up");
        JsonObject before = await StatsAsync();
        double relayBefore = ResidentMegabytes("relay"), ownerBefore = ResidentMegabytes("transceiver-00"), relayMost = relayBefore,
            ownerMost = ownerBefore;
        using (var attacker = new TcpAttacker(system.Network))
        {
            output.WriteLine(what);
            using var watching = new CancellationTokenSource();
            var watch = Task.Run(async () =>
            {
                for (; !watching.IsCancellationRequested; await Task.Delay(100, CancellationToken.None))
                    (relayMost, ownerMost) = (Math.Max(relayMost, ResidentMegabytes("relay")),
                        Math.Max(ownerMost, ResidentMegabytes("transceiver-00")));
            });
            try
            {
                await abuse(attacker, before);
                long passed = Passed(await StatsAsync());
                await Wait.UntilAsync(async () => Passed(await StatsAsync()) >= passed + PacketsAfterwards, "the calls go on afterwards");
            }
            finally
            {
                await watching.CancelAsync();
                await watch;
            }
        }
        JsonObject after = await StatsAsync();
        // A load that is interrupted reports what it has measured.
        foreach (RunningCommand load in new[] { tcp, udp }) RunningCommand.Signal(load.Pid, RunningCommand.Interrupt);
        JsonObject overTcp = await ReportAsync(tcp), overUdp = await ReportAsync(udp);
        output.WriteLine(
            $"  closed: {Difference(TcpOf(before)["closes"]!, TcpOf(after)["closes"]!)}; packets: "
            + $"{Difference(before["packets"]!, after["packets"]!, "drop_")}; accept pauses {Tcp(after, "acceptPauses")}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  memory in MB before, at most, after: relay {relayBefore:0} {relayMost:0} {ResidentMegabytes("relay"):0}, transceiver "
            + $"{ownerBefore:0} {ownerMost:0} {ResidentMegabytes("transceiver-00"):0}"));
        foreach ((string name, JsonObject? beside, JsonObject? alone) in new[] {
            ("TCP", overTcp, system.TcpAlone), ("UDP", overUdp, system.UdpAlone) })
        {
            output.WriteLine(
                $"  calls over {name}: lost {beside["packets"]!["lost"]} of {beside["packets"]!["received"]} (alone "
                + $"{alone["packets"]!["lost"]}), longest gap {beside["longestGapMs"]} ms (alone {alone["longestGapMs"]}), lateness p99 "
                + $"{beside["latenessMs"]!["p99"]} ms (alone {alone["latenessMs"]!["p99"]})");
            Assert.Equal(0, (int)beside["failed"]!);
            // No packet is lost unless the machine stands still for longer than audio is useful.
            Assert.InRange((double)beside["lossPercent"]!, 0, 0.5);
        }
        Assert.InRange(relayMost - relayBefore, -200, 100);
        Assert.InRange(ownerMost - ownerBefore, -200, 100);
    }

    private Task CountedAsync(JsonObject before, string reason, long count)
        => Wait.UntilAsync(async () => Closed(await StatsAsync(), reason) - Closed(before, reason) >= count,
        $"{count} are closed as {reason}");

    private async Task LinkCountedAsync(JsonObject before, string table, string reason, long count)
    {
        JsonObject now = before;
        try
        {
            await Wait.UntilAsync(async () => Count(now = await TransceiverAsync(), table, reason) - Count(before, table, reason) >= count,
                $"{count} are counted as {reason}");
        }
        finally
        {
            output.WriteLine(
                $"  the transceiver dropped: {Difference(before["linkDropped"]!, now["linkDropped"]!)}; closed: "
                + $"{Difference(before["linkClosed"]!, now["linkClosed"]!)}");
        }
    }

    private static long Passed(JsonObject stats)
        => stats["packets"]!.AsObject().Where(p => !p.Key.StartsWith("drop_", StringComparison.Ordinal)).Sum(p => (long)p.Value!);

    /// <summary>The report of a load that was interrupted, and whose calls went on until then.</summary>
    private static async Task<JsonObject> ReportAsync(RunningCommand load)
    {
        CommandResult ended = await load.EndAsync();
        Assert.True(ended.Status == (int)ExitCode.Interrupted && (int)ended.Json["failed"]! == 0, $"{ended.Status}: {ended.Error}");
        return ended.Json;
    }

    private Task<JsonObject> StatsAsync() => _voice.InvokeAsync("relay", "internal/v1/stats");

    private Task<JsonObject> TransceiverAsync() => _voice.InvokeAsync("transceiver-00", "internal/v1/stats");

    /// <summary>Creates a session that nobody connects to.</summary>
    /// <returns>The SDP answer.</returns>
    private async Task<string> NewSessionAsync()
    {
        using HttpClient client = _voice.NewApiClient();
        using HttpResponseMessage answer = await client.PostAsync("/v1/realtime/calls?agent=echo", Offers.Content());
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, body);
        return body;
    }

    // The relay has one worker for every two cores. The figures of all workers are added.
    private static JsonObject TcpOf(JsonObject stats)
    {
        var sum = new JsonObject();
        var closes = new JsonObject();
        foreach (JsonNode? worker in stats["workers"]!.AsArray())
        {
            foreach ((string name, JsonNode? value) in worker!["tcp"]!.AsObject())
            {
                if (value is JsonObject reasons)
                {
                    foreach ((string reason, JsonNode? count) in reasons) closes[reason] = (long)(closes[reason] ?? 0L) + (long)count!;
                }
                else
                {
                    sum[name] = (long)(sum[name] ?? 0L) + (long)value!;
                }
            }
        }
        sum["closes"] = closes;
        return sum;
    }

    private static long Tcp(JsonObject stats, string name) => (long)TcpOf(stats)[name]!;

    private static long Closed(JsonObject stats, string reason) => (long)(TcpOf(stats)["closes"]![reason] ?? 0L);

    private static long Packets(JsonObject stats, string verdict) => (long)(stats["packets"]![verdict] ?? 0L);

    /// <summary>A count of a table by reason. The words of reasons are written with underscores.</summary>
    private static long Count(JsonObject stats, string table, string reason) => (long)(stats[table]![reason] ?? 0L);

    private static string Difference(JsonNode before, JsonNode after, string prefix = "")
    {
        (string Key, long Count)[] grown = after.AsObject().Where(r => r.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(r => (r.Key, Count: (long)r.Value! - (long)(before[r.Key] ?? 0L))).Where(r => r.Count > 0).ToArray();
        return grown.Length == 0 ? "nothing" : string.Join(", ", grown.Select(r => $"{r.Key} {r.Count}"));
    }

    private double ResidentMegabytes(string process)
        => long.Parse(File.ReadLines($"/proc/{_voice.PidOf(process)}/status").First(
        l => l.StartsWith("VmRSS:", StringComparison.Ordinal))[6..].Replace("kB", "", StringComparison.Ordinal).Trim(),
        CultureInfo.InvariantCulture) / 1024.0;

    private static (int Soft, int Hard) OpenFileLimit(string pid)
    {
        string[] words = File.ReadLines($"/proc/{pid}/limits").First(l => l.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (Parse(words[3]), Parse(words[4]));

        static int Parse(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out int number) ? number : int.MaxValue;
    }
}
