using System.Globalization;
using System.Text.Json.Nodes;
using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>
/// What each browser must be able to do. The scenarios are the same for all browsers. They print their figures. Time limits are generous,
/// because machines that run tests are shared.
/// </summary>
/// <param name="withheldTransport">"udp" or "tcp": the browser does not see the answer's candidates of that transport.</param>
internal sealed class Scenarios(BrowserUnderTest browser, ITestOutputHelper output, string? withheldTransport = null)
{
    private const int Connects = 20;
    private const double SessionUpdatedGoalMs = 500;
    private const double SessionUpdatedLimitMs = 1500;
    private const double StopLimitMs = 1500;
    private const string PanelTitle = "document.querySelector('#panel [data-part=title]').innerText";

    // -34 dBFS over half a second means that somebody speaks. The limits for silence are 20 dB lower.
    private const double Voice = 0.02;
    private const double Silence = 0.002;

    private static readonly TimeSpan EventLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PageEndLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private string Transport => browser.Voice.HasUdp && withheldTransport is not "udp" ? "udp" : "tcp";

    private const string QuestionGrammar = """
        #JSGF V1.0;
        grammar questions;
        public <question> = what time is it | tell me a long story | stop | hello | set a timer for ten seconds
            | what is the date | what can you do;
        """;

    /// <summary>The turn detection that the page of <c>./voice up</c> asks for.</summary>
    private static JsonObject ServerVad
        => new() { ["type"] = "server_vad", ["silenceDurationMs"] = 500, ["prefixPaddingMs"] = 300, ["interruptResponse"] = true,
        ["createResponse"] = true };

    /// <summary>Connects 20 calls with the SDK's own settings, and measures from <c>connect()</c> to <c>session.updated</c>.</summary>
    public async Task ConnectTwentyTimesAsync()
    {
        await OpenAsync();
        var setups = new List<CallSetup>();
        for (int i = 0; i < Connects; i++)
        {
            PageCall call = await PageCall.ConnectAsync(browser, "local");
            Assert.StartsWith("rtc_", call.Setup.CallId, StringComparison.Ordinal);
            Assert.NotNull(call.Setup.UpdatedMs);
            setups.Add(call.Setup);
            await call.HangUpAsync();
            await AssertContentAsync(call);
        }
        Assert.Equal(Connects, setups.Select(s => s.CallId).Distinct(StringComparer.Ordinal).Count());
        string Row(Func<CallSetup, double?> figure)
        {
            double[] values = [.. setups.Select(s => figure(s) ?? double.NaN)];
            return string.Create(CultureInfo.InvariantCulture,
                $"p50 {values.Percentile(50),4:0}  p95 {values.Percentile(95),4:0}  max {values.Max(),4:0} ms");
        }
        double p95 = setups.Select(s => s.UpdatedMs!.Value).Percentile(95);
        Print($"{Connects} of {Connects} calls connected; connect() to session.updated: {Row(s => s.UpdatedMs)} (bar: p95 "
            + $"{SessionUpdatedGoalMs:0} ms, {(p95 <= SessionUpdatedGoalMs ? "met" : "MISSED")})");
        Print($"  of which: POST answered  {Row(s => s.PostMs)}");
        Print($"            channel open   {Row(s => s.OpenMs)}");
        Print($"            session.created {Row(s => s.CreatedMs)}");
        Assert.True(p95 <= SessionUpdatedLimitMs, $"p95 {p95:0} ms");
    }

