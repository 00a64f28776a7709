using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Cli.Drills.Calls;
using Dapr.Voice.Cli.Drills.Fleet;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Drills;

/// <summary>What a drill can do to a fleet with calls, and where it writes down what it measured itself.</summary>
internal sealed class DrillStage(
    Installation installation, DrillNetwork network, DrillFleet fleet, DrillAgent agent, DrillCallers callers, PacketCapture capture,
    Recorder recorder, Action<string> say)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>The components that live in one server: who loses it loses both.</summary>
    private static readonly string[] StoreComponents = [ComponentNames.Sessions, ComponentNames.Checkpoints];

    public DrillFleet Fleet => fleet;
    public DrillAgent Agent => agent;

    /// <summary>When the damage began, in milliseconds since the run began; null before.</summary>
    public double? DamageAt { get; private set; }
    public double? DoneMs { get; private set; }
    public double? KnownAgainMs { get; private set; }
    public double? HangUpMs { get; private set; }
    public int? Diverted { get; private set; }

    /// <summary>Writes into the timeline. The first mark is the beginning of the damage.</summary>
    public void Mark(string what)
    {
        DamageAt ??= recorder.Now;
        recorder.Mark(what);
        say($"  {(recorder.Now - DamageAt.Value) / 1000:0.0} s: {what}");
    }

    /// <summary>Notes how long the drill's own work took since the damage.</summary>
    public void NoteDone() => DoneMs = recorder.Now - DamageAt;

    /// <summary>The transceiver that serves the most calls.</summary>
    /// <exception cref="CommandFailedException">None serves a call.</exception>
    public string BusiestOwner()
    {
        var running = fleet.RunningTransceivers().Select(p => $"{p.Name}/{p.Pid}").ToHashSet(StringComparer.Ordinal);
        return agent.Owners.Where(o => o.Key >= 0 && running.Contains(o.Value)).GroupBy(o => o.Value, StringComparer.Ordinal)
            .OrderByDescending(g => g.Count()).FirstOrDefault()?.Key.Split('/')[0]
            ?? throw new CommandFailedException("no transceiver serves a call any more, so the drill can't go on");
    }

    public void Signal(string process, int signal, string what)
    {
        fleet.Damaged ??= process;
        Mark(what);
        fleet.Signal(process, signal);
    }

    public async Task StoreAsync(string state)
    {
        foreach (string component in StoreComponents) await fleet.Sidecar.SetOutageAsync(component, state);
    }

    /// <summary>Gives every caller another socket in one moment: the NAT in front of them has forgotten its bindings.</summary>
    public async Task RebindAsync(string address, string what)
    {
        var sockets = callers.CallIds.Keys.ToDictionary(number => number, _ => network.OpenCallerSocket(address));
        Mark(what);
        await callers.DoAsync(lines =>
        {
            foreach (DrillCallers.Line line in lines) line.Caller.Rebind(sockets[line.Number]);
        });
    }

    /// <summary>
    /// Sends each caller's last check again and again from another address, as an attacker on its way could. Counts what comes to that
    /// address besides answers to checks.
    /// </summary>
    public async Task ReplayChecksAsync(int copies, TimeSpan listen, CancellationToken cancellation)
    {
        using Socket stranger = network.OpenCallerSocket(DrillNetwork.StrangerAddress);
        var relay = new IPEndPoint(IPAddress.Parse(DrillNetwork.FleetAddress), LocalPorts.RelayPublic.First);
        byte[][] checks = [.. capture.Checks.Values];
        if (checks.Length == 0) throw new CommandFailedException("no caller has sent a check, so none can be replayed");
        byte[] buffer = new byte[2048];
        int diverted = 0;
        void Receive()
        {
            while (stranger.Available > 0)
            {
                int length = stranger.Receive(buffer);
                if (DatagramDemultiplexer.Classify(buffer.AsSpan(0, length)) != DatagramKind.Stun) diverted++;
            }
        }
        for (int i = 0; i < copies; i++)
        {
            stranger.SendTo(checks[i % checks.Length], relay);
            Receive();
            if (i % 20 == 19) await Task.Delay(20, cancellation);
        }
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < listen)
        {
            Receive();
            await Task.Delay(20, cancellation);
        }
        Diverted = diverted;
    }

    /// <summary>Asks for every call until the server knows all of them.</summary>
    public async Task AwaitKnownAsync(TimeSpan limit, CancellationToken cancellation)
    {
        double from = recorder.Now;
        while (recorder.Now - from < limit.TotalMilliseconds)
        {
            bool areKnown = true;
            foreach (string callId in callers.CallIds.Values)
            {
                if (await fleet.Access.LookUpAsync(callId, cancellation) == HttpStatusCode.OK) continue;
                areKnown = false;
                break;
            }
            if (areKnown)
            {
                KnownAgainMs = recorder.Now - from;
                Mark($"every call is known again after {KnownAgainMs:0} ms");
                return;
            }
            await Task.Delay(Poll, cancellation);
        }
        Mark("some calls are still unknown");
    }

    /// <summary>Ends the first call through the API, and waits for its event.</summary>
    public async Task HangUpThroughApiAsync(TimeSpan limit, CancellationToken cancellation)
    {
        string callId = callers.CallIds[callers.CallIds.Keys.Min()];
        double from = recorder.Now;
        HttpStatusCode status;
        try
        {
            status = await fleet.Access.HangUpAsync(callId);
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            Mark($"the hang-up was not answered: {failure.Message}");
            return;
        }
        if ((int)status >= 300)
        {
            Mark($"the hang-up was answered with {(int)status}");
            return;
        }
        while (recorder.Now - from < limit.TotalMilliseconds)
        {
            if (recorder.Has(e => e.Kind == HistoryKind.Event && e.Text == LifecycleEventTypes.SessionEnded
                && e.Id!.StartsWith(callId + "/", StringComparison.Ordinal)))
            {
                HangUpMs = recorder.Now - from;
                Mark($"a hang-up was published after {HangUpMs:0} ms");
                return;
            }
            await Task.Delay(Poll, cancellation);
        }
        Mark("no event of the hang-up came");
    }

    public FakeClock Clock(string process) => new(installation, process);
}
