using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Drills.Calls;

/// <summary>
/// The callers of a drill. Each speaks numbered frames, sends a numbered message every 100 ms, and records what it hears. One thread runs
/// all of them.
/// </summary>
/// <param name="openSocket">Opens a caller's socket, in the callers' network.</param>
internal sealed class DrillCallers(ServerAccess access, int calls, Recorder recorder, Func<Socket> openSocket) : IDisposable
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(20), MessageEvery = TimeSpan.FromMilliseconds(100);
    private const int LeadInFrames = 50;

    /// <summary>An Opus packet of so many bytes or fewer is silence, as far as the progress of a drill is concerned.</summary>
    private const int LongestSilence = 30;
    private static readonly TimeSpan SetupLimit = TimeSpan.FromSeconds(20);

    private readonly DtlsCertificate _certificate = DtlsCertificate.Generate();
    private readonly ConcurrentQueue<Action<IReadOnlyList<Line>>> _orders = new();
    private readonly ConcurrentQueue<Line> _dialled = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Line> _lines = [];
    private Thread? _thread;
    private int _connected;
    private int _silent;

    /// <summary>One call. Only the callers' thread touches what changes.</summary>
    internal sealed class Line(int number, Caller caller) : IDisposable
    {
        public int Number { get; } = number;
        public Caller Caller { get; } = caller;
        public Instant NextFrame { get; set; } = Instant.Never;
        public Instant NextMessage { get; set; } = Instant.Never;
        public Instant LastVoice { get; set; } = Instant.Never;
        public double LastHeardAt { get; set; }
        public long Frames { get; set; }
        public long Messages { get; set; }
        public bool HasEnded { get; set; }

        public void Dispose() => Caller.Dispose();
    }

    public int Connected => Volatile.Read(ref _connected);

    /// <summary>How many connected calls have heard no voice for half a second.</summary>
    public int Silent => Volatile.Read(ref _silent);

    /// <summary>The ids of the calls, by their numbers.</summary>
    public ConcurrentDictionary<int, string> CallIds { get; } = new();

    /// <summary>Dials every call, and returns when all are connected.</summary>
    /// <exception cref="CommandFailedException">A call was refused, or not all are connected in time.</exception>
    public async Task ConnectAsync(CancellationToken cancellation)
    {
        byte[][] voice = EncodeVoice();
        _thread = new Thread(() => Pump(voice)) { Name = "callers" };
        _thread.Start();
        for (int number = 0; number < calls; number++)
        {
            var session = new JsonObject { ["type"] = "realtime", ["instructions"] = $"{DrillAgent.CallPrefix}{number}" };
            Caller caller = await Caller.DialAsync(access, agent: null, new CallerOptions { Session = session, OpenSocket = openSocket },
                _certificate, cancellation);
            CallIds[number] = caller.CallId;
            _dialled.Enqueue(new Line(number, caller));
        }
        Instant limit = MonotonicClock.Now + SetupLimit;
        while (Connected < calls)
        {
            if (MonotonicClock.Now > limit)
                throw new CommandFailedException($"{Connected} of {calls} calls are connected after {SetupLimit.TotalSeconds:0} s",
                    "the machine may be too slow for so many: give fewer --calls");
            await Task.Delay(20, cancellation);
        }
    }

    /// <summary>Runs <paramref name="order"/> on the callers' thread, and returns when it has run.</summary>
    public Task DoAsync(Action<IReadOnlyList<Line>> order)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _orders.Enqueue(lines =>
        {
            try
            {
                order(lines);
                done.SetResult();
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        });
        return done.Task;
    }

    /// <summary>All callers that are still there hang up.</summary>
    public Task HangUpAsync() => DoAsync(lines =>
    {
        foreach (Line line in lines)
        {
            if (line.HasEnded) continue;
            line.HasEnded = true;
            recorder.Add(new HistoryEntry(recorder.Now, HistoryKind.CallEnd) { Call = line.Number, Id = "caller", Text = "hung up" });
            line.Caller.HangUp(MonotonicClock.Now);
        }
    });

    private void Pump(byte[][] voice)
    {
        MediaThread.TryRaise();
        while (!_ending.IsCancellationRequested)
        {
            while (_dialled.TryDequeue(out Line? dialled)) Add(dialled);
            while (_orders.TryDequeue(out Action<IReadOnlyList<Line>>? order)) order(_lines);
            int connected = 0, silent = 0;
            foreach (Line line in _lines)
            {
                if (line.HasEnded) continue;
                Instant now = MonotonicClock.Now;
                line.Caller.Step(now);
                if (line.Caller.IsOver)
                {
                    line.HasEnded = true;
                    recorder.Add(new HistoryEntry(recorder.Now, HistoryKind.CallEnd) { Call = line.Number,
                        Text = line.Caller.CloseReason.ToString() });
                    continue;
                }
                if (line.NextFrame == Instant.Never)
                {
                    if (!line.Caller.IsConnected || !line.Caller.IsChannelOpen) continue;
                    line.NextFrame = line.NextMessage = line.LastVoice = now;
                    recorder.Add(new HistoryEntry(recorder.Now, HistoryKind.CallUp) { Call = line.Number, Id = line.Caller.CallId });
                }
                connected++;
                if (now - line.LastVoice > TimeSpan.FromMilliseconds(500)) silent++;
                Speak(line, voice, now);
            }
            Volatile.Write(ref _connected, connected);
            Volatile.Write(ref _silent, silent);
            Thread.Sleep(1);
        }
    }

    private void Add(Line line)
    {
        line.Caller.AudioReceived = (bytes, frame) => OnAudio(line, bytes, frame.ArrivedAt);
        line.Caller.EventReceived = occurred => OnEvent(line, occurred);
        _lines.Add(line);
    }

    private void Speak(Line line, byte[][] voice, Instant now)
    {
        while (line.NextFrame <= now)
        {
            line.Caller.SendAudio(voice[line.Frames % voice.Length], line.Frames == 0 ? 0 : 960u, line.Frames == 0, now);
            line.Frames++;
            line.NextFrame += Frame;
        }
        if (line.NextMessage > now) return;
        line.NextMessage += MessageEvery;
        double at = recorder.Now;
        if (!line.Caller.SendEvent(
            Encoding.UTF8.GetBytes($$"""{"type":"{{DrillAgent.UpType}}","call":{{line.Number}},"n":{{line.Messages}}}"""), now)) return;
        recorder.Add(new HistoryEntry(at, HistoryKind.SentUp) { Call = line.Number, Number = line.Messages++ });
    }

    // The silence ends when the packet arrives. How long a player then waits for earlier packets is its own affair.
    private void OnAudio(Line line, ReadOnlyMemory<byte> bytes, Instant arrivedAt)
    {
        // A lost packet is no packet. It need not be concealed, because nobody listens.
        if (bytes.IsEmpty) return;
        if (bytes.Length > LongestSilence) line.LastVoice = arrivedAt;
        // In the order of the sequence numbers, in which they are decoded.
        line.LastHeardAt = Math.Max(line.LastHeardAt, recorder.Now - (MonotonicClock.Now - arrivedAt).TotalMilliseconds);
        recorder.Add(new HistoryEntry(line.LastHeardAt, HistoryKind.HeardDown) { Call = line.Number, Audio = bytes.ToArray() });
    }

    private void OnEvent(Line line, JsonObject occurred)
    {
        if ((string?)occurred["type"] != DrillAgent.DownType) return;
        recorder.Add(new HistoryEntry(recorder.Now, HistoryKind.GotDown) { Call = line.Number,
            Connection = (int?)occurred["connection"], Number = (long?)occurred["n"] });
    }

    /// <summary>
    /// A whole cycle of numbered frames. Encoding begins a little before the cycle, so that its first frame follows its last one.
    /// </summary>
    internal static byte[][] EncodeVoice()
    {
        using IOpusEncoder encoder = OpusCodec.Best.CreateEncoder(WavFile.SampleRate);
        encoder.Bitrate = 40_000;
        encoder.Complexity = 3;
        short[] pcm = new short[ToneCode.FrameSamples];
        byte[] payload = new byte[OpusCodec.MaximumPacketBytes];
        byte[][] frames = new byte[ToneSymbol.UpCycle][];
        for (int frame = frames.Length - LeadInFrames; frame < 2 * frames.Length; frame++)
        {
            ToneCode.Write(ToneSymbol.OfUp(frame), pcm);
            int length = encoder.Encode(pcm, payload);
            if (frame >= frames.Length) frames[frame - frames.Length] = payload.AsSpan(0, Math.Max(0, length)).ToArray();
        }
        return frames;
    }

    public void Dispose()
    {
        _ending.Cancel();
        _thread?.Join();
        foreach (Line line in _lines) line.Dispose();
        foreach (Line line in _dialled) line.Dispose();
        _certificate.Dispose();
        _ending.Dispose();
    }
}