    /// <summary>With the echo agent, the same words come back and are intelligible.</summary>
    public async Task EchoAsync()
    {
        PageCall call = await StartAsync("echo");
        await call.WaitAsync(TimeSpan.FromSeconds(1));
        (double From, double To) said = await call.SayAsync("what-time-is-it");
        await call.WaitAsync(TimeSpan.FromSeconds(1));
        JsonNode statistics = await call.StatisticsAsync();
        Recording recording = await SavedAsync(call, "echo");
        Assert.True(recording.Level(said.From - 600, said.From) < Silence,
            $"noise before the words: {recording.Level(said.From - 600, said.From):0.0000}");
        double? heard = recording.FirstAudible(said.From, said.To + 1000);
        Assert.NotNull(heard);
        double length = said.To - said.From;
        Assert.True(recording.Level(heard.Value, heard.Value + length) > Voice,
            $"too quiet: {recording.Level(heard.Value, heard.Value + length):0.000}");
        string words = Recognize(recording, heard.Value - 300, heard.Value + length + 500, QuestionGrammar);
        Print($"echo: \"{words}\" came back {heard.Value - said.From:0} ms after it was said (mouth to ear, both ways, browser's own "
            + $"buffers included); {Describe(statistics)}");
        Assert.Equal("what time is it", words);
        await EndAsync(call);
    }

    /// <summary>The local agent hears the question, and its voice says what its transcript says.</summary>
    public async Task WhatTimeIsItAsync(bool usesSdkDefaults)
    {
        PageCall call = await StartAsync("local", usesSdkDefaults ? null : ServerVad, isMicrophoneDead: usesSdkDefaults);
        await call.WaitAsync(TimeSpan.FromSeconds(1));
        (double From, double To) said = await call.SayAsync("what-time-is-it");
        (double _, JsonNode? heard) = await call.EventAsync("conversation.item.input_audio_transcription.completed", said.From, EventLimit);
        (double _, JsonNode? spoken) = await call.EventAsync("response.output_audio_transcript.done", said.From, EventLimit);
        (double startedAt, JsonNode _) = await call.EventAsync("output_audio_buffer.started", said.From, EventLimit);
        (double doneAt, JsonNode? done) = await call.EventAsync("response.done", said.From, EventLimit);
        (double stoppedAt, JsonNode _) = await call.EventAsync("output_audio_buffer.stopped", said.From, EventLimit);
        await call.WaitAsync(TimeSpan.FromMilliseconds(600));
        Recording recording = await SavedAsync(call, usesSdkDefaults ? "time-sdk-defaults" : "time");
        Assert.Equal("what time is it", (string?)heard["transcript"]);
        Assert.Equal("completed", (string?)done["response"]!["status"]);
        Assert.True(doneAt <= stoppedAt, "the buffer stopped before the response was done");
        double? audible = recording.FirstAudible(said.To, stoppedAt + 600);
        Assert.NotNull(audible);
        string answer = Plain((string)spoken["transcript"]!);
        string understood = Recognize(recording, audible.Value - 300, stoppedAt + 600, SpokenAnswers.Grammar);
        string detection = usesSdkDefaults ? "the SDK's own turn detection (semantic_vad), no packets between words" : "server_vad 500 ms";
        Print($"local agent, {detection}: heard \"{heard["transcript"]}\"; its voice, from the page's recording: \"{understood}\"; "
            + $"end of the question to the first sound of the answer {audible.Value - said.To:0} ms (output_audio_buffer.started at "
            + $"{startedAt - said.To:0} ms)");
        Assert.StartsWith("it is ", answer, StringComparison.Ordinal);
        Assert.True(SpokenAnswers.Agree(answer, understood), $"the transcript says \"{answer}\", its voice \"{understood}\"");
        await AssertOrderAsync(call, said.From);
        await EndAsync(call);
    }

