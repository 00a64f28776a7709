using System.CommandLine;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary><c>./voice doctor</c> says what is missing on this machine and how to get it.</summary>
internal static class DoctorCommand
{
    public static Command Create(Installation installation)
    {
        var json = new Option<bool>("--json") {
            Description = "Print one JSON object: ready, missing[{what, fix}], warnings[{what, cost, fix}]" };
        var tests = new Option<bool>("--tests") { Description = "Also check what './voice test' needs" };
        var command = new Command("doctor", "Say what is missing on this machine and how to get it") { json, tests };
        command.OnInvoke(result =>
        {
            List<Check> checks = [.. Checks(installation, result.GetValue(tests))];
            List<Check> missing = [.. checks.Where(c => c is { Fix: not null, Cost: null })];
            List<Check> warnings = [.. checks.Where(c => c.Cost is not null)];
            if (result.GetValue(json))
            {
                Output.Json(new JsonObject
                {
                    ["ready"] = missing.Count == 0,
                    ["missing"] = new JsonArray([.. missing.Select(m => (JsonNode)new JsonObject { ["what"] = m.What, ["fix"] = m.Fix })]),
                    ["warnings"] = new JsonArray([.. warnings.Select(
                        w => (JsonNode)new JsonObject { ["what"] = w.What, ["cost"] = w.Cost, ["fix"] = w.Fix })]),
                });
            }
            else
            {
                foreach (Check check in checks)
                {
                    Console.WriteLine($"{(check.Fix is null ? "ok     " : check.Cost is null ? "MISSING" : "WARNING")}  {check.What}");
                    if (check.Cost is not null) Console.WriteLine($"         {check.Cost}");
                    if (check.Fix is not null) Console.WriteLine($"         -> {check.Fix}");
                }
                Console.WriteLine(missing.Count == 0 ? "Ready: './voice up'." : $"{missing.Count} missing.");
            }
            return missing.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    /// <param name="Fix">What to do about it. Null if nothing is wrong.</param>
    /// <param name="Cost">What it costs to run without it. Null if the system cannot.</param>
    private sealed record Check(string What, string? Fix, string? Cost = null);

    private static IEnumerable<Check> Checks(Installation installation, bool includeTests)
    {
        yield return new Check($".NET runtime {Environment.Version}", null);
        foreach (NativeRequirement? required in NativeRequirement.All.Where(r => includeTests || r.Need < NativeNeed.Tests))
        {
            bool present = required.IsPresent();
            string install = NativePackages.InstallCommand([required])
                + (NativePackages.MayInstall ? "   ('./voice up' does this for you)" : "");
            yield return new Check(
                $"{required.Package}: {required.UsedFor}", present ? null : install, present || includeTests ? null : required.WithoutIt);
        }
        RunState? running = RunState.Load(installation) is { IsAlive: true } state ? state : null;
        if (running is not null)
        {
            yield return new Check($"running at {running.Url} with {running.SidecarKind}", null);
            string lost = string.Join(
                ", ", running.Processes.Where(p => p.LostLogLines > 0).Select(p => $"{p.Name} {p.LostLogLines}"));
            if (lost.Length > 0)
                yield return new Check($"all log lines were written (lost: {lost})",
                    $"the logs in {installation.Logs} say where lines are missing, and why", "The system goes on without these lines");
        }
        else
        {
            foreach ((string what, int port, bool udp, string? option) in new[]
            {
                ("the page and the API", LocalPorts.SignalingHttp.First, false, "--port"),
                ("the relay", LocalPorts.RelayPublic.First, true, "--relay-port"),
                ("the relay", LocalPorts.RelayPublic.First, false, "--relay-port"),
                ("signaling's sidecar", LocalPorts.SignalingSidecar.Http, false, ""),
                ("gRPC of signaling's sidecar", LocalPorts.SignalingSidecar.Grpc, false, ""),
            })
            {
                string kind = udp ? "udp" : "tcp";
                string? fix = PortOwner.Find(port, udp) is { } holder
                    ? $"taken by {holder}: end it{(option.Length > 0 ? $", or './voice up {option} N'" : "")}" : null;
                yield return new Check($"port {port}/{kind} for {what} is free", fix);
            }
        }
        foreach (Check check in Disk(installation.Home)) yield return check;
    }

    private static IEnumerable<Check> Disk(string folder)
    {
        const string Advice = "free space there, or set VOICE_HOME to a folder in which you may write; .voice is created in it";
        string? why = DiskSpace.WhyNotWritable(folder);
        yield return new Check($"{folder} can be written{(why is null ? "" : $" ({why})")}", why is null ? null : Advice);
        if (why is null && DiskSpace.FreeBytes(folder) is { } free and < DiskSpace.LowBytes)
        {
            yield return new Check($"the disk of {folder} has room for logs ({free / 1048576} MiB are free)", Advice,
                "On a full disk the system goes on, drops log lines and counts them");
        }
    }
}
