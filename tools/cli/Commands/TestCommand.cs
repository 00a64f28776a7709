using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice test [SUITE…]</c>: everything CI runs, or one suite of it. The last line is <c>N passed, N failed, N skipped</c>.
/// </summary>
internal static class TestCommand
{
    private sealed record Suite(string Name, string Project, string? Filter, string What);

    private static readonly IReadOnlyList<Suite> Suites =
    [
        new("unit", "tests/Unit", null, "protocols, services, properties, allocations"),
        new("contract", "tests/Integration", "FullyQualifiedName~DaprContract", "every recording of the real Dapr sidecar against ours"),
        new("integration", "tests/Integration", "FullyQualifiedName!~DaprContract",
            "the whole system, started by './voice up', called, broken, ended"),
        new("fuzz", "tests/Fuzz", null, "millions of mutated inputs through every parser, TCP framing and a live session"),
        new("infra", "tests/Infra", null, "the Bicep compiler, snapshots of every shape, every rule over what we deploy, hooks, scripts, "
            + "workflows"),
        new("browser", "tests/Browser", null, "Chromium and Firefox with the unmodified OpenAI Agents SDK"),
    ];

    public static Command Create(Installation installation)
    {
        var names = new Argument<string[]>("suite") { Description = string.Join("; ", Suites.Select(s => $"{s.Name}: {s.What}")),
            Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("test", "Run all tests, or the suites named") { names };
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
            await NativePackages.EnsureAsync(NativeNeed.Tests, mayInstall: true, Output.Say, cancellation);
            int passed = 0, failed = 0, skipped = 0;
            foreach (Suite? suite in Suites.Where(s => wanted.Length == 0 || wanted.Contains(s.Name)))
            {
                Console.WriteLine($"== {suite.Name}: {suite.What}");
                var watch = Stopwatch.StartNew();
                Counts counts = await RunAsync(installation, suite, cancellation);
                passed += counts.Passed;
                failed += counts.Failed;
                skipped += counts.Skipped;
                Console.WriteLine(
                    $"== {suite.Name}: {counts.Passed} passed, {counts.Failed} failed, {counts.Skipped} skipped in {watch.Elapsed.TotalSeconds:0} s");
            }
            Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
            return failed == 0 && passed > 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private sealed record Counts(int Passed, int Failed, int Skipped);

    private static async Task<Counts> RunAsync(Installation installation, Suite suite, CancellationToken cancellation)
    {
        string results = Path.Combine(installation.Home, "test-results", suite.Name);
        if (Directory.Exists(results)) Directory.Delete(results, recursive: true);
        List<string> arguments = ["test", Path.Combine(installation.Root, suite.Project), "-c", "Release", "-nologo", "-v", "q", "--logger",
            "trx;LogFileName=results.trx", "--logger", "console;verbosity=minimal", "--results-directory", results];
        if (suite.Filter is not null) arguments.AddRange(["--filter", suite.Filter]);
        var start = new ProcessStartInfo(installation.DotnetHost, arguments) {
            UseShellExecute = false, WorkingDirectory = installation.Root };
        // A node of MSBuild that waits for the next build would be one of the processes that a cancelled run leaves.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        int exitCode = await new MarkedProcesses().RunAsync(start, cancellation);
        string report = Path.Combine(results, "results.trx");
        if (!File.Exists(report)) return new Counts(0, 1, 0);
        var document = XDocument.Load(report);
        XNamespace ns = document.Root!.Name.Namespace;
        foreach (XElement test in document.Descendants(ns + "UnitTestResult"))
        {
            string outcome = (string?)test.Attribute("outcome") ?? "";
            string name = (string?)test.Attribute("testName") ?? "";
            if (outcome == "NotExecuted")
                Console.WriteLine(
                    $"   skipped: {name}: {((string?)test.Descendants(ns + "Message").FirstOrDefault() ?? "no reason given").Trim()}");
            // What a test printed are its figures.
            if (suite.Name != "unit" && test.Descendants(ns + "StdOut").FirstOrDefault() is { } printed)
            {
                foreach (string line in printed.Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    Console.WriteLine("   " + line.TrimEnd());
            }
        }
        XElement counters = document.Descendants(ns + "Counters").First();
        int Count(string name) => int.Parse((string?)counters.Attribute(name) ?? "0", CultureInfo.InvariantCulture);
        int total = Count("total"), ok = Count("passed"), executed = Count("executed");
        int bad = Math.Max(executed - ok, exitCode != 0 && executed == ok ? 1 : 0);
        return new Counts(ok, bad, total - executed);
    }
}
