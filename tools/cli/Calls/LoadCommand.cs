using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Commands;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary><c>./voice load</c>: many callers at once, with live progress, and what they cost the server.</summary>
internal static class LoadCommand
{
    private const int FrameSamples = WavFile.SampleRate / 50;

    /// <summary>New calls per second while the load builds up.</summary>
    private const double RampPerSecond = 10;
    private static readonly TimeSpan SetupLimit = TimeSpan.FromSeconds(15);

    public static Command Create(Installation installation)
    {
        var calls = new Option<int>("--calls") { Description = "Calls at once (1 to 2000)", DefaultValueFactory = _ => 50 };
        var seconds = new Option<int>("--seconds") { Description = "How long all of them last together (1 to 3600)",
            DefaultValueFactory = _ => 60 };
        var agent = new Option<string?>("--agent") { Description = "local, echo, parrot, or what the server knows",
            DefaultValueFactory = _ => "echo" };
        var server = new Option<string?>("--server") { Description = "Server URL (default: the system running here)" };
        var key = new Option<string?>("--key") {
            Description = "API key or ephemeral key (default: VOICE_API_KEY, or the running system's)" };
        var tcp = new Option<bool>("--tcp") { Description = CallerOptions.TcpDescription };
        var via = new Option<string?>("--via") { Description = CallerOptions.ViaDescription };
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        var command = new Command("load", "Many calls at once: failures, set-up, loss, lateness, CPU per session") {
            calls, seconds, agent, server, key, tcp, via, json };
        command.SetAction(async (result, cancellation) =>
        {
            int count = result.GetValue(calls), duration = result.GetValue(seconds);
            if (count is < 1 or > 2000) throw new CommandFailedException($"--calls {count} is out of range", "give 1 to 2000");
            if (duration is < 1 or > 3600) throw new CommandFailedException($"--seconds {duration} is out of range", "give 1 to 3600");
            var way = CallerOptions.Parse(result.GetValue(tcp), result.GetValue(via));
            await NativePackages.EnsureAsync(NativeNeed.Call, mayInstall: false, Output.Say, cancellation);
            using var access = ServerAccess.Find(installation, result.GetValue(server), result.GetValue(key));
            using var run = new LoadRun(access, count, TimeSpan.FromSeconds(duration), result.GetValue(agent), way);
            await run.RunAsync(cancellation);
            return Report(run, result.GetValue(json));
        });
        return command;
    }

