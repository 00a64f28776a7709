using System.CommandLine;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Opus;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Commands;

/// <summary><c>./voice call</c> plays a WAV into a call and records the answer.</summary>
internal static class CallCommand
{
    private const int FrameSamples = WavFile.SampleRate / 50;

    public static Command Create(Installation installation)
    {
        var wav = new Option<string?>("--wav") { Description = "The WAV to play into the call: PCM, 16 bit, 8 to 48 kHz" };
        var output = new Option<string?>("--out") { Description = "Where to write the answer (WAV, 24 kHz mono)" };
        var agent = new Option<string?>("--agent") {
            Description = "The agent to call: local, echo, parrot, or another one that the server knows (default: the server's default)" };
        var server = new Option<string?>("--server") { Description = "URL of the server (default: the system that runs here)" };
        var key = new Option<string?>("--key") {
            Description = "API key or ephemeral key (default: VOICE_API_KEY, or the key of the running system)" };
        var seconds = new Option<double?>("--seconds") { Description = "Stay on the line for this many seconds after the connection, and "
            + "repeat the WAV (default: hang up after the answer, or after 30 s of silence)" };
        var tcp = new Option<bool>("--tcp") { Description = CallerOptions.TcpDescription };
        var via = new Option<string?>("--via") { Description = CallerOptions.ViaDescription };
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        var command = new Command("call", "Call an agent: play a WAV, record the answer, and print times and losses") {
            wav, output, agent, server, key, seconds, tcp, via, json };
        command.OnInvoke(async (result, cancellation) =>
        {
            string path = result.GetValue(wav) ?? throw new CommandFailedException(
                "no WAV named", "give --wav FILE; samples/wav has examples");
            short[] question = WavFile.Read(path);
            // Checked before the call: after it, the recording would be lost.
            if (result.GetValue(output) is { } target) WavFile.EnsureWritable(target);
            if (result.GetValue(seconds) is { } given && given is < 1 or > 3600)
                throw new CommandFailedException($"--seconds {given} is out of range", "give 1 to 3600");
            var way = CallerOptions.Parse(result.GetValue(tcp), result.GetValue(via));
            Descriptors.EnsureEnough();
            await NativePackages.EnsureAsync(NativeNeed.Call, mayInstall: false, Output.Say, cancellation);
            using var access = ServerAccess.Find(installation, result.GetValue(server), result.GetValue(key));
            using var certificate = DtlsCertificate.Generate();
            using Caller caller = await Caller.DialAsync(access, result.GetValue(agent), way, certificate, cancellation);
            // Only the answer of the echo agent is the question itself. There is nothing to compare with the answers of other agents.
            EchoMeter? echo = (result.GetValue(agent) ?? access.Local?.DefaultAgent) == "echo"
                ? new EchoMeter(WavFile.SampleRate, result.GetValue(seconds) is null ? 0
                : (question.Length + FrameSamples - 1) / FrameSamples * FrameSamples) : null;
            var conversation = new Conversation(caller, question, result.GetValue(seconds) is { } s ? TimeSpan.FromSeconds(s) : null, echo,
                Output.Say);
            // A thread of its own: a thread pool cannot keep the 20 ms of the microphone.
            var thread = new Thread(() => conversation.Run(cancellation)) { Name = "call" };
            thread.Start();
            await Task.Run(thread.Join, CancellationToken.None);
            if (result.GetValue(output) is { } file) WavFile.Write(file, conversation.Heard);
            ExitCode code = Report(
                caller, conversation, echo?.Measure(conversation.Heard), result.GetValue(output), result.GetValue(json));
            return cancellation.IsCancellationRequested ? ExitCode.Interrupted : code;
        });
        return command;
    }

