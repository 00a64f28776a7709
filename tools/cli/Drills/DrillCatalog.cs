using Dapr.Voice.Cli.Drills.Fleet;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Drills;

/// <summary>Every drill, in the order in which <c>./voice drill all</c> runs them.</summary>
internal static class DrillCatalog
{
    /// <summary>How long an outage of a dependency lasts.</summary>
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(15), AliveAfter = TimeSpan.FromSeconds(62),
        Return = TimeSpan.FromSeconds(5);

    public static IReadOnlyList<Drill> All { get; } =
    [
        new("kill", "kill -9 of the transceiver with the most calls; the calls are alive 60 s later", AliveAfter, Bars.Kill,
            (stage, _) => KillOwner(stage)),
        new("kill-twice", "kill -9 of the owner and, 10 s later, of the successor of its calls", AliveAfter, Bars.Kill, KillTwiceAsync),
        Pause(2, Bars.Pause(2)),
        Pause(5, Bars.Pause(5)),
        Pause(30, Bars.LongPause),
        new("drain", "SIGTERM to the transceiver with the most calls, which does not come back", Short, Bars.Drain, DrainAsync),
        new("rolling-update", "every service is replaced, one after the other", Short, Bars.Update, (stage, c) => RollAsync(stage, 1, c)),
        new("two-revisions", "every service is replaced twice, as 'azd up' can do", Short, Bars.TwoRevisions,
            (stage, c) => RollAsync(stage, 2, c)),
        new("relay-restart", "SIGTERM to the relay, which is started again", Short, Bars.RelayRestart, (stage, _) =>
        {
            stage.Signal("relay", LibC.SIGTERM, "SIGTERM to the relay");
            return Task.CompletedTask;
        }),
        new("relay-kill", "kill -9 of the relay, which is started again", Short, Bars.RelayRestart, (stage, _) =>
        {
            stage.Signal("relay", LibC.SIGKILL, "kill -9 of the relay");
            return Task.CompletedTask;
        }),
        RelayGone(5),
        RelayGone(90),
        new("relay-drain", "one of two relays drains and does not come back", Short, Bars.RelayDrain, async (stage, cancellation) =>
        {
            int pid = await HoldRelayAsync(stage, cancellation);
            stage.Signal("relay", LibC.SIGTERM, "SIGTERM to one of two relays");
            if (await DrillFleet.EndedAsync(pid, TimeSpan.FromSeconds(30), cancellation)) stage.Mark("the relay has ended");
        }) { Relays = 2 },
        new("nat-rebinding", "every caller gets another port and, 10 s later, another address", Short, Bars.Rebinding, RebindAsync),
        new("replayed-checks", "1,000 checks of callers are sent again from a stranger's address", Short, Bars.Spoofing, ReplayAsync),
        new("partition-relay", "a transceiver's link is cut for 30 s, without an answer", Short, Bars.LongPause, PartitionRelayAsync),
        new("partition-store", "a transceiver's sidecar is cut off for 30 s, without an answer", Short, Bars.Outage, PartitionStoreAsync),
        new("partition-agent", "the agent is cut off for 30 s, without an answer", Short, Bars.AgentOutage, PartitionAgentAsync),
        new("store-outage", "the state store does not answer for 30 s", Short, Bars.Outage, StoreOutageAsync),
        new("broker-outage", "the broker does not answer for 30 s", Short, Bars.Outage, BrokerOutageAsync),
        new("sidecar-outage", "all sidecars stand still for 30 s", Short, Bars.Outage, SidecarOutageAsync),
        new("agent-outage", "the agent is away for 30 s", Short, Bars.AgentOutage, AgentOutageAsync),
        new("transceiver-and-store", "kill -9 of a transceiver while the store does not answer for 10 s", AliveAfter,
            Bars.TransceiverAndStore, TransceiverAndStoreAsync),
        StoreLost(3, 2),
        StoreLost(20, 2),
        StoreLost(3, 4),
        StoreLost(20, 4),
        Clock("clock-plus-10s", TimeSpan.FromSeconds(10)),
        Clock("clock-minus-10s", TimeSpan.FromSeconds(-10)),
        Clock("clock-plus-20min", TimeSpan.FromMinutes(20)),
        Clock("clock-minus-20min", TimeSpan.FromMinutes(-20)),
    ];

    private static Task KillOwner(DrillStage stage)
    {
        string owner = stage.BusiestOwner();
        stage.Signal(owner, LibC.SIGKILL, $"kill -9 of {owner}");
        return Task.CompletedTask;
    }