    /// <summary>In a function call, the page sets the timer and the agent confirms it by voice.</summary>
    public async Task SetATimerAsync()
    {
        PageCall call = await StartAsync("local", ServerVad);
        await call.WaitAsync(TimeSpan.FromSeconds(1));
        (double From, double To) said = await call.SayAsync("set-a-timer");
        (double _, JsonNode? heard) = await call.EventAsync("conversation.item.input_audio_transcription.completed", said.From, EventLimit);
        (double _, JsonNode? spoken) = await call.EventAsync("response.output_audio_transcript.done", said.From, EventLimit);
        (double stoppedAt, JsonNode _) = await call.EventAsync("output_audio_buffer.stopped", said.From, EventLimit);
        await call.WaitAsync(TimeSpan.FromMilliseconds(600));
        Recording recording = await SavedAsync(call, "timer");
        string understood = Recognize(recording, said.To + 100, stoppedAt + 600, SpokenAnswers.Grammar);
        JsonArray timers = await call.TimersAsync();
        Print($"function call: heard \"{heard["transcript"]}\"; the page's tool got {timers.ToJsonString()}; the agent's voice: "
            + $"\"{understood}\"");
        Assert.Single(timers);
        Assert.Equal("the timer is set for ten seconds", Plain((string)spoken["transcript"]!));
        Assert.Equal("the timer is set for ten seconds", understood);
        await EndAsync(call);
    }

    /// <summary>The caller says "stop" in the middle of a long story.</summary>
    public async Task BargeInAsync()
    {
        PageCall call = await StartAsync("local", ServerVad);
        await call.WaitAsync(TimeSpan.FromSeconds(1));
        (double From, double To) asked = await call.SayAsync("tell-me-a-long-story");
        (double startedAt, JsonNode _) = await call.EventAsync("output_audio_buffer.started", asked.From, EventLimit);
        await call.WaitAsync(TimeSpan.FromSeconds(3));
        (double From, double To) said = await call.SayAsync("stop");
        (double speechAt, JsonNode _) = await call.EventAsync("input_audio_buffer.speech_started", said.From, EventLimit);
        (double clearedAt, JsonNode _) = await call.EventAsync("output_audio_buffer.cleared", said.From, EventLimit);
        (double doneAt, JsonNode? done) = await call.EventAsync("response.done", startedAt, EventLimit);
        JsonNode statistics = await call.StatisticsAsync();
        await call.WaitAsync(TimeSpan.FromSeconds(2));
        Recording recording = await SavedAsync(call, "story");
        Assert.Equal("cancelled", (string?)done["response"]!["status"]);
        Assert.Equal("turn_detected", (string?)done["response"]!["status_details"]?["reason"]);
        Assert.True(recording.Level(startedAt + 500, said.From) > Voice,
            $"the story was not heard: {recording.Level(startedAt + 500, said.From):0.000}");
        // Later sound is the answer to "stop", if there is one. The turn is between the two.
        double? lastHeard = recording.LastAudible(said.From - 200, clearedAt + 400);
        Assert.NotNull(lastHeard);
        Print($"barge-in: \"stop\" to speech_started {speechAt - said.From:0} ms, output_audio_buffer.cleared {clearedAt - said.From:0} ms,"
            + $" response.done {doneAt - said.From:0} ms (cancelled, turn_detected), "
            + $"agent's last sound {lastHeard.Value - said.From:0} ms after the first sound of \"stop\" (goal 300); "
            + $"{Describe(statistics)}");
        Assert.InRange(lastHeard.Value - said.From, double.MinValue, StopLimitMs);
        Assert.True(recording.Level(clearedAt + 400, clearedAt + 700) < Silence, "the agent still speaks");
        await EndAsync(call);
    }

    /// <summary>The page hangs up, and the record says so.</summary>
    public async Task PageHangsUpAsync()
    {
        PageCall call = await StartAsync("echo");
        await call.HangUpAsync();
        var watch = global::System.Diagnostics.Stopwatch.StartNew();
        JsonNode record;
        do
        {
            (int status, string? body) = await browser.Driver.FetchAsync(
                "GET", $"{browser.Voice.CallsUrl}/{call.Setup.CallId}", browser.Voice.ApiKey);
            Assert.Equal(200, status);
            record = JsonNode.Parse(body)!;
        }
        while (!string.Equals((string?)record["state"], "ended", StringComparison.Ordinal) && watch.Elapsed < EndLimit);
        Print($"page hangs up: the session's record says {record["state"]}, {record["endReason"] ?? record["end_reason"]} after "
            + $"{watch.ElapsedMilliseconds} ms");
        Assert.Equal("ended", (string?)record["state"]);
        Assert.Equal("client_hangup", (string?)(record["endReason"] ?? record["end_reason"]));
    }

