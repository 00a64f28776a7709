using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice test [SUITE…]</c> runs everything that CI runs, or the suites that are named. The last line is <c>N passed, N failed, N
/// skipped</c>.
/// </summary>
internal static class TestCommand
{
    private const string Shell = "/bin/sh";

    /// <summary>How many characters of a failed test's message the end of the run repeats.</summary>
    private const int LongestMessage = 300;

    /// <summary>How often suites whose output comes later say that they still run.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMinutes(1);

    /// <param name="Turn">Suites of one turn run at the same time.</param>
    /// <param name="IsPatient">
    /// The suite computes all the time and measures nothing. It starts with its turn, uses only the processor time that other suites leave,
    /// and no turn waits for it.
    /// </param>
    /// <param name="IsByNameOnly">The suite is not part of a run of all.</param>
    /// <param name="Need">The packages that are installed before it.</param>
    private sealed record Suite(string Name, string Project, string? Filter, int Turn, string What, bool IsPatient = false,
        bool IsByNameOnly = false, NativeNeed Need = NativeNeed.Tests);

    private static readonly IReadOnlyList<Suite> Suites =
    [
        new("unit", "tests/Unit", null, 1, "protocols, services, properties, allocations"),
        // This suite mostly waits for outages to end.
        new("contract", "tests/Integration", "FullyQualifiedName~DaprContract", 1,
            "every recording of the real Dapr sidecar against ours"),
        // This suite mostly waits for calls, which last as long as people talk.
        new("integration", "tests/Integration", "FullyQualifiedName~Integration.WholeSystem.|FullyQualifiedName~Integration.Azure.", 2,
            "the whole system: started, called and stopped"),
        new("services", "tests/Integration",
            string.Join('&', new[] { "WholeSystem", "Azure", "Failures", "DaprContract", "Images" }
            .Select(folder => $"FullyQualifiedName!~Integration.{folder}.")), 2,
            "services in process, the development sidecar, the local agent, and every step of the documents"),
        new("infra", "tests/Infra", null, 2,
            "the Bicep compiler, snapshots of every shape, every rule over what we deploy, hooks, scripts, workflows", IsPatient: true),
        new("fuzz", "tests/Fuzz", null, 2, "millions of mutated inputs through every parser, TCP framing and a live session",
            IsPatient: true),
        new("simulation", "tests/Simulation", null, 2,
            "ownership in virtual time: 100,000 schedules of failures, and every rule broken once", IsPatient: true),
        new("failures", "tests/Integration", "FullyQualifiedName~Integration.Failures.", 3,
            "whole systems that lose a process, a disk, a library, or meet a flood"),
        new("browser", "tests/Browser", null, 4, "Chromium and Firefox with the unmodified OpenAI Agents SDK"),
        // It builds the product four times, which would double the time of a run.
        new("images", "tests/Integration", "FullyQualifiedName~Integration.Images.", 5,
            "the four Dockerfiles, built and started; together they answer a call (only if you name it)", IsByNameOnly: true),
        // They need a Go toolchain, GStreamer and more, which are large.
        new("interop", "tests/Interop", "FullyQualifiedName!~TenMinuteTests", 6,
            "calls of eight WebRTC stacks that we did not write (only if you name it)", IsByNameOnly: true, Need: NativeNeed.Interop),
        new("interop-long", "tests/Interop", "FullyQualifiedName~TenMinuteTests", 7,
            "the same stacks in calls of ten minutes (only if you name it)", IsByNameOnly: true, Need: NativeNeed.Interop),
    ];

