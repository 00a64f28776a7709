using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Commands;

/// <summary><c>./voice load</c> makes many calls at once, shows the progress, and measures what they cost the server.</summary>
internal static class LoadCommand
{
    public static Command Create(Installation installation)
    {
        var calls = new Option<int>("--calls") { Description = "How many calls to make at once (1 to 2000)",
            DefaultValueFactory = _ => 50 };
        var seconds = new Option<int>("--seconds") { Description = "How many seconds all calls are up together (1 to 3600)",
            DefaultValueFactory = _ => 60 };
        var agent = new Option<string?>("--agent") {
            Description = "The agent to call: local, echo, parrot, or another one that the server knows",
            DefaultValueFactory = _ => "echo" };
        var server = new Option<string?>("--server") {
            Description = "URL of the server (default: the system that runs here)" };
        var key = new Option<string?>("--key") {
            Description = "API key or ephemeral key (default: VOICE_API_KEY, or the key of the running system)" };
        var tcp = new Option<bool>("--tcp") { Description = CallerOptions.TcpDescription };
        var via = new Option<string?>("--via") { Description = CallerOptions.ViaDescription };
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        var command = new Command("load", "Make many calls at once; print failures, set-up times, loss, lateness and CPU per session") {
            calls, seconds, agent, server, key, tcp, via, json };
        command.OnInvoke(async (result, cancellation) =>
        {
            int count = result.GetValue(calls), duration = result.GetValue(seconds);
            if (count is < 1 or > 2000) throw new CommandFailedException($"--calls {count} is out of range", "give 1 to 2000");
            if (duration is < 1 or > 3600) throw new CommandFailedException($"--seconds {duration} is out of range", "give 1 to 3600");
            var way = CallerOptions.Parse(result.GetValue(tcp), result.GetValue(via));
            Descriptors.EnsureEnough();
            await NativePackages.EnsureAsync(NativeNeed.Call, mayInstall: false, Output.Say, cancellation);
            using var access = ServerAccess.Find(installation, result.GetValue(server), result.GetValue(key));
            using var run = new LoadRun(access, count, TimeSpan.FromSeconds(duration), result.GetValue(agent), way, Output.Say);
            await run.RunAsync(cancellation);
            ExitCode code = Report(run, result.GetValue(json));
            return cancellation.IsCancellationRequested ? ExitCode.Interrupted : code;
        });
        return command;
    }

    private static ExitCode Report(LoadRun run, bool asJson)
    {
        List<double> setup = run.SetupMilliseconds;
        double lossPercent = run.Received + run.Lost > 0 ? 100.0 * run.Lost / (run.Received + run.Lost) : 0;
        double? sessionsPerCore = run.CpuPercentPerSession is > 0 and var percent ? 100 / percent : null;
        if (asJson)
        {
            Output.Json(new JsonObject
            {
                ["calls"] = run.Calls,
                ["failed"] = run.Failures.Values.Sum(),
                ["failures"] = new JsonObject(run.Failures.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value))),
                ["transport"] = run.Transport,
                ["setupMs"] = new JsonObject { ["p50"] = Round(Percentile(setup, 0.5)), ["p95"] = Round(Percentile(setup, 0.95)) },
                ["latenessMs"] = new JsonObject { ["p50"] = Round(run.LatenessP50), ["p99"] = Round(run.LatenessP99) },
                ["packets"] = new JsonObject { ["sent"] = run.Sent, ["received"] = run.Received, ["lost"] = run.Lost },
                ["lossPercent"] = Math.Round(lossPercent, 4),
                ["longestGapMs"] = Round(run.LongestGap),
                ["cpuPercentPerSession"] = Round(run.CpuPercentPerSession),
                ["sessionsPerCore"] = Round(sessionsPerCore),
                ["cpuPercent"] = new JsonObject(run.CpuPercent.Select(c => KeyValuePair.Create(c.Key, Round(c.Value)))),
            });
        }
        else
        {
            string failures = string.Concat(run.Failures.Select(f => $"; {f.Value} of them: {f.Key}"));
            Console.WriteLine($"{run.Calls} calls for {run.Duration.TotalSeconds:0} s: {run.Failures.Values.Sum()} failed{failures}");
            if (setup.Count == 0) return ExitCode.Failed;
            Console.WriteLine($"  transport  {run.Transport}");
            Console.WriteLine(
                $"  set-up     p50 {Percentile(setup, 0.5):0} ms, p95 {Percentile(setup, 0.95):0} ms (POST to data channel open)");
            Console.WriteLine(
                $"  packets    {run.Sent} sent, {run.Received} received, {run.Lost} lost ({lossPercent:0.###} %); "
                + $"the longest gap at a caller {run.LongestGap:0} ms");
            Console.WriteLine(run.LatenessP99 is { } late
                ? $"  lateness   p50 {run.LatenessP50:0.00} ms, p99 {late:0.00} ms (of the frames to the callers, worst transceiver)"
                : "  lateness   not known, because the server does not run here");
            if (run.CpuPercentPerSession is { } cpu)
            {
                string processes = string.Join(", ", run.CpuPercent.Select(c => $"{c.Key} {c.Value:0.0} %"));
                Console.WriteLine($"  CPU        {cpu:0.00} % of a core per session ({sessionsPerCore:0} sessions per core): {processes}");
            }
        }
        return run.Failures.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static JsonNode? Round(double? value) => value is { } v && double.IsFinite(v) ? Math.Round(v, 2) : null;

    private static double? Percentile(List<double> values, double fraction)
    {
        if (values.Count == 0) return null;
        values.Sort();
        return values[Math.Min(values.Count - 1, (int)(values.Count * fraction))];
    }
}