    private static async Task KillTwiceAsync(DrillStage stage, CancellationToken cancellation)
    {
        await KillOwner(stage);
        await Task.Delay(TimeSpan.FromSeconds(10), cancellation);
        await KillOwner(stage);
    }

    private static Drill Pause(int seconds, IReadOnlyList<Bar> bars)
        => new($"sigstop-{seconds}", $"the transceiver with the most calls stands still for {seconds} s", Short, bars,
            async (stage, cancellation) =>
        {
            string owner = stage.BusiestOwner();
            stage.Signal(owner, LibC.SIGSTOP, $"SIGSTOP to {owner}");
            await Task.Delay(TimeSpan.FromSeconds(seconds), cancellation);
            stage.Signal(owner, LibC.SIGCONT, $"SIGCONT to {owner}");
        });

    private static Drill RelayGone(int age)
        => new($"relay-gone-{age}s", $"kill -9 of one of two relays, which does not come back; the calls are {age} s old or older", Short,
            Bars.RelayGone, async (stage, cancellation) =>
        {
            await HoldRelayAsync(stage, cancellation);
            stage.Signal("relay", LibC.SIGKILL, "kill -9 of one of two relays");
        }) { Relays = 2, Age = TimeSpan.FromSeconds(age) };

    /// <summary>Ends the process that would take the relay's place, and sees to it that neither is started again.</summary>
    /// <returns>The relay's pid.</returns>
    private static async Task<int> HoldRelayAsync(DrillStage stage, CancellationToken cancellation)
    {
        stage.Fleet.Hold("relay");
        stage.Fleet.Hold("relay-standby");
        if (stage.Fleet.PidOf("relay-standby") is { } standby)
        {
            stage.Fleet.Signal("relay-standby", LibC.SIGKILL);
            await DrillFleet.EndedAsync(standby, TimeSpan.FromSeconds(10), cancellation);
        }
        return stage.Fleet.PidOf("relay") ?? 0;
    }

    private static async Task DrainAsync(DrillStage stage, CancellationToken cancellation)
    {
        string owner = stage.BusiestOwner();
        int pid = stage.Fleet.PidOf(owner) ?? 0;
        stage.Fleet.Hold(owner);
        stage.Signal(owner, LibC.SIGTERM, $"SIGTERM to {owner}");
        bool hasEnded = await DrillFleet.EndedAsync(pid, TimeSpan.FromSeconds(30), cancellation);
        if (hasEnded) stage.NoteDone();
        stage.Mark(hasEnded ? $"{owner} has ended" : $"{owner} still runs after 30 s");
    }

    /// <summary>
    /// The development sidecar is not replaced: the store lives in it, and a store is no part of a deployment. The agent is the drill's.
    /// </summary>
    private static async Task RollAsync(DrillStage stage, int times, CancellationToken cancellation)
    {
        for (int revision = 1; revision <= times; revision++)
        {
            foreach (string process in (string[])[.. stage.Fleet.Transceivers, "relay", AppIds.Signaling])
            {
                stage.Mark($"revision {revision}: {process}");
                await stage.Fleet.RestartAsync(process, cancellation);
            }
        }
        stage.NoteDone();
        stage.Mark("every service is replaced");
    }

    private static async Task RebindAsync(DrillStage stage, CancellationToken cancellation)
    {
        await stage.RebindAsync(DrillNetwork.CallerAddress, "every caller has another port");
        await Task.Delay(TimeSpan.FromSeconds(10), cancellation);
        await stage.RebindAsync(DrillNetwork.OtherCallerAddress, "every caller has another address");
    }

    private static async Task ReplayAsync(DrillStage stage, CancellationToken cancellation)
    {
        stage.Mark("checks are replayed");
        await stage.ReplayChecksAsync(1_000, TimeSpan.FromSeconds(5), cancellation);
        stage.Mark($"{stage.Diverted} packets of streams came to the stranger");
    }

    private static async Task PartitionRelayAsync(DrillStage stage, CancellationToken cancellation)
    {
        string owner = stage.BusiestOwner();
        int first = LocalPorts.Links.First + stage.Fleet.Transceivers.ToList().IndexOf(owner) * LocalPorts.LinkPortsPerShard;
        int last = first + LocalPorts.LinkPortsPerShard - 1;
        stage.Fleet.Damaged = owner;
        stage.Mark($"the link of {owner} is cut");
        DrillNetwork.Cut("udp", first, last);
        await Task.Delay(Outage, cancellation);
        DrillNetwork.Mend("udp", first, last);
        stage.Mark($"the link of {owner} is back");
    }