    /// <summary>
    /// The server hangs up. The SDK notices it by the first check that is refused, or when checks have failed for long enough.
    /// </summary>
    public async Task ServerHangsUpAsync(TimeSpan limit)
    {
        PageCall call = await StartAsync("echo");
        double at = await call.NowAsync();
        (int status, string? body) = await browser.Driver.FetchAsync(
            "POST", $"{browser.Voice.CallsUrl}/{call.Setup.CallId}/hangup", browser.Voice.ApiKey);
        Assert.True(status == 200, $"hangup answered {status}: {body}");
        double noticedAt = await call.StatusAsync("disconnected", at, limit);
        Print($"server hangs up: the SDK reports disconnected {noticedAt - at:0} ms after the request");
    }

    /// <summary>The page of <c>./voice up</c> loads and connects without an error. Screenshots of both shapes are kept.</summary>
    /// <param name="hearsWords">The browser's fake microphone says a question once. Otherwise it hums.</param>
    public async Task OurPageAsync(bool hearsWords)
    {
        BrowserDriver driver = browser.Driver;
        await driver.OpenAsync(browser.Voice.Url);
        await driver.WaitForAsync("document.querySelector('#agent').options.length > 0", EventLimit);
        await ScreenshotsAsync("idle");
        await driver.ClickAsync("#call");
        await driver.WaitForAsync("document.body.dataset.state === 'live'", EventLimit);
        string transcript = "";
        if (hearsWords)
        {
            await driver.WaitForAsync("document.querySelectorAll('#transcript .turn.agent .bubble:not(.open)').length > 0", EventLimit);
            transcript = (string)(await driver.EvaluateAsync("[...document.querySelectorAll('#transcript .turn')].map(t => "
                + "t.innerText.replace(/\\s+/g, ' ')).join(' | ')"))!;
        }
        await ScreenshotsAsync("live");
        await driver.WaitForAsync("document.querySelector('#transport').textContent.length > 1", EventLimit);
        Assert.Equal(Transport.ToUpperInvariant(), (string?)await driver.EvaluateAsync("document.querySelector('#transport').textContent"));
        string setup = (string)(await driver.EvaluateAsync("document.querySelector('#setup').textContent"))!;
        Assert.EndsWith(" ms", setup, StringComparison.Ordinal);
        string callPath = (await driver.CreatedAsync()).Single();
        (int status, string? body) = await driver.FetchAsync("POST", $"{browser.Voice.Url}{callPath}/hangup", browser.Voice.ApiKey);
        Assert.True(status == 200, $"hangup answered {status}: {body}");
        await driver.WaitForAsync("document.body.dataset.state !== 'live'", PageEndLimit);
        await driver.WaitForAsync($"{PanelTitle} === 'The other side hung up.'", EventLimit);
        Assert.Equal(callPath.Split('/')[^1],
            (string?)await driver.EvaluateAsync("document.querySelector('#panel [data-part=id]').innerText"));
        await ScreenshotsAsync("ended");
        // A library inside the SDK's bundle tries to use eval, catches the refusal and works without it. Firefox reports the attempt.
        var complaints = (await driver.ComplaintsAsync()).Where(
            c => !(c.Contains("Content-Security-Policy", StringComparison.Ordinal) && c.Contains("eval", StringComparison.Ordinal)))
            .ToList();
        Print($"our own page: set-up {setup}{(hearsWords ? $"; transcript: {transcript}"
            : "")}; {complaints.Count} complaints on the console");
        if (hearsWords) Assert.Contains("what time is it", transcript, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(complaints);
    }

