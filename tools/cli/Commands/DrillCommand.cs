using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Dapr.Voice.Cli.Drills;
using Dapr.Voice.Cli.Drills.Calls;
using Dapr.Voice.Cli.Drills.Fleet;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Drills.Reports;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;
using Dapr.Voice.Native;
using Spectre.Console;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice drill</c> breaks a fleet of its own on purpose, and measures at its callers. One process makes the networks; a second one
/// runs in the fleet's network and does the work.
/// </summary>
internal static class DrillCommand
{
    private const string AllDrills = "all", ReportName = "drill-report", SetPriv = "/usr/bin/setpriv",
        SetSid = "/usr/bin/setsid";
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);

    public static Command Create(Installation installation)
    {
        var name = new Argument<string?>("name") {
            Description = $"The drill to run, or '{AllDrills}'. Without a name, the drills are listed.",
            Arity = ArgumentArity.ZeroOrOne };
        var calls = new Option<int>("--calls") { Description = "How many callers (1 to 200)", DefaultValueFactory = _ => 20 };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Do not call with Chromium and the unmodified SDK as well" };
        var output = new Option<string?>("--out") {
            Description = "The folder for reports, recorded runs and logs (default: .voice/drills)" };
        var check = new Option<string?>("--check") {
            Description = "Run nothing; check the recorded runs in this folder again for violations" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object for each drill, on a line of its own" };
        var networks = new Option<string?>("--networks") { Hidden = true };
        var command = new Command("drill", "Break a fleet of its own on purpose, and measure what its callers notice. Needs root")
        { name, calls, noBrowser, output, check, json, networks };
        command.OnInvoke(async (result, cancellation) =>
        {
            bool asJson = result.GetValue(json);
            string folder = Path.GetFullPath(result.GetValue(output) ?? Path.Combine(installation.Home, "drills"));
            if (result.GetValue(check) is { } recorded) return Check(Path.GetFullPath(recorded), asJson);
            string? wanted = result.GetValue(name);
            if (wanted is null) return List();
            IReadOnlyList<Drill> drills = wanted == AllDrills ? DrillCatalog.All : [.. DrillCatalog.All.Where(d => d.Name == wanted)];
            if (drills.Count == 0) throw new CommandFailedException($"there is no drill '{wanted}'", "'./voice drill' lists them");
            int count = result.GetValue(calls);
            if (count is < 1 or > 200) throw new CommandFailedException($"--calls {count} is out of range", "give 1 to 200");
            bool withBrowser = !result.GetValue(noBrowser);
            if (result.GetValue(networks) is { } given)
            {
                string[] both = given.Split(',');
                return await RunAsync(installation, DrillNetwork.Adopt(both[0], both[1]), drills, count, withBrowser, folder, asJson,
                    cancellation);
            }
            Descriptors.EnsureEnough();
            await NativePackages.EnsureAsync(NativeNeed.System, mayInstall: false, Output.Say, cancellation);
            // The drill's own network has no way to npm's registry.
            if (withBrowser && PageDriver.WhyNot(installation) is null) await PageDriver.InstallAsync(installation, cancellation);
            return await RunInNetworksAsync(
                installation, [wanted, "--calls", count.ToString(CultureInfo.InvariantCulture), "--out", folder,
                    .. withBrowser ? Array.Empty<string>() : ["--no-browser"], .. asJson ? ["--json"] : Array.Empty<string>()],
                cancellation);
        });
        return command;
    }

    private static ExitCode List()
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("drill", "what happens");
        foreach (Drill drill in DrillCatalog.All)
            table.AddRow(Markup.Escape(drill.Name),
                Markup.Escape(drill.WhyNot() is { } why ? $"{drill.Title} (not here: {why})" : drill.Title));
        Output.Print(table);
        Console.WriteLine($"Run one with './voice drill NAME', or all of them with './voice drill {AllDrills}'. It needs root.");
        return ExitCode.Done;
    }

    /// <summary>Makes the networks, and runs this program again inside the fleet's.</summary>
    private static async Task<ExitCode> RunInNetworksAsync(Installation installation, string[] arguments, CancellationToken cancellation)
    {
        var network = DrillNetwork.Create();
        DirectoryInfo home = Directory.CreateTempSubdirectory("voice-drill-");
        try
        {
            // When this process is killed, the kernel ends the other one, and with it the fleet.
            string[] leash = File.Exists(SetPriv) ? [SetPriv, "--pdeathsig", "TERM", "--"] : [];
            // In a session of its own it can raise itself (MediaThread): callers, agent and page stand for other machines, and their own
            // waits for the processor should not be measured.
            string[] session = File.Exists(SetSid) ? [SetSid] : [];
            string[] command = [.. network.EnterFleet, .. leash, .. session, installation.DotnetHost,
                installation.Assembly(VoiceProgram.Cli), "drill", .. arguments, "--networks", $"{network.Fleet},{network.Callers}"];
            var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false };
            start.Environment["VOICE_HOME"] = home.FullName;
            start.Environment["VOICE_ROOT"] = installation.Root;
            return await RunToEndAsync(start, cancellation);
        }
        finally
        {
            network.Remove();
            home.Delete(recursive: true);
        }
    }

    // The signal of --pdeathsig is sent when the thread that started the child ends, so that thread waits for the child.
    private static async Task<ExitCode> RunToEndAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using Process process = Process.Start(start)!;
                started.SetResult(process);
                process.WaitForExit();
                ended.SetResult(process.ExitCode);
            }
            catch (Exception failure)
            {
                started.TrySetException(failure);
                ended.TrySetException(failure);
            }
        }) { IsBackground = true, Name = "drill" };
        thread.Start();
        int pid = (await started.Task).Id;
        await using CancellationTokenRegistration cancelled = cancellation.Register(() => _ = LibC.kill(pid, LibC.SIGTERM));
        Task<int> end = ended.Task;
        if (cancellation.CanBeCanceled && !end.IsCompleted)
        {
            var interrupted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using CancellationTokenRegistration told = cancellation.Register(() => interrupted.SetResult());
            await Task.WhenAny(end, interrupted.Task);
            if (!end.IsCompleted && await Task.WhenAny(end, Task.Delay(EndLimit, CancellationToken.None)) != end)
                _ = LibC.kill(pid, LibC.SIGKILL);
        }
        return (ExitCode)await end;
    }

    private static async Task<ExitCode> RunAsync(Installation installation, DrillNetwork network, IReadOnlyList<Drill> drills, int calls,
        bool withBrowser, string folder, bool asJson, CancellationToken cancellation)
    {
        var reports = new List<DrillReport>();
        foreach (Drill drill in drills)
        {
            DrillReport report = await new DrillRun(installation, network, drill, calls, withBrowser, folder, Output.Say)
                .RunAsync(cancellation);
            reports.Add(report);
            if (asJson) Output.Json(JsonReport.Of(report));
            Output.Say($"{report.Drill}: {report.Verdict}{(report.Error ?? report.Skipped) switch { null => "", var why => $" ({why})" }}");
            foreach (string missed in report.Missed) Output.Say($"  missed: {missed}");
            // After each drill, so that an interrupted run leaves what it has.
            Write(folder, reports);
        }
        if (!asJson)
        {
            Output.Print(TableOf(reports));
            Console.WriteLine($"Reports: {Path.Combine(folder, ReportName)}.html, .md and .json");
        }
        return reports.TrueForAll(r => r.Passed) ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Write(string folder, IReadOnlyList<DrillReport> reports)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ReportName + ".html"), HtmlReport.Of(reports));
        File.WriteAllText(Path.Combine(folder, ReportName + ".md"), MarkdownReport.Of(reports));
        File.WriteAllLines(Path.Combine(folder, ReportName + ".json"), reports.Select(r => JsonReport.Of(r).ToJsonString()));
    }

    private static Table TableOf(IReadOnlyList<DrillReport> reports)
    {
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumns("drill", "result", "lost", "detection", "gap up p50/p99/max", "gap down p50/p99/max", "missed");
        foreach (DrillReport report in reports)
        {
            Findings? found = report.Findings;
            table.AddRow(report.Drill, report.Verdict, found is null ? "" : $"{found.Lost} of {found.Calls}",
                found?.DetectionMs is { } detection ? $"{detection:0} ms" : "", MarkdownReport.Gap(found?.GapUp),
                MarkdownReport.Gap(found?.GapDown),
                Markup.Escape(report.Error ?? report.Skipped ?? string.Join("\n", report.Missed)));
        }
        return table;
    }

    /// <summary>Checks recorded runs again, for example with newer rules.</summary>
    private static ExitCode Check(string folder, bool asJson)
    {
        if (!Directory.Exists(folder)) throw new CommandFailedException($"there is no folder {folder}", "give the --out of a drill");
        string[] files = [.. Directory.EnumerateFiles(folder, "*.jsonl.gz", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        if (files.Length == 0) throw new CommandFailedException($"there is no recorded run in {folder}", "give the --out of a drill");
        int violations = 0;
        foreach (string file in files)
        {
            IReadOnlyList<Violation> found;
            try
            {
                found = HistoryChecker.Check(HistoryFile.Read(file));
            }
            catch (InvalidDataException failure)
            {
                throw new CommandFailedException(failure.Message, "delete the file, or name another folder");
            }
            violations += found.Count;
            foreach (Violation violation in found)
                Output.Say($"{Path.GetFileName(file)}: {violation.Rule}, call {violation.Call}, {violation.T:0} ms: {violation.What}");
        }
        if (asJson)
            Output.Json(new System.Text.Json.Nodes.JsonObject { ["runs"] = files.Length, ["violations"] = violations });
        else Console.WriteLine($"{files.Length} recorded runs, {violations} violations");
        return violations == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}
