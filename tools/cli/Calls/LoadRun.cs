using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>
/// The calls of <c>./voice load</c>. <see cref="RunAsync"/> dials them at a fixed rate, and measures the server. One thread runs all
/// callers.
/// </summary>
/// <param name="say">Gets the progress, one line at a time, on the thread of the callers.</param>
internal sealed class LoadRun(
    ServerAccess access, int calls, TimeSpan duration, string? agent, CallerOptions way, Action<string> say) : IDisposable
{
    private const int FrameSamples = WavFile.SampleRate / 50;

    /// <summary>How many calls are dialled each second.</summary>
    private const double RampPerSecond = 10;
    private static readonly TimeSpan SetupLimit = TimeSpan.FromSeconds(15);

    private readonly DtlsCertificate _certificate = DtlsCertificate.Generate();
    private readonly List<Active> _active = [];
    private readonly Lock _lock = new();
    // The fields below are guarded by _lock.
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

    /// <summary>"udp", "tcp" or "mixed". Null if no call was connected.</summary>
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
                        Fail(one.Caller.Times.Ice is null ? "STUN checks got no response" : "set-up did not finish");
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
                say($"  {connected} of {calls} connected, {_failures.Values.Sum()} failed, {phase}");
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
            one.Caller.HangUp(MonotonicClock.Now);
            PeerStatistics statistics = one.Caller.Statistics;
            Sent += statistics.RtpSent;
            Received += statistics.RtpReceived;
            Lost += Math.Max(0, statistics.RtpLost) + Math.Max(0, statistics.PeerReportsLost);
            LongestGap = Math.Max(LongestGap, one.Caller.LongestGapMilliseconds);
            if (one.HasFailed) continue;
            if (one.Caller.Times.FirstAudio is null) Fail("connected, but no audio came");
            else if (one.Caller.SilenceAtEnd > Caller.LongestSilenceAtEnd) Fail("no audio came in the last seconds of the call");
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
            // utime and stime count in USER_HZ, which is 100 a second (proc(5)).
            double percent = (ticks - cpuAtStart.GetValueOrDefault(name)) / elapsed.TotalSeconds;
            CpuPercent[name] = percent;
            all += percent;
        }
        if (living > 0) CpuPercentPerSession = all / living;
        ReadLateness(local);
    }

    /// <summary>
    /// Reads from each transceiver how late its frames were. The requests go through signaling's sidecar, as those of any other service
    /// would.
    /// </summary>
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
                say($"  {app} does not report its lateness: {failure.Message}");
            }
        }
    }

    /// <summary>The CPU time that each server process has used, in ticks.</summary>
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
                // The process has ended and was started again with another pid.
            }
        }
        return cpu;
    }

    /// <summary>
    /// Five seconds of a signal like a voice. It is encoded once, so that the callers do not cost more CPU time than the server.
    /// </summary>
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