    private static async Task PartitionStoreAsync(DrillStage stage, CancellationToken cancellation)
    {
        string owner = stage.BusiestOwner();
        SidecarPorts ports = LocalPorts.TransceiverSidecar(stage.Fleet.Transceivers.ToList().IndexOf(owner));
        stage.Mark($"the sidecar of {owner} is cut off");
        foreach (int port in new[] { ports.Http, ports.Grpc }) DrillNetwork.Cut("tcp", port, port);
        await Task.Delay(Outage, cancellation);
        foreach (int port in new[] { ports.Http, ports.Grpc }) DrillNetwork.Mend("tcp", port, port);
        stage.Mark($"the sidecar of {owner} is back");
    }

    private static async Task PartitionAgentAsync(DrillStage stage, CancellationToken cancellation)
    {
        stage.Mark("the agent is cut off");
        DrillNetwork.Cut("tcp", DrillFleet.AgentPort, DrillFleet.AgentPort);
        await Task.Delay(Outage, cancellation);
        DrillNetwork.Mend("tcp", DrillFleet.AgentPort, DrillFleet.AgentPort);
        stage.Mark("the agent can be reached again");
    }

    private static async Task StoreOutageAsync(DrillStage stage, CancellationToken cancellation)
    {
        stage.Mark("the store is away");
        await stage.StoreAsync("frozen");
        await Task.Delay(Outage, cancellation);
        await stage.StoreAsync("up");
        stage.Mark("the store is back with its data");
    }

    private static async Task BrokerOutageAsync(DrillStage stage, CancellationToken cancellation)
    {
        stage.Mark("the broker is away");
        await stage.Fleet.Sidecar.SetOutageAsync(ComponentNames.Lifecycle, "frozen");
        await Task.Delay(Outage, cancellation);
        await stage.Fleet.Sidecar.SetOutageAsync(ComponentNames.Lifecycle, "up");
        stage.Mark("the broker is back");
    }

    private static async Task SidecarOutageAsync(DrillStage stage, CancellationToken cancellation)
    {
        stage.Signal("sidecar", LibC.SIGSTOP, "the sidecars stand still");
        await Task.Delay(Outage, cancellation);
        stage.Signal("sidecar", LibC.SIGCONT, "the sidecars go on");
    }

    private static async Task AgentOutageAsync(DrillStage stage, CancellationToken cancellation)
    {
        stage.Mark("the agent is away");
        await stage.Agent.GoAwayAsync();
        await Task.Delay(Outage, cancellation);
        await stage.Agent.StartAsync();
        stage.Mark("the agent is back");
    }

    private static async Task TransceiverAndStoreAsync(DrillStage stage, CancellationToken cancellation)
    {
        string owner = stage.BusiestOwner();
        await stage.StoreAsync("frozen");
        stage.Signal(owner, LibC.SIGKILL, $"the store is away; kill -9 of {owner}");
        await Task.Delay(TimeSpan.FromSeconds(10), cancellation);
        await stage.StoreAsync("up");
        stage.Mark("the store is back with its data");
    }

    private static Drill StoreLost(int seconds, int transceivers)
        => new($"store-lost-{seconds}s{(transceivers == 2 ? "" : $"-{transceivers}")}",
            $"the store is away for {seconds} s and comes back empty; {transceivers} transceivers", Short, Bars.StoreLost,
            async (stage, cancellation) =>
        {
            stage.Mark("the store is away");
            await stage.StoreAsync("killed");
            await Task.Delay(TimeSpan.FromSeconds(seconds), cancellation);
            await stage.StoreAsync("up");
            stage.Mark("the store is back and empty");
            await stage.AwaitKnownAsync(2 * Return, cancellation);
        })
        {
            Transceivers = transceivers,
            AskAsync = (stage, cancellation) => stage.HangUpThroughApiAsync(2 * Return, cancellation),
        };

    private static Drill Clock(string name, TimeSpan jump)
        => new(name, $"the wall clock of transceiver-00 jumps by {jump.TotalSeconds:+0;-0} s", TimeSpan.FromSeconds(20), Bars.Outage,
            (stage, _) =>
        {
            stage.Mark($"the clock of {AppIds.Transceiver(0)} jumps by {jump.TotalSeconds:+0;-0} s");
            stage.Clock(AppIds.Transceiver(0)).Move(jump);
            return Task.CompletedTask;
        })
        {
            HasFakeClock = true,
            WhyNot = FakeClock.WhyNot,
        };
}