    /// <summary>Wi-Fi to mobile: the address of the call is gone. The page restarts ICE, and the same session answers again.</summary>
    public async Task OurPageAddressChangesAsync()
    {
        const string Answers = "document.querySelectorAll('#transcript .turn.agent .bubble:not(.open)').length";
        BrowserDriver driver = browser.Driver;
        await driver.OpenAsync(browser.Voice.Url + "/?agent=local");
        await driver.WaitForAsync("document.querySelector('#agent').options.length > 0", EventLimit);
        await driver.ClickAsync("#call");
        await driver.WaitForAsync($"{Answers} > 0", EventLimit);
        string callPath = (await driver.CreatedAsync()).Single();
        try
        {
            browser.Voice.ChangeAddress(BrowserSystem.Address, BrowserSystem.OtherAddress);
            // The server is on this machine, so Chromium may find a way over loopback by itself. A phone says that its network changed.
            await driver.EvaluateAsync("dispatchEvent(new Event('online'))");
            await driver.WaitForAsync("document.querySelector('#transcript').innerText.includes('The connection is back')", EventLimit);
            await driver.WaitForAsync("document.body.dataset.state === 'live'", EventLimit);
            // The events channel of before carries a question in writing, and the new path the spoken answer.
            int answers = (int)(await driver.EvaluateAsync(Answers))!;
            await driver.ClickAsync("#sayings button");
            await driver.WaitForAsync($"{Answers} > {answers}", EventLimit);
        }
        finally
        {
            browser.Voice.ChangeAddress(BrowserSystem.OtherAddress, BrowserSystem.Address);
            await driver.WaitForAddressAsync(BrowserSystem.Address);
        }
        string said = (string)(await driver.EvaluateAsync(
            "document.querySelector('#transcript').innerText.match(/The connection is back.*/)[0]"))!;
        (int status, string? body) = await driver.FetchAsync("GET", $"{browser.Voice.Url}{callPath}", browser.Voice.ApiKey);
        Assert.Equal(200, status);
        JsonNode record = JsonNode.Parse(body!)!;
        Print($"our own page, address changed in mid-call: {said}; record: {record["state"]}, {record["counters"]?.ToJsonString()}");
        Assert.Equal("connected", (string?)record["state"]);
        Assert.Equal(callPath, (await driver.CreatedAsync()).Single());
        await driver.ClickAsync("#call");
        await driver.WaitForAsync("document.body.dataset.state !== 'live'", PageEndLimit);
    }

    /// <summary>
    /// The server refuses a call of our own page, and ends one by its limit. The page tells both in words. Scripted tests have the other
    /// refusals and ends; this one holds their answers against the server's.
    /// </summary>
    public async Task OurPageSaysWhyAsync()
    {
        BrowserDriver driver = browser.Driver;
        await driver.OpenAsync(browser.Voice.Url + "/?agent=nobody");
        await driver.WaitForAsync("document.querySelector('#agent').options.length > 0", EventLimit);
        await driver.ClickAsync("#call");
        await driver.WaitForAsync($"{PanelTitle} === 'This agent does not exist.'", EventLimit);

        JsonObject grant = new() { ["agent"] = "echo", ["max_session_seconds"] = 3 };
        (int status, string? body) = await driver.FetchAsync(
            "POST", browser.Voice.Url + "/v1/realtime/client_secrets", browser.Voice.ApiKey, grant);
        Assert.Equal(200, status);
        // The page gets this key where it asks for a demo key.
        await driver.PrepareAsync($$"""
            { const { fetch: real } = window;
              window.fetch = async (url, ...rest) => String(url).endsWith('/demo/token') ? new Response(`{{body}}`) : real(url, ...rest); }
            """);
        await driver.OpenAsync(browser.Voice.Url + "/?agent=echo");
        await driver.PrepareAsync(null);
        await driver.WaitForAsync("document.querySelector('#agent').options.length > 0", EventLimit);
        await driver.ClickAsync("#call");
        await driver.WaitForAsync($"{PanelTitle} === 'The time of this call is up.'", EventLimit);
        await ScreenshotsAsync("limit");
        Assert.Contains("3 seconds", (string)(await driver.EvaluateAsync("document.querySelector('#panel [data-part=text]').innerText"))!,
            StringComparison.Ordinal);
    }