    public static Command Create(Installation installation)
    {
        var names = new Argument<string[]>("suite") { Description = string.Join("; ", Suites.Select(s => $"{s.Name}: {s.What}")),
            Arity = ArgumentArity.ZeroOrMore };
        var schedules = new Option<long?>("--schedules")
        {
            Description = "simulation: play so many schedules instead of 100,000", HelpName = "N",
        };
        var seed = new Option<ulong?>("--seed") {
        Description = "simulation: play one schedule, and print what happens in it", HelpName = "S" };
        var command = new Command("test", "Run all tests, or the suites that you name") { names, schedules, seed };
        command.OnInvoke(async (result, cancellation) =>
        {
            if (installation.IsPublished)
                throw new CommandFailedException("a published folder has no tests", "run './voice test' in a clone");
            string[] wanted = result.GetValue(names) ?? [];
            foreach (string name in wanted)
            {
                if (Suites.All(s => s.Name != name))
                    throw new CommandFailedException(
                        $"there is no suite '{name}'", "suites: " + string.Join(", ", Suites.Select(s => s.Name)));
            }
            Set("VOICE_SIMULATION_SCHEDULES", result.GetValue(schedules)?.ToString(CultureInfo.InvariantCulture));
            Set("VOICE_SIMULATION_SEED", result.GetValue(seed)?.ToString(CultureInfo.InvariantCulture));
            Suite[] suites = [.. Suites.Where(s => wanted.Length == 0 ? !s.IsByNameOnly : wanted.Contains(s.Name))];
            await NativePackages.EnsureAsync(suites.Max(s => s.Need), mayInstall: true, Output.Say, cancellation);
            // Two builds at the same time would write the same files.
            if (suites.Length > 1 && !await BuildAsync(installation, cancellation)) return ExitCode.Failed;
            var all = new Dictionary<Suite, Task<Counts>>();
            string[] Running() => [.. all.Where(s => !s.Value.IsCompleted).Select(s => s.Key.Name)];
            try
            {
                foreach (IGrouping<int, Suite> turn in suites.GroupBy(s => s.Turn))
                {
                    bool isBesideAnother = turn.Count() > 1 || Running().Length > 0;
                    foreach (Suite suite in turn)
                        all.Add(suite, RunAsync(installation, suite, isBesideAnother, suites.Length > 1, cancellation));
                    if (!isBesideAnother)
                    {
                        await all[turn.Single()];
                        continue;
                    }
                    Console.WriteLine(
                        $"== {string.Join(" and ", Running())} run at the same time; the output of each follows when it ends");
                    await SayProgressAsync(Task.WhenAll(turn.Where(s => !s.IsPatient).Select(s => all[s])), Running, cancellation);
                }
                await SayProgressAsync(Task.WhenAll(all.Values), Running, cancellation);
            }
            finally
            {
                // A cancelled run ends only when the processes of all suites have ended.
                await ((Task)Task.WhenAll(all.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            Counts[] counts = await Task.WhenAll(all.Values);
            // A log that is cut in the middle still names them here.
            foreach (string failure in counts.SelectMany(c => c.Failures)) Console.WriteLine($"failed: {failure}");
            int passed = counts.Sum(c => c.Passed), failed = counts.Sum(c => c.Failed);
            Console.WriteLine($"{passed} passed, {failed} failed, {counts.Sum(c => c.Skipped)} skipped");
            return failed == 0 && passed > 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>Tests read it from their environment.</summary>
    private static void Set(string name, string? value)
    {
        if (value is not null) Environment.SetEnvironmentVariable(name, value);
    }

    /// <param name="Failures">For each failed test: its suite, its name and the beginning of its message.</param>
    private sealed record Counts(int Passed, int Failed, int Skipped, IReadOnlyList<string> Failures);

    private static async Task SayProgressAsync(Task running, Func<string[]> suites, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        while (await Task.WhenAny(running, Task.Delay(ProgressInterval, cancellation)) != running && !cancellation.IsCancellationRequested)
            Console.WriteLine($"   {string.Join(" and ", suites())}: {watch.Elapsed.TotalMinutes:0} min");
        await running;
    }

    private static async Task<bool> BuildAsync(Installation installation, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        int exitCode = await RunDotnetAsync(installation, ["build", Path.Combine(installation.Root, "Dapr.Voice.sln"), "-c", "Release",
            "-nologo", "-v", "q"], null, false, cancellation);
        Console.WriteLine($"== build: {(exitCode == 0 ? "succeeded" : "failed")} in {watch.Elapsed.TotalSeconds:0} s");
        if (exitCode != 0) Console.WriteLine("0 passed, 1 failed, 0 skipped");
        return exitCode == 0;
    }

    /// <param name="isBesideAnother">Its output is printed when it ends, so that the lines of two suites do not mix.</param>
    private static async Task<Counts> RunAsync(
        Installation installation, Suite suite, bool isBesideAnother, bool isBuilt, CancellationToken cancellation)
    {
        string heading = $"== {suite.Name}: {suite.What}";
        if (!isBesideAnother) Console.WriteLine(heading);
        var watch = Stopwatch.StartNew();
        string results = Path.Combine(installation.Home, "test-results", suite.Name);
        if (Directory.Exists(results)) Directory.Delete(results, recursive: true);
        Directory.CreateDirectory(results);
        List<string> arguments = ["test", Path.Combine(installation.Root, suite.Project), "-c", "Release", "-nologo", "-v", "q", "--logger",
            "trx;LogFileName=results.trx", "--logger", "console;verbosity=minimal", "--results-directory", results];
        if (suite.Filter is not null) arguments.AddRange(["--filter", suite.Filter]);
        if (isBuilt) arguments.Add("--no-build");
        string log = Path.Combine(results, "output.log");
        int exitCode = await RunDotnetAsync(installation, arguments, isBesideAnother ? log : null, isBesideAnother && suite.IsPatient,
            cancellation);
        var said = new StringBuilder();
        if (isBesideAnother) said.AppendLine(heading).Append(await File.ReadAllTextAsync(log, cancellation));
        Counts counts = Read(suite, Path.Combine(results, "results.trx"), exitCode, said);
        said.Append(CultureInfo.InvariantCulture,
            $"== {suite.Name}: {counts.Passed} passed, {counts.Failed} failed, {counts.Skipped} skipped "
            + $"in {watch.Elapsed.TotalSeconds:0} s");
        Console.WriteLine(said.ToString());
        return counts;
    }

    /// <param name="log">The file for its output, or null for the terminal.</param>
    private static Task<int> RunDotnetAsync(
        Installation installation, List<string> arguments, string? log, bool isPatient, CancellationToken cancellation)
    {
        // A file is used because a process that outlives its parent would keep a pipe open.
        string[] before = log is null ? [] : [Shell, "-c", $"exec \"$@\" >\"$0\" 2>&1", log, .. isPatient ? ["nice", "-n", "19"]
            : Array.Empty<string>()];
        string[] all = [.. before, installation.DotnetHost, .. arguments];
        var start = new ProcessStartInfo(all[0], all[1..]) { UseShellExecute = false, WorkingDirectory = installation.Root };
        // MSBuild normally leaves a node that waits for the next build. A cancelled run would have to end it.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        return new MarkedProcesses().RunAsync(start, cancellation);
    }

    /// <summary>Counts the results of a suite, and appends its skipped tests and the figures that its tests printed.</summary>
    private static Counts Read(Suite suite, string report, int exitCode, StringBuilder said)
    {
        if (!File.Exists(report)) return new Counts(0, 1, 0, [$"{suite.Name}: no results, exit status {exitCode}"]);
        var failures = new List<string>();
        var document = XDocument.Load(report);
        XNamespace ns = document.Root!.Name.Namespace;
        foreach (XElement test in document.Descendants(ns + "UnitTestResult"))
        {
            string outcome = (string?)test.Attribute("outcome") ?? "";
            string name = (string?)test.Attribute("testName") ?? "";
            if (outcome == "NotExecuted")
            {
                string reason = ((string?)test.Descendants(ns + "Message").FirstOrDefault() ?? "no reason given").Trim();
                said.AppendLine($"   skipped: {name}: {reason}");
            }
            if (outcome == "Failed")
            {
                string message = ((string?)test.Descendants(ns + "Message").FirstOrDefault() ?? "").Trim().ReplaceLineEndings(" ");
                failures.Add($"{suite.Name}: {name}: {message[..Math.Min(message.Length, LongestMessage)]}");
            }
            // What a test prints are its measured figures.
            if (suite.Name != "unit" && test.Descendants(ns + "StdOut").FirstOrDefault() is { } printed)
            {
                foreach (string line in printed.Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    said.AppendLine("   " + line.TrimEnd());
            }
        }
        XElement counters = document.Descendants(ns + "Counters").First();
        int Count(string name) => int.Parse((string?)counters.Attribute(name) ?? "0", CultureInfo.InvariantCulture);
        int total = Count("total"), ok = Count("passed"), executed = Count("executed");
        int bad = Math.Max(executed - ok, exitCode != 0 && executed == ok ? 1 : 0);
        if (bad > failures.Count) failures.Add($"{suite.Name}: exit status {exitCode}");
        return new Counts(ok, bad, total - executed, failures);
    }
}
