using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.Tests.Interop.Machine;
using Dapr.Voice.Tests.Interop.Stacks;

namespace Dapr.Voice.Tests.Interop.Calls;

/// <summary>What each peer has to show. The scenarios are the same for all.</summary>
internal sealed partial class Scenarios(
    InteropSystem system, Question question, Ears ears, Turns turns, PeerProcess peer, Report report)
{
    private static readonly TimeSpan EventLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _dialling = new(1, 1);

    private bool HasTcp => report.Stack.Has(Capability.IceTcp);

    /// <summary>Everything but the ten minutes. Two calls run at the same time.</summary>
    public Task ShortAsync() => Task.WhenAll(MinuteAsync(), OthersAsync());

    /// <summary>A call of ten minutes over each transport, at the same time.</summary>
    public Task LongAsync()
        => report.ShowAsync(Capability.TenMinutes, () => Task.WhenAll(StayAsync("udp", TenMinutes), HasTcp ? StayAsync("tcp", TenMinutes)
            : Task.CompletedTask));

    private async Task MinuteAsync()
    {
        PeerCall? call = null;
        if (!await ShowAsync(Capability.Udp, async () => call = await DialAsync("udp"))) return;
        await ShowAsync(Capability.EventsBothWays, () => EventsAsync(call!));
        await ShowAsync(Capability.AudioBothWays, () => AskAsync(call!));
        await report.ShowAsync(Capability.OneMinute, () => LiveAsync(call!, Minute));
        await ShowAsync(Capability.CallerHangsUp, () => InTimeAsync("the caller hangs up", call!, "udp", CallerHangsUpAsync));
    }

    private async Task OthersAsync()
    {
        string transport = HasTcp ? "tcp" : "udp";
        PeerCall? call = null;
        if (HasTcp)
        {
            await ShowAsync(Capability.IceTcp, async () =>
            {
                call = await DialAsync("tcp");
                await AskAsync(call);
            });
        }
        await ShowAsync(Capability.ServerHangsUp, async () => await InTimeAsync("the server hangs up", call
            ?? await DialAsync(transport), transport, ServerHangsUpAsync));
        await ShowAsync(Capability.CallsAgain, async () => await AskAsync(call = await DialAsync("udp")));
        if (call is not null) call.Send(new JsonObject { ["do"] = "hangUp" });
        await ShowAsync(Capability.VideoBeside, async () =>
        {
            PeerCall beside = await DialAsync("udp", video: true);
            await AskAsync(beside);
            await CallerHangsUpAsync(beside);
        });
    }

    private Task<bool> ShowAsync(Capability capability, Func<Task> step) => report.ShowAsync(capability, () => turns.TakeAsync(step));

    private async Task StayAsync(string transport, TimeSpan age)
    {
        PeerCall? made = null;
        await turns.TakeAsync(async () => await AskAsync(made = await DialAsync(transport)));
        PeerCall call = made!;
        await LiveAsync(call, age);
        JsonObject record = await system.RecordAsync(call.CallId);
        report.Measured(string.Create(CultureInfo.InvariantCulture, $"{transport}, {age.TotalMinutes:0} min: {record.ToJsonString()}"));
        await CallerHangsUpAsync(call);
    }

    /// <summary>Waits until the call has this age, and asks the question again.</summary>
    private async Task LiveAsync(PeerCall call, TimeSpan age)
    {
        TimeSpan left = age - Stopwatch.GetElapsedTime(call.ConnectedAt);
        if (left > TimeSpan.Zero && await EndsWithinAsync(call, left))
        {
            JsonObject record = await system.RecordAsync(call.CallId);
            TimeSpan lived = Stopwatch.GetElapsedTime(call.ConnectedAt, await call.EndedAsync(0, Soon));
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"the call ended after {lived.TotalSeconds:0.0} s; its record says {EndReason(record)}"));
        }
        await turns.TakeAsync(() => AskAsync(call));
    }

    private static async Task<bool> EndsWithinAsync(PeerCall call, TimeSpan time)
    {
        try
        {
            await call.EndedAsync(0, time);
            return true;
        }
        catch (InvalidOperationException)
        {
            return call.IsOver;
        }
    }

    private static async Task EventsAsync(PeerCall call)
    {
        await call.EventAsync("session.created", 0, EventLimit);
        const string Instructions = "You were told this over the peer's own data channel: größer, 時計.";
        int from = call.Position;
        call.Send(new JsonObject
        {
            ["do"] = "send",
            ["text"] = new JsonObject
            {
                ["type"] = "session.update",
                ["session"] = new JsonObject { ["type"] = "realtime", ["instructions"] = Instructions },
            }.ToJsonString(),
        });
        // The agent sends one of its own, too.
        await call.LineAsync(
            line => PeerCall.IsEvent(line, "session.updated") && (string?)line["event"]!["session"]!["instructions"] == Instructions, from,
            EventLimit, "session.updated with the instructions");
    }

    /// <summary>
    /// Calls the agent. A peer sets up one call at a time: werift sometimes starts no handshake if it sets up two (docs/interop.md).
    /// </summary>
    private async Task<PeerCall> DialAsync(string transport, bool video = false)
    {
        await _dialling.WaitAsync();
        try
        {
            PeerCall? call = null;
            await TwiceAsync(async () => call = await peer.CallAsync("local", transport, video));
            return call!;
        }
        finally
        {
            _dialling.Release();
        }
    }

    /// <summary>Asks what time it is. The agent must recognise the question, and the recogniser the agent's answer.</summary>
    private Task AskAsync(PeerCall call) => TwiceAsync(() => AskOnceAsync(call), () => QuietAsync(call));

    /// <summary>A machine that is busy for a moment spoils a word or a set-up. Failing once is printed, failing twice counts.</summary>
    /// <param name="between">Runs before the second attempt.</param>
    private async Task TwiceAsync(Func<Task> step, Func<Task>? between = null)
    {
        try
        {
            await step();
        }
        catch (InvalidOperationException failure)
        {
            report.Measured($"failed once: {failure.Message}");
            if (between is not null) await between();
            await step();
        }
    }

    /// <summary>Waits until the agent has nothing more to say about what it heard before.</summary>
    private static async Task QuietAsync(PeerCall call)
    {
        long began = Stopwatch.GetTimestamp();
        int before;
        do
        {
            before = call.Position;
            await Task.Delay(Pause);
        }
        while (call.Position != before && Stopwatch.GetElapsedTime(began) < EventLimit);
    }

    private async Task AskOnceAsync(PeerCall call)
    {
        int from = call.Position;
        call.Send(new JsonObject { ["do"] = "listen" });
        call.Send(new JsonObject { ["do"] = "say", ["wav"] = question.Wav, ["opus"] = question.Opus });
        JsonObject heard = await call.EventAsync("conversation.item.input_audio_transcription.completed", from, EventLimit);
        if ((string?)heard["transcript"] != Question.Words)
            throw new InvalidOperationException($"the agent heard \"{heard["transcript"]}\"");
        string answer = Plain((string)(await call.EventAsync("response.output_audio_transcript.done", from, EventLimit))["transcript"]!);
        await call.EventAsync("output_audio_buffer.stopped", from, EventLimit);
        string understood = "";
        // The end of the answer may still be in the peer's own buffer.
        for (int i = 0; i < 5; i++)
        {
            int recording = call.Position;
            string path = Path.Combine(system.Folder("recordings"), Guid.NewGuid().ToString("N"));
            call.Send(new JsonObject { ["do"] = "record", ["path"] = path });
            (JsonObject recorded, long _) = await call.LineAsync(
                line => PeerCall.Is(line, "recorded"), recording, EventLimit, "a recording");
            understood = await ears.RecognizeAsync(recorded);
            if (SpokenAnswers.Agree(answer, understood)) return;
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
        throw new InvalidOperationException($"the agent said \"{answer}\", but the peer's recording says \"{understood}\"");
    }

    /// <returns>How long after the command the call's record says that it has ended.</returns>
    private async Task<TimeSpan> CallerHangsUpAsync(PeerCall call)
    {
        long at = Stopwatch.GetTimestamp();
        call.Send(new JsonObject { ["do"] = "hangUp" });
        JsonObject record;
        do
        {
            record = await system.RecordAsync(call.CallId);
            if (Stopwatch.GetElapsedTime(at) > EndLimit) throw new InvalidOperationException($"the record still says {record["state"]}");
        }
        while ((string?)record["state"] != "ended");
        TimeSpan took = Stopwatch.GetElapsedTime(at);
        if (EndReason(record) != "client_hangup")
            throw new InvalidOperationException($"the record says that the call ended for {EndReason(record)}");
        return took;
    }

    /// <returns>How long after the request the peer's API says that the call has ended.</returns>
    private async Task<TimeSpan> ServerHangsUpAsync(PeerCall call)
    {
        int from = call.Position;
        long at = Stopwatch.GetTimestamp();
        await system.HangUpAsync(call.CallId);
        return Stopwatch.GetElapsedTime(at, await call.EndedAsync(from, EndLimit));
    }

    /// <summary>
    /// Measures the end of a call. The machine may be busy at that moment, so if it takes longer than a second, another call is made.
    /// </summary>
    private async Task InTimeAsync(string what, PeerCall call, string transport, Func<PeerCall, Task<TimeSpan>> end)
    {
        TimeSpan took = await end(call);
        report.Measured(string.Create(CultureInfo.InvariantCulture, $"{what} ({transport}): noticed after {took.TotalMilliseconds:0} ms"));
        if (took <= Soon) return;
        took = await end(await DialAsync(transport));
        report.Measured(string.Create(CultureInfo.InvariantCulture, $"again: noticed after {took.TotalMilliseconds:0} ms"));
        if (took > Soon)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"noticed after {took.TotalSeconds:0.0} s"));
    }

    private static string? EndReason(JsonObject record) => (string?)record["endReason"];

    /// <summary>The words of a transcript, as the recogniser writes them.</summary>
    private static string Plain(string transcript)
        => string.Join(' ', Word().Matches(transcript.ToLowerInvariant()).Select(m => m.Value));

    [GeneratedRegex("[a-z']+")]
    private static partial Regex Word();
}