    private static int Report(LoadRun run, bool asJson)
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
            Console.WriteLine(
                $"{run.Calls} calls for {run.Duration.TotalSeconds:0} s: {run.Failures.Values.Sum()} failed{string.Concat(run.Failures.Select(f => $"; {f.Value} of them: {f.Key}"))}");
            if (setup.Count == 0) return 1;
            Console.WriteLine($"  transport  {run.Transport}");
            Console.WriteLine(
                $"  set-up     p50 {Percentile(setup, 0.5):0} ms, p95 {Percentile(setup, 0.95):0} ms (POST to data channel open)");
            Console.WriteLine(
                $"  packets    {run.Sent} sent, {run.Received} received, {run.Lost} lost ({lossPercent:0.###} %); the longest gap at a caller {run.LongestGap:0} ms");
            Console.WriteLine(run.LatenessP99 is { } late
                ? $"  lateness   p50 {run.LatenessP50:0.00} ms, p99 {late:0.00} ms (downlink schedule, worst transceiver)"
                : "  lateness   not known: the server is not the one running here");
            if (run.CpuPercentPerSession is { } cpu)
                Console.WriteLine(
                    $"  CPU        {cpu:0.00} % of a core per session ({sessionsPerCore:0} sessions per core): {string.Join(", ", run.CpuPercent.Select(c => $"{c.Key} {c.Value:0.0} %"))}");
        }
        return run.Failures.Count == 0 ? 0 : 1;
    }

    private static JsonNode? Round(double? value) => value is { } v && double.IsFinite(v) ? Math.Round(v, 2) : null;

    private static double? Percentile(List<double> values, double fraction)
    {
        if (values.Count == 0) return null;
        values.Sort();
        return values[Math.Min(values.Count - 1, (int)(values.Count * fraction))];
    }

    private sealed class LoadRun(ServerAccess access, int calls, TimeSpan duration, string? agent, CallerOptions way) : IDisposable
    {
        private readonly DtlsCertificate _certificate = DtlsCertificate.Generate();
        private readonly List<Active> _active = [];
        private readonly Lock _lock = new();
        // Below: guarded by _lock.
        private readonly Queue<Caller> _dialled = [];
        private readonly Dictionary<string, int> _failures = new(StringComparer.Ordinal);
        private int _dialling;

        private sealed class Active(Caller caller, Instant since)
        {
            public Caller Caller { get; } = caller;
            public Instant Since { get; } = since;
            public Instant NextFrame { get; set; } = Instant.Never;
            public int Frame { get; set; }
            public bool HasFailed { get; set; }
        }

        public int Calls => calls;
        public TimeSpan Duration => duration;
        public IReadOnlyDictionary<string, int> Failures => _failures;
        public List<double> SetupMilliseconds { get; } = [];

        /// <summary>"udp", "tcp", or "mixed"; null if no call was connected.</summary>
        public string? Transport { get; private set; }
        public long Sent { get; private set; }
        public long Received { get; private set; }
        public long Lost { get; private set; }
        public double LongestGap { get; private set; }
        public double? LatenessP50 { get; private set; }
        public double? LatenessP99 { get; private set; }
        public double? CpuPercentPerSession { get; private set; }
        public Dictionary<string, double> CpuPercent { get; } = new(StringComparer.Ordinal);

        public async Task RunAsync(CancellationToken cancellation)
        {
            byte[][] voice = EncodeVoice();
            var thread = new Thread(() => Pump(voice, cancellation)) { Name = "callers" };
            var dialling = Task.Run(() => DialAllAsync(cancellation), CancellationToken.None);
            thread.Start();
            await dialling;
            await Task.Run(thread.Join, CancellationToken.None);
        }

        private async Task DialAllAsync(CancellationToken cancellation)
        {
            var pending = new List<Task>();
            for (int i = 0; i < calls && !cancellation.IsCancellationRequested; i++)
            {
                lock (_lock) _dialling++;
                pending.Add(DialAsync(cancellation));
                await Task.Delay(TimeSpan.FromSeconds(1 / RampPerSecond), CancellationToken.None);
            }
            await Task.WhenAll(pending);
        }

        private async Task DialAsync(CancellationToken cancellation)
        {
            try
            {
                Caller caller = await Caller.DialAsync(access, agent, way, _certificate, cancellation);
                lock (_lock) _dialled.Enqueue(caller);
            }
            catch (CommandFailedException refused)
            {
                Fail(refused.Message.Length > 80 ? refused.Message[..80] : refused.Message);
            }
            catch (OperationCanceledException)
            {
                Fail("interrupted");
            }
            finally
            {
                lock (_lock) _dialling--;
            }
        }

        private void Fail(string reason)
        {
            lock (_lock) _failures[reason] = _failures.GetValueOrDefault(reason) + 1;
        }

        private void Pump(byte[][] voice, CancellationToken cancellation)
        {
            MediaThread.TryRaise();
            Instant everybodyUp = Instant.Never;
            Instant until = Instant.Never;
            Instant nextSay = MonotonicClock.Now;
            Dictionary<string, long>? cpuAtStart = null;
            while (!cancellation.IsCancellationRequested)
            {
                Instant now = MonotonicClock.Now;
                bool allDialled;
                lock (_lock)
                {
                    while (_dialled.TryDequeue(out Caller? caller)) _active.Add(new Active(caller, now));
                    allDialled = _dialling == 0 && _active.Count + _failures.Values.Sum() >= calls;
                }
                int connected = 0;
                bool settled = true;
                foreach (Active one in _active)
                {
                    if (one.HasFailed) continue;
                    now = MonotonicClock.Now;
                    one.Caller.Step(now);
                    if (one.Caller.IsOver)
                    {
                        one.HasFailed = true;
                        Fail($"ended: {one.Caller.CloseReason}");
                        continue;
                    }
                    if (one.NextFrame == Instant.Never)
                    {
                        if (one.Caller.IsConnected && one.Caller.IsChannelOpen)
                        {
                            SetupMilliseconds.Add(one.Caller.Times.Channel!.Value);
                            one.NextFrame = now;
                        }
                        else if (now - one.Since > SetupLimit)
                        {
                            one.HasFailed = true;
                            Fail(one.Caller.Times.Ice is null ? "no answer to STUN checks" : "set-up did not finish");
                            continue;
                        }
                        else settled = false;
                    }
                    else connected++;
                    while (one.NextFrame <= now)
                    {
                        one.Caller.SendAudio(voice[one.Frame % voice.Length], one.Frame == 0 ? 0 : 960u, one.Frame == 0, now);
                        one.Frame++;
                        one.NextFrame += TimeSpan.FromMilliseconds(20);
                    }
                }
                if (allDialled && settled && everybodyUp == Instant.Never)
                {
                    everybodyUp = now;
                    until = now + duration;
                    cpuAtStart = ServerCpu();
                }
                if (now >= nextSay)
                {
                    string phase = everybodyUp == Instant.Never ? "building up" : $"{Math.Max(0, (until - now).TotalSeconds):0} s left";
                    Output.Say($"  {connected} of {calls} connected, {_failures.Values.Sum()} failed, {phase}");
                    nextSay = now + TimeSpan.FromSeconds(5);
                }
                if (now >= until || (allDialled && settled && _active.All(a => a.HasFailed))) break;
                Thread.Sleep(1);
            }
            Measure(cpuAtStart, MonotonicClock.Now - everybodyUp);
            string[] transports = [.. _active.Select(a => a.Caller.Transport).OfType<string>().Distinct()];
            Transport = transports.Length > 1 ? "mixed" : transports.FirstOrDefault();
            foreach (Active one in _active)
            {
                PeerStatistics statistics = one.Caller.Statistics;
                Sent += statistics.RtpSent;
                Received += statistics.RtpReceived;
                Lost += Math.Max(0, statistics.RtpLost) + Math.Max(0, statistics.PeerReportsLost);
                LongestGap = Math.Max(LongestGap, one.Caller.LongestGapMilliseconds);
                if (!one.HasFailed && one.Caller.Times.FirstAudio is null) Fail("connected, but no audio came");
                one.Caller.HangUp(MonotonicClock.Now);
            }
        }

        private void Measure(Dictionary<string, long>? cpuAtStart, TimeSpan elapsed)
        {
            if (access.Local is not { } local || cpuAtStart is null) return;
            int living = _active.Count(a => !a.HasFailed);
            Dictionary<string, long> end = ServerCpu();
            double all = 0;
            foreach ((string name, long ticks) in end)
            {
                // proc(5): utime and stime count in USER_HZ, 100 a second.
                double percent = (ticks - cpuAtStart.GetValueOrDefault(name)) / elapsed.TotalSeconds;
                CpuPercent[name] = percent;
                all += percent;
            }
            if (living > 0) CpuPercentPerSession = all / living;
            ReadLateness(local);
        }

        /// <summary>What the transceivers say of their schedule, through signaling's sidecar as any other service would ask.</summary>
        private void ReadLateness(RunState local)
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
            foreach (string app in local.Sidecars.Keys.Where(a => a.StartsWith("transceiver-", StringComparison.Ordinal)))
            {
                try
                {
                    JsonObject? stats = client.GetFromJsonAsync<JsonObject>(
                        $"http://127.0.0.1:{local.Sidecars[Contracts.AppIds.Signaling]}/v1.0/invoke/{app}/method/internal/v1/stats")
                        .GetAwaiter().GetResult();
                    if (stats?["latenessMs"] is not JsonObject lateness) continue;
                    LatenessP50 = Math.Max(LatenessP50 ?? 0, (double?)lateness["p50"] ?? 0);
                    LatenessP99 = Math.Max(LatenessP99 ?? 0, (double?)lateness["p99"] ?? 0);
                }
                catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException
                or global::System.Text.Json.JsonException)
                {
                    Output.Say($"  {app} does not tell its lateness: {failure.Message}");
                }
            }
        }

        /// <summary>CPU ticks of each server process.</summary>
        private Dictionary<string, long> ServerCpu()
        {
            var cpu = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (RunningProcess process in access.Local?.Processes ?? [])
            {
                try
                {
                    string stat = File.ReadAllText($"/proc/{process.Pid}/stat");
                    string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                    cpu[process.Name] = long.Parse(fields[11], CultureInfo.InvariantCulture)
                        + long.Parse(fields[12], CultureInfo.InvariantCulture);
                }
                catch (IOException)
                {
                    // It has ended and come back under another pid.
                }
            }
            return cpu;
        }

        /// <summary>Five seconds of a voice-like signal, encoded once: the callers shall not cost more than the server.</summary>
        private static byte[][] EncodeVoice()
        {
            using IOpusEncoder encoder = OpusCodec.Best.CreateEncoder(WavFile.SampleRate);
            encoder.Bitrate = 24_000;
            encoder.InbandFec = true;
            byte[][] frames = new byte[250][];
            short[] pcm = new short[FrameSamples];
            byte[] payload = new byte[OpusCodec.MaximumPacketBytes];
            for (int f = 0; f < frames.Length; f++)
            {
                for (int i = 0; i < pcm.Length; i++)
                {
                    double t = (f * FrameSamples + i) / (double)WavFile.SampleRate;
                    double pitch = 140 + 30 * Math.Sin(2 * Math.PI * 0.7 * t);
                    double sum = 0;
                    for (int h = 1; h <= 8; h++) sum += Math.Sin(2 * Math.PI * pitch * h * t) / h;
                    pcm[i] = (short)(3000 * sum * (0.55 + 0.45 * Math.Sin(2 * Math.PI * 4 * t)));
                }
                int length = encoder.Encode(pcm, payload);
                frames[f] = payload.AsSpan(0, Math.Max(length, 0)).ToArray();
            }
            return frames;
        }

        public void Dispose()
        {
            foreach (Active one in _active) one.Caller.Dispose();
            foreach (Caller caller in _dialled) caller.Dispose();
            _certificate.Dispose();
        }
    }
}
