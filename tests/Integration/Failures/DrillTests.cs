using System.Diagnostics;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Drills.Reports;
using Dapr.Voice.Tests.Integration.WholeSystem;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>
/// The shortest drill, as a user runs it. The test is about the tool: what it starts, measures and leaves. Whether the bars are met depends
/// on the machine, so the test does not ask.
/// </summary>
[Collection(FailuresCollection.Name)]
public sealed class DrillTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("voice-drills-");

    [RootFact]
    public async Task RelayKilled_WithTwoCalls_IsMeasuredAndReported()
    {
        Checkout.EnsureBuilt();
        CommandResult result = await RunAsync("drill", "relay-kill", "--calls", "2", "--no-browser", "--json", "--out", _folder.FullName);
        output.WriteLine(result.ToString());
        JsonObject report = result.Json;
        Assert.Null((string?)report["error"]);
        Assert.Equal(("relay-kill", 2, 0), ((string)report["drill"]!, (int)report["calls"]!, (int)report["lost"]!));
        Assert.Equal((bool)report["passed"]! ? 0 : 1, result.Status);
        foreach (string direction in new[] { "gapUpMs", "gapDownMs" })
            Assert.InRange((double)report[direction]!["max"]!, 20, 15_000);
        Assert.Equal(0, (int)report["indexReuse"]!);
        Assert.Empty(report["violations"]!.AsArray());
        Assert.Contains(report["owners"]!.AsArray(), o => ((string)o!).StartsWith("before: transceiver-0", StringComparison.Ordinal));
        Assert.All(new[] { "up", "down" }, way => Assert.InRange((int)report["messages"]![way]!["sent"]!, 100, 10_000));

        // The recorded run says the same.
        List<HistoryEntry> history = HistoryFile.Read(Path.Combine(_folder.FullName, (string)report["history"]!));
        Assert.All(new[] { HistoryKind.HeardUp, HistoryKind.HeardDown }, kind => Assert.InRange(
            history.Count(e => e.Kind == kind && e.Number is not null) / (double)history.Count(e => e.Kind == kind), 0.5, 1));
        Assert.Contains(history, e => e is { Kind: HistoryKind.Event, Text: "voice.session.created.v1" });
        CommandResult check = await RunAsync("drill", "--check", _folder.FullName, "--json");
        Assert.Equal((1, 0), ((int)check.Succeeded().Json["runs"]!, (int)check.Json["violations"]!));
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(_folder.FullName, "drill-report.html")), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<CommandResult> RunAsync(params string[] arguments)
    {
        string[] command = ["/usr/bin/env", $"VOICE_ROOT={Checkout.Root}", $"VOICE_HOME={_folder.FullName}", Checkout.Dotnet, Checkout.Cli,
            .. arguments];
        using var running = new RunningCommand(new ProcessStartInfo(command[0], command[1..]), string.Join(' ', arguments));
        CommandResult result = await running.EndAsync();
        // The name of a network has the pid of the command that made it.
        Assert.Empty(Directory.GetFiles("/var/run/netns", $"voice-drill-{running.Pid}-*"));
        return result;
    }
}
