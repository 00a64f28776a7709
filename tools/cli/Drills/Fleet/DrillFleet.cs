using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>
/// The fleet of one drill: what <c>./voice up</c> starts, with the development sidecar, in a network of its own. This process must be in
/// that network. It watches the records of the slots and the lines of the logs. Any thread.
/// </summary>
internal sealed class DrillFleet : IAsyncDisposable
{
    /// <summary>Ports of this process, outside all bands of <see cref="LocalPorts"/>.</summary>
    public const int AgentPort = 8091, EventsPort = 7075;

    private const string EventsApp = "drill-events", EventsSidecarPort = "3700";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100), ReadyLimit = TimeSpan.FromSeconds(60);

    private readonly ServicePlan _plan;
    private readonly Supervisor _supervisor;
    private readonly Recorder _recorder;
    private readonly CancellationTokenSource _ending = new();
    private EventSubscriber? _events;
    private Task _watching = Task.CompletedTask;

    private DrillFleet(ServicePlan plan, Supervisor supervisor, ServerAccess access, string apiKey, Recorder recorder)
        => (_plan, _supervisor, Access, ApiKey, _recorder) = (plan, supervisor, access, apiKey, recorder);

    public ServerAccess Access { get; }
    public string ApiKey { get; }
    public string Url => _plan.Url;
    public SidecarControl Sidecar { get; } = new();

    /// <summary>Log lines of this process are no sign that another one has noticed: it is the damaged one.</summary>
    public string? Damaged { get; set; }

    public IReadOnlyList<string> Transceivers
        => [.. _plan.Processes.Where(p => p.Stage == Stage.Transceiver).Select(p => p.Name)];

    /// <param name="settings">Further settings, by the name of the process.</param>
    public static async Task<DrillFleet> StartAsync(Installation installation, int transceivers, int relays, string agentUrl,
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> settings, Recorder recorder, Action<string> say,
        CancellationToken cancellation)
    {
        string apiKey = LocalSecrets.Ensure(installation);
        var options = new UpOptions
        {
            Agent = agentUrl,
            Transceivers = transceivers,
            Relays = relays,
            HttpPort = LocalPorts.SignalingHttp.First,
            RelayPort = LocalPorts.RelayPublic.First,
            Addresses = [IPAddress.Parse(DrillNetwork.FleetAddress)],
            HttpAddress = DrillNetwork.FleetAddress,
            Apps = [$"{EventsApp}={EventsSidecarPort},{EventsPort}"],
            Components = null,
            UseDevelopmentSidecar = true,
            Region = "local",
            Settings = settings,
        };
        var plan = new ServicePlan(installation, options, daprd: null);
        var supervisor = new Supervisor(installation, plan, say);
        var fleet = new DrillFleet(plan, supervisor, ServerAccess.Of(new Uri(plan.Url), apiKey), apiKey, recorder);
        supervisor.LineWritten = fleet.OnLine;
        try
        {
            fleet._events = await EventSubscriber.StartAsync(EventsPort, recorder);
            await supervisor.StartAsync(cancellation);
            using (var check = ServerAccess.ForCheck(new Uri(plan.Url), apiKey))
                await SelfCheck.RunAsync(check, calls: 2 * transceivers, alsoTcp: false, cancellation);
            fleet._watching = Task.Run(fleet.WatchSlotsAsync, CancellationToken.None);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    public int? PidOf(string process) => _supervisor.PidOf(process);

    /// <summary>The transceivers that run.</summary>
    public IEnumerable<(string Name, int Pid)> RunningTransceivers()
        => Transceivers.Select(name => (name, PidOf(name))).Where(p => p.Item2 is not null).Select(p => (p.name, p.Item2!.Value));

    /// <exception cref="CommandFailedException">The process does not run.</exception>
    public void Signal(string process, int signal)
    {
        if (PidOf(process) is not { } pid || LibC.kill(pid, signal) != 0)
            throw new CommandFailedException($"{process} does not run, so the drill can't send it signal {signal}");
    }

    /// <summary>From now on the process is not started again when it ends.</summary>
    public void Hold(string process) => _supervisor.Hold(process);

    public Task ReleaseAsync(string process) => _supervisor.ReleaseAsync(process);

    /// <summary>Waits until the process with that pid has ended.</summary>
    /// <returns>False if it still runs at the limit.</returns>
    public static async Task<bool> EndedAsync(int pid, TimeSpan limit, CancellationToken cancellation)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        waiting.CancelAfter(limit);
        try
        {
            while (ProcessIdentity.StartOf(pid) is not null) await Task.Delay(5, waiting.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Stops a process as a deployment does, and waits until its successor is ready.</summary>
    public async Task RestartAsync(string process, CancellationToken cancellation)
    {
        if (PidOf(process) is not { } before) throw new CommandFailedException($"{process} does not run");
        Signal(process, LibC.SIGTERM);
        await EndedAsync(before, ReadyLimit, cancellation);
        await ReadyAsync(process, cancellation);
    }

    /// <summary>Waits until the process answers at its readiness probe.</summary>
    public async Task ReadyAsync(string process, CancellationToken cancellation)
    {
        string url = _plan.Processes.First(p => p.Name == process).ReadyUrl!.Replace("/healthz", "/readyz", StringComparison.Ordinal);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ReadyLimit);
        while (!limit.IsCancellationRequested)
        {
            try
            {
                using HttpResponseMessage answer = await client.GetAsync(url, limit.Token);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
            {
                cancellation.ThrowIfCancellationRequested();
            }
            await Task.Delay(20, cancellation);
        }
        throw new CommandFailedException($"{process} is not ready again after {ReadyLimit.TotalSeconds:0} s");
    }

    private void OnLine(string process, string line)
    {
        double now = _recorder.Now;
        // A process that starts says nothing about the damage before it has noticed it. Its name is that of the dead one.
        if (process == Damaged || !LogSigns.IsSign(process, line)) return;
        _recorder.Add(new HistoryEntry(now, HistoryKind.Noticed) { Owner = process, Text = LogSigns.Shortened(line) });
    }

    /// <summary>Records each change of a slot's record. It looks into the sidecar's memory, which no outage of the store stops.</summary>
    private async Task WatchSlotsAsync()
    {
        var known = new Dictionary<string, (string? Owner, long Epoch)>(StringComparer.Ordinal);
        using var looks = new PeriodicTimer(Look);
        try
        {
            while (await looks.WaitForNextTickAsync(_ending.Token))
            {
                if (await Sidecar.SlotsAsync() is not { } slots) continue;
                double now = _recorder.Now;
                foreach ((string key, JsonNode? value) in slots)
                {
                    if (value is not JsonObject record) continue;
                    string? incarnation = (string?)record["incarnation"];
                    string? owner = (int?)record["shard"] is { } shard ? $"{AppIds.Transceiver(shard)}#{incarnation}" : null;
                    long epoch = (long?)record["epoch"] ?? 0;
                    if (known.TryGetValue(key, out (string? Owner, long Epoch) before) && before == (owner, epoch)) continue;
                    known[key] = (owner, epoch);
                    long slot = long.Parse(key[(key.LastIndexOf('.') + 1)..], CultureInfo.InvariantCulture);
                    _recorder.Add(new HistoryEntry(now, HistoryKind.Slot) { Number = slot, Owner = owner, Epoch = epoch });
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The drill is over.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _watching;
        await _supervisor.DisposeAsync();
        if (_events is not null) await _events.DisposeAsync();
        Access.Dispose();
        Sidecar.Dispose();
        _ending.Dispose();
    }
}
