using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Dapr.Voice.Cli.Drills.Calls;
using Dapr.Voice.Cli.Drills.Fleet;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Drills.Reports;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Cli.Drills;

/// <summary>
/// Carries out one drill: starts a fleet and calls, does the damage, watches, and judges. This process must be in the fleet's network.
/// </summary>
/// <param name="folder">Where the recorded run and the logs go.</param>
/// <param name="say">Gets the progress, one line at a time.</param>
internal sealed class DrillRun(Installation installation, DrillNetwork network, Drill drill, int calls, bool withBrowser, string folder,
    Action<string> say)
{
    /// <summary>How long the calls go on before the damage.</summary>
    private static readonly TimeSpan Baseline = TimeSpan.FromSeconds(5), Tell = TimeSpan.FromSeconds(5);

    /// <summary>What the picture shows before the damage.</summary>
    private const double PictureBeforeMilliseconds = 3_000;

    private readonly double _startedAt = Clock();
    private readonly DateTimeOffset _startedUtc = DateTimeOffset.UtcNow;

    public async Task<DrillReport> RunAsync(CancellationToken cancellation)
    {
        var report = new DrillReport(drill.Name, drill.Title, _startedUtc);
        if (drill.WhyNot() is { } why) return report with { Skipped = why };
        Directory.CreateDirectory(folder);
        string? withoutPage = withBrowser ? PageDriver.WhyNot(installation) : "--no-browser";
        var recorder = new Recorder(() => Clock() - _startedAt);
        try
        {
            say($"{drill.Name}: {drill.Title}");
            return await CarryOutAsync(report with { WithoutPage = withoutPage }, recorder, cancellation);
        }
        catch (Exception failure) when (failure is CommandFailedException or HttpRequestException or InvalidOperationException
            or TimeoutException or JsonException or IOException)
        {
            return report with { WithoutPage = withoutPage, Error = failure.Message };
        }
        finally
        {
            KeepLogs();
        }
    }

    private async Task<DrillReport> CarryOutAsync(DrillReport report, Recorder recorder, CancellationToken cancellation)
    {
        DrillFleet? starting = null;
        await using var agent = new DrillAgent(recorder, DrillFleet.AgentPort,
            name => starting?.PidOf(name) is { } pid ? $"{name}/{pid}" : null);
        await agent.StartAsync();
        var settings = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        for (int shard = 0; shard < drill.Transceivers; shard++)
        {
            string name = AppIds.Transceiver(shard);
            var own = new Dictionary<string, string>(StringComparer.Ordinal) { ["Transceiver__Agents__custom"] = agent.UrlFor(name) };
            if (drill.HasFakeClock && shard == 0)
            {
                foreach ((string key, string value) in new FakeClock(installation, name).Settings()) own[key] = value;
            }
            settings[name] = own;
        }
        await using DrillFleet fleet = await DrillFleet.StartAsync(
            installation, drill.Transceivers, drill.Relays, agent.Url, settings, recorder, say, cancellation);
        starting = fleet;
        using var capture = new PacketCapture(network, LocalPorts.RelayPublic.First, recorder);
        using var callers = new DrillCallers(fleet.Access, calls, recorder, () => network.OpenCallerSocket());
        await callers.ConnectAsync(cancellation);
        PageDriver? page = null;
        try
        {
            if (report.WithoutPage is null)
                page = await PageDriver.StartAsync(installation, network.EnterCallers, Path.Combine(installation.Home, "browser"),
                    fleet.Url, fleet.ApiKey, recorder, cancellation);
            say($"  {calls} calls are up{(page is null ? $" (no page: {report.WithoutPage})" : " and a page")}");
            await Task.Delay(drill.Age > 2 * Baseline ? drill.Age - Baseline : Baseline, cancellation);

            double routineFrom = Clock();
            await Task.Delay(Baseline, cancellation);
            int opened = agent.Opened;
            var stage = new DrillStage(installation, network, fleet, agent, callers, capture, recorder, say);
            string? error = await TryAsync(() => DoAsync(stage, callers, cancellation));
            if (stage.DamageAt is not { } damageAt) return report with { Error = error ?? "the drill did nothing" };
            double endAt = recorder.Now;
            if (drill.AskAsync is { } ask && error is null) error = await TryAsync(() => ask(stage, cancellation));
            if (page is not null) error ??= await TryAsync(page.CollectAsync);
            IReadOnlyList<SidecarCall> sidecarCalls = await fleet.Sidecar.CallsAfterAsync(0);
            await callers.HangUpAsync();
            // What was sent last is on its way to the agent.
            await Task.Delay(TimeSpan.FromMilliseconds(500), CancellationToken.None);

            List<HistoryEntry> entries = FrameNumbering.Apply(HeardAudio.Read(recorder.ToSorted()));
            var found = Findings.Of(entries, damageAt, endAt);
            double recoveredAt = _startedAt + (found.RecoveryMs is { } recovery ? damageAt + recovery : endAt);
            double brokeAt = _startedAt + damageAt;
            (IReadOnlyList<string> names, IReadOnlyList<string> details) = Dependencies.Touched(
                sidecarCalls.Where(c => c.At >= routineFrom && c.At < brokeAt),
                sidecarCalls.Where(c => c.At >= brokeAt && c.At <= recoveredAt), agent.Opened - opened);
            found = found with
            {
                Touched = names, TouchedBy = details, DoneMs = stage.DoneMs, KnownAgainMs = stage.KnownAgainMs, HangUpMs = stage.HangUpMs,
                Diverted = stage.Diverted,
            };
            string history = $"{drill.Name}-{_startedUtc.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.jsonl.gz";
            HistoryFile.Write(Path.Combine(folder, history), entries);
            return report with
            {
                Findings = found,
                Judgements = DrillReport.Judge(page is null ? [.. drill.Bars.Where(b => !b.IsOfThePage)] : drill.Bars, found),
                Error = error,
                History = history,
                From = -PictureBeforeMilliseconds,
                Until = endAt - damageAt,
                Stretches = DrillReport.StretchesOf(entries, damageAt),
            };
        }
        finally
        {
            if (page is not null) await page.DisposeAsync();
        }
    }

    /// <summary>Does the damage, and watches the calls until the end.</summary>
    private async Task DoAsync(DrillStage stage, DrillCallers callers, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // Callers and agent stand for other machines. Their own waits for the processor should not be measured.
        MediaThread.TryRaiseProcess(except: Supervisor.LauncherName);
        Task telling = TellAsync(callers, ended.Token);
        try
        {
            string? error = await TryAsync(() => drill.DoAsync(stage, cancellation));
            // The calls are watched even if the damage could not be done to its end: what happened has to be seen.
            await Task.Delay(drill.Watch, cancellation);
            if (error is not null) throw new CommandFailedException(error);
        }
        finally
        {
            await ended.CancelAsync();
            await telling;
        }
    }

    private async Task TellAsync(DrillCallers callers, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Tell, cancellation);
                say($"  {callers.Connected} of {calls} calls are up, {callers.Silent} of them hear nothing");
            }
        }
        catch (OperationCanceledException)
        {
            // The watch is over.
        }
    }

    private static async Task<string?> TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            return null;
        }
        catch (Exception failure) when (failure is CommandFailedException or HttpRequestException or InvalidOperationException
            or TimeoutException or IOException)
        {
            return failure.Message;
        }
    }

    private void KeepLogs()
    {
        if (!Directory.Exists(installation.Logs)) return;
        string kept = Directory.CreateDirectory(Path.Combine(folder, "logs", drill.Name)).FullName;
        foreach (string file in Directory.GetFiles(installation.Logs, "*.log"))
            File.Copy(file, Path.Combine(kept, Path.GetFileName(file)), overwrite: true);
    }

    /// <summary>CLOCK_MONOTONIC in milliseconds, as the development sidecar notes it.</summary>
    private static double Clock() => Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency;
}
