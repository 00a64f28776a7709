using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

/// <summary>
/// The agent against a real WebSocket server. The test's thread is the session's; nothing waits for a time, all for conditions.
/// </summary>
public sealed class RealtimeAgentTests : IAsyncLifetime
{
    private static readonly BackendPolicy Quick = new(
        TimeSpan.FromSeconds(10), [TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1)], TimeSpan.FromSeconds(10));

    private static readonly string LargeAudio = new('A', 2_800_000);

    private readonly FakeAgentHost _host = new("""{"instructions":"Be kind.","audio":{"input":{"format":{"type":"audio/pcmu"}}}}""");
    private RealtimeBackend _backend = null!;
    private RealtimeAgent _agent = null!;

    public async Task InitializeAsync()
    {
        _backend = await RealtimeBackend.StartAsync();
        _agent = new RealtimeAgent(_host, _backend.Url, "key", Quick);
    }

    public async Task DisposeAsync()
    {
        _agent.Dispose();
        _host.Dispose();
        await _backend.DisposeAsync();
    }

    [Fact]
    public void Start_Connects_WithTheKeyAndTheSessionsConfiguration()
    {
        RealtimeBackend.Connection connection = Connect();
        Assert.Equal("Bearer key", connection.Authorization);
        JsonElement session = connection.Expect("session.update").GetProperty("session");
        Assert.Equal("realtime", session.GetProperty("type").GetString());
        Assert.Equal("Be kind.", session.GetProperty("instructions").GetString());
        // formats are this connection's, whatever a client says
        foreach (string leg in (string[])["input", "output"])
            Assert.Equal("audio/pcm", session.GetProperty("audio").GetProperty(leg).GetProperty("format").GetProperty("type").GetString());
    }

    [Fact]
    public async Task BackendEvents_BeforeTheChannelOpens_WaitAndGoFirst()
    {
        RealtimeBackend.Connection connection = Connect(openChannel: false);
        await connection.SayAsync("""{"type":"session.created","event_id":"b1","session":{"id":"s"}}""");
        await connection.SayAsync("""{"type":"response.created","event_id":"b2","response":{"id":"r"}}""");
        await connection.SpeakAsync("r", "i", 20);
        _host.RunUntil(() => !_host.Downlink.IsEmpty, "audio");
        Assert.Empty(_host.Events);
        _agent.OnChannelOpen();
        Assert.Equal(["session.created", "response.created"], _host.Types);
        Assert.Equal("b1", _host.Events[0].GetProperty("event_id").GetString());
    }

    [Fact]
    public async Task BackendEvents_WithoutEventId_GetOne()
    {
        RealtimeBackend.Connection connection = Connect();
        await connection.SayAsync(""" { "type":"session.created","session":{}}""");
        // the fake host asserts that there is one
        _host.RunUntilEvent("session.created");
    }

    [Fact]
    public void OnAudio_Frames_AreAppended()
    {
        RealtimeBackend.Connection connection = Connect();
        short[] frame = new short[480];
        for (int i = 0; i < 480; i++) frame[i] = (short)(i * 61 - 14_000);
        _agent.OnAudio(frame, _host.Now);
        byte[] audio = connection.Expect("input_audio_buffer.append").GetProperty("audio").GetBytesFromBase64();
        Assert.Equal(frame, Enumerable.Range(0, 480).Select(i => BitConverter.ToInt16(audio, 2 * i)));
    }

    [Fact]
    public async Task Response_Spoken_GoesToTheDownlinkAndIsReportedAsPlayed()
    {
        RealtimeBackend.Connection connection = Connect();
        await connection.SayAsync("""{"type":"response.created","event_id":"1","response":{"id":"r1"}}""");
        await connection.SpeakAsync("r1", "i1", 95);
        await connection.SpeakAsync("r1", "i1", 15);
        await connection.SayAsync("""{"type":"response.output_audio.done","event_id":"2","response_id":"r1","item_id":"i1"}""");
        _host.RunUntilEvent("response.output_audio.done");
        Assert.Equal(110 * 24, _host.Downlink.PendingSamples);

        _host.Play(_agent, 1);
        Assert.Equal("output_audio_buffer.started", _host.Types.Last());
        Assert.Equal("r1", _host.Last("output_audio_buffer.started").GetProperty("response_id").GetString());
        _host.Play(_agent, 10);
        // everything was played, but the response is still going on
        Assert.DoesNotContain("output_audio_buffer.stopped", _host.Types);
        await connection.SayAsync("""{"type":"response.done","event_id":"3","response":{"id":"r1","status":"completed"}}""");
        _host.RunUntilEvent("response.done");
        Assert.Equal("output_audio_buffer.stopped", _host.Types.Last());
        Assert.DoesNotContain("response.output_audio.delta", _host.Types);
        Assert.Equal(110 * 24, _host.Spoken.Count(sample => sample == 1000));
    }

    [Fact]
    public async Task Response_DoneBeforeItIsPlayed_StopsWhenTheQueueIsEmpty()
    {
        RealtimeBackend.Connection connection = Connect();
        await SpeakWholeAsync(connection, "r1", "i1", 100);
        _host.Play(_agent, 5);
        Assert.DoesNotContain("output_audio_buffer.stopped", _host.Types);
        _host.Play(_agent, 1);
        Assert.Equal("output_audio_buffer.stopped", _host.Types.Last());
    }

    [Fact]
    public async Task Responses_OneRightBehindTheOther_AreEachStartedAndStopped()
    {
        RealtimeBackend.Connection connection = Connect();
        await SpeakWholeAsync(connection, "r1", "i1", 40);
        await SpeakWholeAsync(connection, "r2", "i2", 40);
        _host.RunUntil(() => _host.Types.Count(t => t == "response.done") == 2, "both responses");
        _host.Events.Clear();
        _host.Play(_agent, 6);
        Assert.Equal(
            ["output_audio_buffer.started r1", "output_audio_buffer.stopped r1", "output_audio_buffer.started r2",
            "output_audio_buffer.stopped r2"],
            _host.Events.Select(e => $"{FakeAgentHost.TypeOf(e)} {e.GetProperty("response_id").GetString()}"));
    }

    [Fact]
    public async Task Deltas_ThatSplitASample_AreJoined()
    {
        RealtimeBackend.Connection connection = Connect();
        byte[] pcm = Enumerable.Range(0, 2 * 480).Select(i => (byte)i).ToArray();
        await connection.SpeakAsync("r", "i", pcm[..333]);
        await connection.SpeakAsync("r", "i", pcm[333..]);
        _host.RunUntil(() => _host.Downlink.PendingSamples == 480, "a frame");
        _host.Play(_agent, 1);
        Assert.Equal(Enumerable.Range(0, 480).Select(i => BitConverter.ToInt16(pcm, 2 * i)), _host.Spoken);
    }

    [Fact]
    public async Task Deltas_WithEscapedBase64_AreRead()
    {
        RealtimeBackend.Connection connection = Connect();
        byte[] pcm = Enumerable.Repeat((byte)0xFF, 960).ToArray();
        string escaped = Convert.ToBase64String(pcm).Replace("/", "\\/");
        await connection.SayAsync($$"""{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"{{escaped}}"}""");
        _host.RunUntil(() => _host.Downlink.PendingSamples == 480, "a frame");
    }

    [Fact]
    public async Task SpeechStarted_WhileSpeaking_StopsAtOnceAndTruncatesWhereItStopped()
    {
        RealtimeBackend.Connection connection = Connect();
        await connection.SayAsync("""{"type":"response.created","event_id":"1","response":{"id":"r1"}}""");
        await connection.SpeakAsync("r1", "i1", 5000);
        _host.RunUntil(() => _host.Downlink.PendingSamples == 5000 * 24, "audio");
        _host.Play(_agent, 37);
        _host.Events.Clear();
        await connection.SayAsync("""{"type":"input_audio_buffer.speech_started","event_id":"2","item_id":"u","audio_start_ms":1}""");
        _host.RunUntilEvent("output_audio_buffer.cleared");
        Assert.True(_host.Downlink.IsEmpty);
        Assert.Equal(["input_audio_buffer.speech_started", "output_audio_buffer.cleared"], _host.Types);
        Assert.Equal("r1", _host.Last("output_audio_buffer.cleared").GetProperty("response_id").GetString());
        JsonElement truncate = connection.Expect("conversation.item.truncate");
        Assert.Equal("i1", truncate.GetProperty("item_id").GetString());
        Assert.Equal(740, truncate.GetProperty("audio_end_ms").GetInt32());

        // what was already on its way is not heard any more, the next response is
        await connection.SpeakAsync("r1", "i1", 100);
        await connection.SayAsync("""{"type":"response.done","event_id":"3","response":{"id":"r1","status":"cancelled"}}""");
        _host.RunUntilEvent("response.done");
        Assert.True(_host.Downlink.IsEmpty);
        Assert.Equal(5, _host.Drops[SessionDrop.AgentAudioInterrupted]);
        await connection.SayAsync("""{"type":"response.created","event_id":"4","response":{"id":"r2"}}""");
        await connection.SpeakAsync("r2", "i2", 100);
        _host.RunUntil(() => _host.Downlink.PendingSamples == 2400, "the next response");
        _host.Play(_agent, 1);
        Assert.Equal("r2", _host.Last("output_audio_buffer.started").GetProperty("response_id").GetString());
        Assert.DoesNotContain("output_audio_buffer.stopped", _host.Types);
    }

    [Fact]
    public async Task SpeechStarted_AllSoFarPlayedButMoreToCome_TruncatesToo()
    {
        RealtimeBackend.Connection connection = Connect();
        await connection.SayAsync("""{"type":"response.created","event_id":"1","response":{"id":"r1"}}""");
        await connection.SpeakAsync("r1", "i1", 60);
        _host.RunUntil(() => !_host.Downlink.IsEmpty, "audio");
        _host.Play(_agent, 10);
        await connection.SayAsync("""{"type":"input_audio_buffer.speech_started","event_id":"2"}""");
        _host.RunUntilEvent("output_audio_buffer.cleared");
        Assert.Equal(60, connection.Expect("conversation.item.truncate").GetProperty("audio_end_ms").GetInt32());
    }

    [Fact]
    public async Task SpeechStarted_NothingToHear_IsOnlyPassedOn()
    {
        RealtimeBackend.Connection connection = Connect();
        await SpeakWholeAsync(connection, "r1", "i1", 40);
        _host.Play(_agent, 5);
        _host.Events.Clear();
        await connection.SayAsync("""{"type":"input_audio_buffer.speech_started","event_id":"2"}""");
        await connection.SayAsync("""{"type":"marker","event_id":"3"}""");
        _host.RunUntilEvent("marker");
        Assert.Equal(["input_audio_buffer.speech_started", "marker"], _host.Types);
    }

    [Fact]
    public async Task SpeechStarted_InterruptResponseFalse_SpeaksOn()
    {
        RealtimeBackend.Connection connection = Connect();
        await connection.SayAsync(
            """{"type":"session.updated","event_id":"0","session":{"audio":{"input":{"turn_detection":"""
            + """{"type":"server_vad","interrupt_response":false}}}}}""");
        await SpeakWholeAsync(connection, "r1", "i1", 1000);
        _host.Play(_agent, 5);
        await connection.SayAsync("""{"type":"input_audio_buffer.speech_started","event_id":"2"}""");
        _host.RunUntilEvent("input_audio_buffer.speech_started");
        Assert.False(_host.Downlink.IsEmpty);
        Assert.DoesNotContain("output_audio_buffer.cleared", _host.Types);
    }

    [Fact]
    public async Task ClientClear_WhileSpeaking_IsHandledHere()
    {
        RealtimeBackend.Connection connection = Connect();
        await SpeakWholeAsync(connection, "r1", "i1", 1000);
        _host.Play(_agent, 5);
        Say("""{"type":"output_audio_buffer.clear"}""");
        Assert.True(_host.Downlink.IsEmpty);
        Assert.Equal("r1", _host.Last("output_audio_buffer.cleared").GetProperty("response_id").GetString());
        Assert.Equal(100, connection.Expect("conversation.item.truncate").GetProperty("audio_end_ms").GetInt32());
        Say("""{"type":"response.create"}""");
        connection.Expect("response.create");
        Assert.False(connection.HasSeen("output_audio_buffer.clear"));
    }

    [Fact]
    public void ClientEvents_ArePassedOn_ButAppendIsRefused()
    {
        RealtimeBackend.Connection connection = Connect();
        Say("""{"event_id":"a","type":"input_audio_buffer.append","audio":"AAAA"}""");
        Assert.Equal("a", _host.Last("error").GetProperty("error").GetProperty("event_id").GetString());
        Say("""{"event_id":"c","type":"conversation.item.create","item":{"type":"message","role":"user","content":["""
            + """{"type":"input_text","text":"hi"}]}}""");
        Assert.Equal("c", connection.Expect("conversation.item.create").GetProperty("event_id").GetString());
        Say("not json");
        Assert.Equal("invalid_json", _host.Last("error").GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void ClientSessionUpdate_WithAnotherFormat_ReachesTheBackendWithOurs()
    {
        RealtimeBackend.Connection connection = Connect();
        connection.Expect("session.update");
        Say("""{"event_id":"u","type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcma"}"""
            + ""","noise_reduction":null}}}}""");
        JsonElement update = connection.Expect("session.update");
        Assert.Equal("u", update.GetProperty("event_id").GetString());
        Assert.Equal("audio/pcm", update.GetProperty("session").GetProperty("audio").GetProperty("input").GetProperty("format")
            .GetProperty("type").GetString());
        Assert.False(update.GetProperty("session").TryGetProperty("instructions", out _));
    }

    [Fact]
    public async Task Release_LeavesTheBackendAndResumeGoesOnWithTheConversation()
    {
        RealtimeBackend.Connection first = Connect();
        await first.SayAsync(
            """{"type":"conversation.item.done","event_id":"5","item":"""
            + """{"id":"a1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_audio","transcript":"It """
            + """is noon.","audio":"AAAA"}]}}""");
        await first.SayAsync("""{"type":"response.created","event_id":"7","response":{"id":"r9"}}""");
        await first.SpeakAsync("r9", "a9", 500);
        _host.RunUntil(() => _host.Downlink.PendingSamples > 0, "audio");
        _agent.Release();
        Assert.True(await first.Gone.Task.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True(_host.Downlink.IsEmpty);
        Assert.Equal("failed", _host.Last("response.done").GetProperty("response").GetProperty("status").GetString());
        _agent.Release();

        _agent.Resume();
        RealtimeBackend.Connection second = NextConnection();
        second.Expect("session.update");
        Assert.Equal("a1", second.Expect("conversation.item.create").GetProperty("item").GetProperty("id").GetString());
        Assert.Equal(SessionEndReason.None, _host.Ended);
    }

    [Fact]
    public async Task BackendLost_InTheMiddle_IsMadeAgainAndToldTheConversation()
    {
        RealtimeBackend.Connection first = Connect();
        await first.SayAsync("""{"type":"session.created","event_id":"1","session":{"id":"s1"}}""");
        await first.SayAsync(
            """{"type":"conversation.item.added","event_id":"2","item":"""
            + """{"id":"u1","type":"message","role":"user","status":"completed","content":[{"type":"input_audio","transcript":null}]}}""");
        await first.SayAsync(
            """{"type":"conversation.item.input_audio_transcription.completed","event_id":"3","item_id":"u1","content_index":0,"""
            + """ "transcript":"what time is it"}""");
        await first.SayAsync(
            """{"type":"conversation.item.done","event_id":"4","item":"""
            + """{"id":"u1","type":"message","role":"user","status":"completed","content":[{"type":"input_audio","transcript":null}]}}""");
        await first.SayAsync(
            """{"type":"conversation.item.done","event_id":"5","previous_item_id":"u1","item":"""
            + """{"id":"a1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_audio","transcript":"It """
            + """is noon.","audio":"AAAA"}]}}""");
        await first.SayAsync(
            """{"type":"conversation.item.done","event_id":"6","item":"""
            + """{"id":"u2","type":"message","role":"user","status":"completed","content":[{"type":"input_audio","transcript":null}]}}""");
        await first.SayAsync("""{"type":"response.created","event_id":"7","response":{"id":"r9"}}""");
        await first.SpeakAsync("r9", "a9", 50);
        _host.RunUntil(() => _host.Downlink.PendingSamples > 0, "audio");
        Say("""{"type":"session.update","session":{"instructions":"Be brief."}}""");
        first.Expect("session.update");
        first.Expect("session.update");
        first.Break();

        RealtimeBackend.Connection second = NextConnection();
        Assert.Equal("Be brief.", second.Expect("session.update").GetProperty("session").GetProperty("instructions").GetString());
        JsonElement user = second.Expect("conversation.item.create").GetProperty("item");
        Assert.Equal("u1", user.GetProperty("id").GetString());
        Assert.Equal("""[{"type":"input_text","text":"what time is it"}]""", user.GetProperty("content").GetRawText());
        JsonElement assistant = second.Expect("conversation.item.create").GetProperty("item");
        Assert.Equal("""[{"type":"output_text","text":"It is noon."}]""", assistant.GetProperty("content").GetRawText());

        // the response that broke off is ended for the client, and what arrived of it is still heard
        Assert.Equal("failed", _host.Last("response.done").GetProperty("response").GetProperty("status").GetString());
        Assert.Equal("r9", _host.Last("response.done").GetProperty("response").GetProperty("id").GetString());
        _host.Play(_agent, 5);
        Assert.Equal("output_audio_buffer.stopped", _host.Types.Last());

        // neither the greeting nor the items are told to the client twice
        _host.Events.Clear();
        await second.SayAsync("""{"type":"session.created","event_id":"1","session":{"id":"s2"}}""");
        await second.SayAsync("""{"type":"conversation.item.added","event_id":"2","item":{"id":"u1"}}""");
        await second.SayAsync("""{"type":"conversation.item.done","event_id":"3","item":{"id":"u1"}}""");
        await second.SayAsync("""{"type":"conversation.item.added","event_id":"4","item":{"id":"new"}}""");
        _host.RunUntilEvent("conversation.item.added");
        Assert.Equal("new", Assert.Single(_host.Events).GetProperty("item").GetProperty("id").GetString());
        Assert.Equal(SessionEndReason.None, _host.Ended);
    }

    [Fact]
    public async Task BackendGone_ForGood_EndsTheSessionAndSaysSo()
    {
        RealtimeBackend.Connection connection = Connect();
        _backend.Refusal = HttpStatusCode.ServiceUnavailable;
        await connection.CloseAsync();
        _host.RunUntil(() => _host.Ended != SessionEndReason.None, "end");
        Assert.Equal(SessionEndReason.AgentFailed, _host.Ended);
        Assert.Equal("agent_unavailable", _host.Last("error").GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(1 + Quick.RetryDelays.Count, _backend.Attempts);

        // There is no connection any more.
        Say("""{"type":"conversation.item.create","item":{"type":"message"}}""");
        Assert.Equal(2, _host.Events.Count(e => FakeAgentHost.TypeOf(e) == "error"));
        _agent.OnAudio(new short[480], _host.Now);
        Assert.Equal(1, _host.Drops[SessionDrop.AgentEventUnsent]);
        Assert.Equal(1, _host.Drops[SessionDrop.AgentAudioNoBackend]);
    }

    [Fact]
    public void Start_KeyRefused_EndsAtOnce()
    {
        _backend.Refusal = HttpStatusCode.Unauthorized;
        _agent.Start();
        _agent.OnChannelOpen();
        _host.RunUntil(() => _host.Ended != SessionEndReason.None, "end");
        Assert.Equal(SessionEndReason.AgentFailed, _host.Ended);
        Assert.Equal(1, _backend.Attempts);
    }

    [Fact]
    public void Start_ServerThatNeverAnswers_IsGivenUpAtTheDeadline()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var policy = new BackendPolicy(TimeSpan.FromMilliseconds(50), [TimeSpan.FromMilliseconds(1)], TimeSpan.FromSeconds(10));
        using var agent = new RealtimeAgent(_host, new Uri($"ws://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/"), null, policy);
        agent.Start();
        agent.OnChannelOpen();
        _host.RunUntil(() => _host.Ended != SessionEndReason.None, "end");
        Assert.Equal((SessionEndReason.AgentFailed, "agent_timeout"), (_host.Ended, _host.EndDetail));
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "agent_unauthorized", 1)]
    [InlineData(HttpStatusCode.Forbidden, "agent_unauthorized", 1)]
    [InlineData(HttpStatusCode.Found, "agent_redirected", 1)]
    [InlineData(HttpStatusCode.NotFound, "agent_not_found", 1)]
    [InlineData(HttpStatusCode.OK, "agent_refused", 1)]
    [InlineData(HttpStatusCode.TooManyRequests, "agent_busy", 3)]
    [InlineData(HttpStatusCode.BadGateway, "agent_unavailable", 3)]
    public void Start_BackendThatAnswersSomethingElse_CallerAndRecordLearnWhy(HttpStatusCode status, string code, int attempts)
    {
        _backend.Refusal = status;
        _agent.Start();
        _agent.OnChannelOpen();
        _host.RunUntil(() => _host.Ended != SessionEndReason.None, "end");
        AssertToldAndEnded(code);
        Assert.Contains(((int)status).ToString(CultureInfo.InvariantCulture), _host.EndMessage);
        Assert.Equal(attempts, _backend.Attempts);
    }

    [Fact]
    public void Start_NobodyListens_CallerAndRecordLearnWhy()
    {
        using var agent = new RealtimeAgent(_host, new Uri("ws://127.0.0.1:9/secret?key=secret"), "secret", Quick);
        agent.Start();
        agent.OnChannelOpen();
        _host.RunUntil(() => _host.Ended != SessionEndReason.None, "end");
        AssertToldAndEnded("agent_unreachable");
        Assert.DoesNotContain("secret", string.Concat(_host.Events.Select(e => e.GetRawText())));
    }

    [Fact]
    public async Task Start_BackendThatClosesAtOnce_CallerAndRecordLearnTheCode()
    {
        _agent.Start();
        _agent.OnChannelOpen();
        var closing = Task.Run(async () =>
        {
            for (int i = 0; i <= Quick.RetryDelays.Count; i++) await _backend.Next().CloseAsync();
        });
        _host.RunUntil(() => _host.Ended != SessionEndReason.None, "end");
        await closing;
        AssertToldAndEnded("agent_closed");
        Assert.Contains("1001", _host.EndMessage);
    }

    /// <summary>A conversation outlives a longer outage than a caller who has heard nothing yet.</summary>
    [Theory]
    [InlineData(true, 5)]
    [InlineData(false, 1)]
    public async Task BackendGone_InAConversation_IsTriedLonger(bool isSettled, int retries)
    {
        var policy = new BackendPolicy(
            TimeSpan.FromSeconds(10), [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(1), 5)],
            isSettled ? TimeSpan.Zero : TimeSpan.FromHours(1)) { FirstRetries = 1 };
        using var agent = new RealtimeAgent(_host, _backend.Url, "key", policy);
        agent.Start();
        agent.OnChannelOpen();
        RealtimeBackend.Connection connection = _backend.Next();
        await connection.SayAsync("""{"type":"marker","event_id":"3"}""");
        _host.RunUntilEvent("marker");
        _backend.Refusal = HttpStatusCode.ServiceUnavailable;
        await connection.CloseAsync();
        _host.RunUntil(() => _host.Ended != SessionEndReason.None, "end");
        Assert.Equal(1 + retries, _backend.Attempts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ClientEvents_WhileTheBackendIsAway_ReachTheNextConnection(bool isConnectionOver)
    {
        _backend.Refusal = HttpStatusCode.ServiceUnavailable;
        var patient = new BackendPolicy(
            TimeSpan.FromSeconds(10), [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(20), 500)], TimeSpan.FromSeconds(10));
        using var agent = new RealtimeAgent(_host, _backend.Url, "key", patient);
        agent.Start();
        agent.OnChannelOpen();
        // The connection has ended, and the session's thread has not heard of it yet.
        if (isConnectionOver)
        {
            while (_backend.Attempts == 0) await Task.Delay(1);
            await Task.Delay(100);
        }
        foreach (string id in (string[])["c1", "c2"])
            agent.OnClientEvent(Encoding.UTF8.GetBytes($$"""{"type":"response.create","event_id":"{{id}}"}"""), _host.Now);
        _host.RunUntil(() => _backend.Attempts > 2, "two attempts in vain");
        _backend.Refusal = null;
        RealtimeBackend.Connection? connection = null;
        var greeting = Task.Run(async () =>
        {
            connection = _backend.Next();
            await connection.SayAsync("""{"type":"marker","event_id":"3"}""");
        });
        _host.RunUntilEvent("marker");
        await greeting;
        Assert.Equal("c1", connection!.Expect("response.create").GetProperty("event_id").GetString());
        Assert.Equal("c2", connection.Expect("response.create").GetProperty("event_id").GetString());
        Assert.Equal(0, _host.Drops[SessionDrop.AgentEventUnsent]);
    }

    [Fact]
    public void Failure_OfNameOrTls_HasItsOwnCode()
    {
        Assert.Equal("agent_name_unknown", BackendFailure.Of(
            new WebSocketException("x", new HttpRequestException(HttpRequestError.NameResolutionError))).Code);
        Assert.Equal("agent_tls_failed", BackendFailure.Of(
            new WebSocketException("x", new HttpRequestException(HttpRequestError.SecureConnectionError))).Code);
    }

    [Fact]
    public void Failure_BeforeTheChannelOpens_WaitsForIt()
    {
        _backend.Refusal = HttpStatusCode.Unauthorized;
        _agent.Start();
        _host.RunUntil(() => _agent.NextTimeout != Instant.Never, "the failure");
        Assert.Equal(SessionEndReason.None, _host.Ended);
        Assert.Empty(_host.Events);
        _agent.OnChannelOpen();
        AssertToldAndEnded("agent_unauthorized");
    }

    [Fact]
    public void Failure_ChannelNeverOpens_EndsAllTheSame()
    {
        _backend.Refusal = HttpStatusCode.Unauthorized;
        _agent.Start();
        _host.RunUntil(() => _agent.NextTimeout != Instant.Never, "the failure");
        Assert.InRange(_agent.NextTimeout - _host.Now, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        _host.Now = _agent.NextTimeout;
        _agent.OnTimer(_host.Now);
        Assert.Equal((SessionEndReason.AgentFailed, "agent_unauthorized"), (_host.Ended, _host.EndDetail));
    }

    [Fact]
    public void Failure_CallerWhoHears_GetsTheApologyToItsEnd()
    {
        _backend.Refusal = HttpStatusCode.Unauthorized;
        using var agent = new RealtimeAgent(_host, _backend.Url, "key", Quick, Apology.Pcm);
        agent.Start();
        agent.OnChannelOpen();
        _host.RunUntilEvent("error");
        Assert.Equal(Apology.Pcm.Length, _host.Downlink.PendingSamples);
        _host.Play(agent, Apology.Pcm.Length / 480);
        Assert.Equal(SessionEndReason.None, _host.Ended);
        _host.Play(agent, 2);
        Assert.True(_host.Now < agent.NextTimeout);
        AssertToldAndEnded("agent_unauthorized");
        Assert.Equal(Apology.Pcm.ToArray(), _host.Spoken.Take(Apology.Pcm.Length));
        Assert.Equal(["error", "output_audio_buffer.started", "output_audio_buffer.stopped"], _host.Types);
    }

    [Fact]
    public void Apology_Recording_IsAFewSecondsOfSpeech()
    {
        Assert.InRange(Apology.Pcm.Length / 24_000.0, 2, 6);
        Assert.InRange(Apology.Pcm.ToArray().Max(), (short)5000, (short)32_000);
    }

    [Fact]
    public async Task LargeItem_OnTheSessionsThread_IsNeitherReadNorKept()
    {
        RealtimeBackend.Connection first = Connect();
        // Once before, so that code is compiled and buffers exist.
        await first.SayAsync(LargeItem("i0"));
        _host.RunUntil(() => _host.Events.Count == 1, "the report of the first one");
        Task sent = first.SayAsync(LargeItem("i1"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        _host.RunUntil(() => _host.Events.Count == 2, "the report of the second one");
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await sent;
        // The item has 2.8 million bytes. What is allocated here is the small report, which the test's host parses.
        Assert.InRange(allocated, 0, 64 * 1024);
        Assert.Contains("conversation.item.done", _host.Last("error").GetProperty("error").GetProperty("message").GetString());

        // The text of the items is known to the next connection all the same.
        await first.SayAsync("""{"type":"response.created","event_id":"7","response":{"id":"r9"}}""");
        _host.RunUntilEvent("response.created");
        first.Break();
        RealtimeBackend.Connection second = NextConnection();
        foreach (string id in (string[])["i0", "i1"])
        {
            JsonElement item = second.Expect("conversation.item.create").GetProperty("item");
            Assert.Equal((id, $$"""[{"type":"output_text","text":"Said in {{id}}."}]"""),
                (item.GetProperty("id").GetString(), item.GetProperty("content").GetRawText()));
        }
    }

    [Fact]
    public void Reader_ItemsOfEachKind_AreRememberedAsFarAsTheyCanBeReplayed()
    {
        RememberedItem? call = ReadItem(
            """{"id":"c","type":"function_call","status":"completed","call_id":"7","name":"f","arguments":"1"}""");
        Assert.Equal(
            """{"type":"conversation.item.create","item":{"id":"c","type":"function_call","call_id":"7","name":"f","arguments":"1"}}""",
            Encoding.UTF8.GetString(call!.ToCreateEvent()));
        Assert.False(ReadItem("""{"id":"c","type":"function_call","status":"in_progress"}""")!.IsReplayable);
        Assert.False(ReadItem("""{"id":"m","type":"message","role":"user","content":[{"type":"input_audio"}]}""")!.IsReplayable);
        Assert.Null(ReadItem("""{"id":"x","type":"mcp_call"}"""));
        Assert.Null(ReadItem("7"));
        Assert.Null(ReadItem("""{"id":"m","type":"message","content":[{"text":"\ud800"}]}"""));
        string large = new('x', RememberedItem.MaximumBytes);
        Assert.Null(ReadItem($$"""{"id":"m","type":"message","content":[{"type":"text","text":"{{large}}"}]}"""));
    }

    [Fact]
    public async Task BackendMessage_BeyondTheLimit_IsSkippedAndReported()
    {
        RealtimeBackend.Connection connection = Connect();
        await connection.SayAsync($$"""{"type":"huge","x":"{{new string('x', RealtimeConnection.MaximumMessageBytes)}}"}""");
        _host.RunUntilEvent("error");
        Assert.Equal("event_too_large", _host.Last("error").GetProperty("error").GetProperty("code").GetString());
        await connection.SayAsync($$"""{"type":"too.large.for.the.channel","x":"{{new string('x', ClientChannel.MaximumEventBytes)}}"}""");
        await connection.SayAsync("""{"type":"marker","event_id":"3"}""");
        _host.RunUntilEvent("marker");
        Assert.Equal(["error", "error", "marker"], _host.Types);
        Assert.Equal(1, _host.Drops[SessionDrop.AgentMessageTooLarge]);
        Assert.Equal(1, _host.Drops[SessionDrop.ClientEventTooLarge]);
    }

    [Fact]
    public async Task BackendMessages_ThatAreNoEvents_AreIgnored()
    {
        RealtimeBackend.Connection connection = Connect();
        foreach (string nonsense in (string[])["", "7", "[]", "{}", "{\"type\":",
            """{"type":"response.output_audio.delta","delta":"***"}""", """{"type":"output_audio_buffer.started"}"""])
            await connection.SayAsync(nonsense);
        await connection.SendBinaryAsync([1, 2, 3]);
        await connection.SayAsync("""{"type":"marker","event_id":"3"}""");
        _host.RunUntilEvent("marker");
        Assert.Equal(["marker"], _host.Types);
        // The last one is an event, of which this side knows more than the backend.
        Assert.Equal(6, _host.Drops[SessionDrop.AgentMessageMalformed]);
        Assert.Equal(1, _host.Drops[SessionDrop.AgentMessageBinary]);
    }

    [Fact]
    public async Task BackendSpeech_BeyondTheDownlinksLimit_IsCutAndReportedOnce()
    {
        RealtimeBackend.Connection connection = Connect();
        // more than fits between the two while nobody takes it: sent beside, or both would wait for each other
        var speaking = Task.Run(async () =>
        {
            for (int i = 0; i < 7; i++) await connection.SpeakAsync("r", "i", 50_000);
            await connection.SayAsync("""{"type":"marker","event_id":"3"}""");
        });
        _host.RunUntilEvent("marker");
        await speaking;
        Assert.Equal(300 * 24_000, _host.Downlink.PendingSamples);
        Assert.Equal(["error", "marker"], _host.Types);
        // 350 s came, and 300 may wait.
        Assert.Equal(50 * 50, _host.Drops[SessionDrop.MediaDownlinkFull]);
    }

    [Fact]
    public async Task Dispose_SaysGoodbyeToTheBackend()
    {
        RealtimeBackend.Connection connection = Connect();
        connection.Expect("session.update");
        _agent.Dispose();
        Assert.True(await connection.Gone.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task BackendEvents_MoreThanATurnsWorth_LeaveTheThreadToOthersInBetween()
    {
        RealtimeBackend.Connection connection = Connect();
        for (int i = 0; i < 1000; i++) await connection.SayAsync($$"""{"type":"rate_limits.updated","event_id":"e{{i}}"}""");
        while (_host.Events.Count < 1000)
        {
            int before = _host.Events.Count;
            _host.RunOne("the next part");
            Assert.InRange(_host.Events.Count - before, 0, RealtimeAgent.MessagesPerTurn);
        }
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"e{i}"), _host.Events.Select(e => e.GetProperty("event_id").GetString()));
    }

    /// <summary>A process that stood still has perhaps a successor, to which the caller repeats what had no answer.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientEvents_WhileOwnershipIsUncertain_WaitForItsEnd(bool isKept)
    {
        RealtimeBackend.Connection connection = Connect();
        connection.Expect("session.update");
        _host.IsOwner = false;
        Say("""{"type":"conversation.item.create","event_id":"e1"}""");
        await Task.Delay(100);
        Assert.False(connection.HasSeen("conversation.item.create"));
        if (isKept)
        {
            _host.IsOwner = true;
            connection.Expect("conversation.item.create");
        }
        else
        {
            _agent.Dispose();
            await connection.Gone.Task;
            Assert.False(connection.HasSeen("conversation.item.create"));
        }
    }

    [Fact]
    public async Task Connection_NobodyTakesEmptyMessages_StopsReading()
    {
        using var connection = new RealtimeConnection(_backend.Url, null, TimeSpan.FromSeconds(10), new SessionDropCounters(), () => { });
        connection.Start(TimeSpan.Zero, "{}"u8.ToArray(), []);
        RealtimeBackend.Connection backend = _backend.Next();
        var flood = Task.Run(async () =>
        {
            for (int i = 0; i < 50_000; i++)
                await backend.SayAsync("""{"type":"response.audio.delta","response_id":"r","item_id":"i","delta":""}""");
        });
        // All 50,000 would be 12.8 million.
        SpinWait.SpinUntil(() => connection.InboundBytes > RealtimeConnection.MaximumInboundBytes, TimeSpan.FromSeconds(20));
        Assert.InRange(connection.InboundBytes, RealtimeConnection.MaximumInboundBytes, RealtimeConnection.MaximumInboundBytes + 1024);

        // Who takes them gets the rest.
        int taken = 0;
        while (taken < 50_001)
        {
            if (connection.TryTake(out BackendMessage? message))
            {
                taken++;
                message.Release();
            }
            else await Task.Yield();
        }
        await flood;
        Assert.Equal(0, connection.InboundBytes);
    }

    [Fact]
    public void OnAudio_BackendNotThere_KeepsTwoSecondsAtMost()
    {
        var drops = new SessionDropCounters();
        var connection = new RealtimeConnection(new Uri("ws://127.0.0.1:9/"), null, TimeSpan.FromSeconds(1), drops, () => { });
        for (int i = 0; i < 500; i++) connection.SendAudio(new short[480]);
        Assert.Equal(400, drops[SessionDrop.AgentAudioQueueFull]);
        int accepted = 0;
        while (accepted < 1000 && connection.TrySendEvent(new byte[ClientChannel.MaximumEventBytes])) accepted++;
        Assert.Equal(16, accepted);
        connection.Dispose();
    }

    private RealtimeBackend.Connection Connect(bool openChannel = true)
    {
        _agent.Start();
        if (openChannel) _agent.OnChannelOpen();
        return _backend.Next();
    }

    private RealtimeBackend.Connection NextConnection()
    {
        _host.RunUntil(() => _host.Types.Contains("response.done"), "the end of the connection");
        return _backend.Next();
    }

    private async Task SpeakWholeAsync(RealtimeBackend.Connection connection, string response, string item, int milliseconds)
    {
        await connection.SayAsync($$$"""{"type":"response.created","event_id":"x","response":{"id":"{{{response}}}"}}""");
        await connection.SpeakAsync(response, item, milliseconds);
        await connection.SayAsync($$$"""{"type":"response.done","event_id":"y","response":{"id":"{{{response}}}"}}""");
        _host.RunUntil(
            () => _host.Events.Any(e => FakeAgentHost.TypeOf(e) == "response.done"
            && e.GetProperty("response").GetProperty("id").GetString() == response), "response.done");
    }

    private static string LargeItem(string id)
        => $$"""{"type":"conversation.item.done","event_id":"e","item":{"id":"{{id}}","type":"message","role":"assistant","""
        + $$$""" "content":[{"type":"output_audio","audio":"{{{LargeAudio}}}","transcript":"Said in {{{id}}}."}]}}""";

    private static RememberedItem? ReadItem(string json)
    {
        byte[] bytes = Encoding.UTF8.GetBytes("{\"type\":\"conversation.item.added\",\"item\":" + json + "}");
        Assert.True(RealtimeEventHeader.TryRead(bytes, out RealtimeEventHeader header));
        return BackendReader.Read(bytes, header, relayLimit: 0).Item;
    }

    private void AssertToldAndEnded(string code)
    {
        Assert.Equal((SessionEndReason.AgentFailed, code), (_host.Ended, _host.EndDetail));
        JsonElement error = Assert.Single(_host.Events, e => FakeAgentHost.TypeOf(e) == "error").GetProperty("error");
        Assert.Equal((code, "server_error"), (error.GetProperty("code").GetString(), error.GetProperty("type").GetString()));
        Assert.Equal(_host.EndMessage, error.GetProperty("message").GetString());
    }

    private void Say(string json) => _agent.OnClientEvent(Encoding.UTF8.GetBytes(json), Instant.Zero);
}