    private static ExitCode Report(Caller caller, Conversation conversation, EchoDelay? echo, string? output, bool asJson)
    {
        PeerStatistics statistics = caller.Statistics;
        if (asJson)
        {
            Output.Json(new JsonObject
            {
                ["callId"] = caller.CallId,
                ["answered"] = conversation.WasAnswered,
                ["transport"] = caller.Transport,
                ["codec"] = OpusCodec.Best.Name,
                ["reconnects"] = caller.Reconnects,
                ["setupMs"] = caller.Times.ToJson(),
                ["packets"] = new JsonObject { ["sent"] = statistics.RtpSent, ["received"] = statistics.RtpReceived,
                    ["lost"] = Math.Max(0, statistics.RtpLost) + Math.Max(0, statistics.PeerReportsLost) },
                ["rttMs"] = statistics.RoundTripMilliseconds is { } rtt ? Math.Round(rtt, 2) : null,
                ["jitterMs"] = Math.Round(statistics.JitterMilliseconds, 2),
                ["longestGapMs"] = Math.Round(caller.LongestGapMilliseconds, 1),
                ["echoMs"] = echo is { } delay
                    ? new JsonObject { ["p50"] = Math.Round(delay.P50, 1), ["p95"] = Math.Round(delay.P95, 1),
                    ["max"] = Math.Round(delay.Maximum, 1) } : null,
                ["turns"] = new JsonArray(
                    [.. conversation.Turns.Select(
                    t => (JsonNode)new JsonObject { ["said"] = t.Said, ["heard"] = t.Heard, ["voiceToVoiceMs"] = t.VoiceToVoice is { } v
                    ? Math.Round(v) : null })]),
                ["out"] = output is null ? null : Path.GetFullPath(output),
                ["ended"] = conversation.Ended,
                ["cutOff"] = !conversation.WasWhole,
            });
        }
        else
        {
            CallTimes times = caller.Times;
            string outcome = (conversation.WasAnswered, conversation.WasWhole) switch
            {
                (true, true) => "answered",
                (true, false) => "answered, then CUT OFF",
                _ => "NOT answered",
            };
            Console.WriteLine($"call {caller.CallId}: {outcome} ({conversation.Ended})");
            if (caller.Transport is { } transport)
                Console.WriteLine($"  transport  {transport}{(caller.Reconnects > 0 ? $", reconnected {caller.Reconnects} times" : "")}");
            Console.WriteLine(
                $"  set-up     answer {times.Answer:0} ms, ICE {times.Ice:0} ms, DTLS {times.Dtls:0} ms, channel {times.Channel:0} ms, "
                + $"first audio {times.FirstAudio:0} ms after the POST");
            Console.WriteLine(
                $"  packets    {statistics.RtpSent} sent, {statistics.RtpReceived} received, "
                + $"{Math.Max(0, statistics.RtpLost)} lost on the way here, {Math.Max(0, statistics.PeerReportsLost)} on the way there; "
                + $"jitter {statistics.JitterMilliseconds:0.0} ms; RTT {statistics.RoundTripMilliseconds:0.0} ms");
            Console.WriteLine($"  gap        the longest time without a packet of the agent: {caller.LongestGapMilliseconds:0} ms");
            if (echo is { } measured)
                Console.WriteLine(
                    $"  echo       mouth to ear and back: p50 {measured.P50:0} ms, p95 {measured.P95:0} ms, "
                    + $"at most {measured.Maximum:0} ms");
            foreach (Turn turn in conversation.Turns)
            {
                string heard = turn.Heard is null && !conversation.WasAnswered ? "(nothing)" : Words(turn.Heard);
                string delay = turn.VoiceToVoice is { } v ? $" | voice to voice {v:0} ms" : "";
                Console.WriteLine($"  turn       said: {Words(turn.Said)} | heard: {heard}{delay}");
            }
            if (output is not null)
                Console.WriteLine($"  heard      {output} ({conversation.Heard.Length / (double)WavFile.SampleRate:0.0} s)");
        }
        return conversation is { WasAnswered: true, WasWhole: true } ? ExitCode.Done : ExitCode.Failed;
    }

    private static string Words(string? transcript) => string.IsNullOrEmpty(transcript) ? "(no transcript)" : transcript;
}