    private async Task ScreenshotsAsync(string state)
    {
        foreach ((string shape, int width, int height, double scale) in ((string, int, int, double)[])[
            ("phone", 390, 844, 2), ("desktop", 1280, 800, 1)])
        {
            await browser.Driver.SetViewportAsync(width, height, scale);
            await browser.Driver.ScreenshotAsync(Path.Combine(TestResults.Folder, $"{browser.Name}-page-{state}-{shape}.png"));
        }
    }

    private async Task OpenAsync() => await browser.Driver.OpenAsync(browser.Driver.PageOrigin + "/page/index.html");

    private async Task<PageCall> StartAsync(string agent, JsonObject? turnDetection = null, bool isMicrophoneDead = false)
    {
        await OpenAsync();
        return await PageCall.ConnectAsync(browser, agent, turnDetection, isMicrophoneDead, withheldTransport);
    }

    private async Task EndAsync(PageCall call)
    {
        string? protocol = await call.CarrierAsync();
        Assert.Equal(Transport, protocol);
        await call.HangUpAsync();
        await AssertContentAsync(call);
    }

    /// <summary>Asserts that neither the SDK nor the page reported an error.</summary>
    private async Task AssertContentAsync(PageCall call)
    {
        Assert.Empty(await call.ErrorsAsync());
        Assert.Empty(await browser.Driver.ComplaintsAsync());
    }

    /// <summary>Asserts the order of events of one voice turn (docs/protocols/realtime.md 5).</summary>
    private static async Task AssertOrderAsync(PageCall call, double from)
    {
        string[] order =
        [
            "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed", "response.created",
                "response.output_item.added",
            "response.content_part.added", "response.output_audio_transcript.done", "response.output_item.done", "response.done",
                "output_audio_buffer.stopped",
        ];
        var types = (await call.EventsAsync()).Where(e => e.At >= from).Select(e => e.Type).ToList();
        Assert.Equal(order, types.Where(order.Contains).Distinct(StringComparer.Ordinal));
        Assert.Contains("output_audio_buffer.started", types);
        // Over WebRTC the events carry no audio.
        Assert.DoesNotContain("response.output_audio.delta", types);
    }

    private async Task<Recording> SavedAsync(PageCall call, string name)
    {
        Recording recording = await call.RecordingAsync();
        recording.Save(Path.Combine(TestResults.Folder, $"{browser.Name}-{Transport}-{name}.wav"));
        return recording;
    }

    private static string Recognize(Recording recording, double from, double to, string grammar)
    {
        using var recognizer = new GrammarRecognizer(grammar);
        return recognizer.Recognize(recording.Between(from, to), recording.SampleRate);
    }

    private static string Plain(string sentence)
        => new([.. sentence.ToLowerInvariant().Where(c => char.IsAsciiLetterLower(c) || c is ' ' or '\'')]);

    private static string Describe(JsonNode statistics) => string.Create(CultureInfo.InvariantCulture,
        $"packets {(double)statistics["packetsReceived"]!:0}, lost {(double)statistics["packetsLost"]!:0}, jitter buffer "
        + $"{(double?)statistics["jitterBufferMs"]:0} ms, round trip {(double?)statistics["roundTripMs"]:0.0} ms");

    private void Print(string figure) => output.WriteLine($"{browser.Driver.Version}, {Transport}: {figure}");
}
