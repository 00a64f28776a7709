using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Dapr.Voice.TestKit.Speech;
using Xunit;

namespace Dapr.Voice.Tests.Integration.LocalAgent;

/// <summary>A synthetic voice asks questions through the WebSocket, and the answers are recognised from their audio.</summary>
public sealed class LocalAgentTests(LocalAgentServer server) : IClassFixture<LocalAgentServer>
{
    [SpeechTheory]
    [InlineData("what time is it", "it is ten forty five in the morning")]
    [InlineData("what is the date", "today is sunday november twenty second")]
    [InlineData("hello", "hello what can i do for you")]
    [InlineData("what can you do", "i can tell you the time and the date set a timer and tell you a long story")]
    [InlineData("goodbye", "goodbye it was nice talking to you")]
    [InlineData("set a timer for twenty five minutes", "the timer is set for twenty five minutes")]
    public async Task Turn_SpokenQuestion_IsHeardAndAnsweredIntelligibly(string question, string answer)
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech(question), RealtimeClient.Silence(800));
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal(question, client.Transcript);
        Assert.Equal("completed", (string?)done["response"]!["status"]);
        Assert.Equal(answer, server.Understand(client.AudioOf((string)done["response"]!["id"]!)));
    }

    [SpeechFact]
    public async Task Turn_Events_ComeInTheOrderOfTheProtocol()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("what time is it"), RealtimeClient.Silence(800));
        JsonObject done = await client.ReadUntilAsync("response.done");
        string[] types = [.. client.Types.Where(t => t is not ("response.output_audio.delta" or "response.output_audio_transcript.delta"))];
        Assert.Equal(
            [
                "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
                "conversation.item.added", "conversation.item.done", "conversation.item.input_audio_transcription.completed",
                "response.created", "rate_limits.updated", "response.output_item.added", "conversation.item.added",
                    "response.content_part.added",
                "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
                    "response.output_item.done",
                "conversation.item.done", "response.done",
            ], types);
        var all = client.Types.ToList();
        Assert.True(all.IndexOf("response.output_audio_transcript.delta") < all.IndexOf("response.output_audio.delta"),
            "text runs ahead of the audio");
        JsonObject started = client.Events[0];
        Assert.InRange((int)started["audio_start_ms"]!, 0, 400);
        JsonObject added = client.Events.First(e => (string)e["type"]! == "conversation.item.added");
        var part = (JsonObject)added["item"]!["content"]![0]!;
        Assert.True(part.ContainsKey("transcript"));
        Assert.Equal((string)started["item_id"]!, (string)added["item"]!["id"]!);
        Assert.True((int)done["response"]!["usage"]!["total_tokens"]! > 0);
        Assert.Equal("It is ten forty five in the morning.", (string?)done["response"]!["output"]![0]!["content"]![0]!["transcript"]);
    }

    [SpeechTheory]
    [InlineData("i would like a pizza with extra cheese")]
    [InlineData("where is the nearest station")]
    [InlineData("my dog has eaten the newspaper")]
    public async Task Turn_UnknownUtterance_AsksAgain(string nonsense)
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech(nonsense), RealtimeClient.Silence(800));
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal("", client.Transcript);
        Assert.StartsWith("Sorry, I did not understand that.", (string?)done["response"]!["output"]![0]!["content"]![0]!["transcript"],
            StringComparison.Ordinal);
    }

    [SpeechFact]
    public async Task Turn_TimerWithTool_CallsItAndConfirmsAfterItsOutput()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync(
            """{"type":"session.update","session":{"type":"realtime","tools":[{"type":"function","name":"set_timer","parameters":"""
            + """{"type":"object","properties":{"minutes":{"type":"number"}}}}]}}""");
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("set a timer for ten minutes"), RealtimeClient.Silence(800));
        await client.ReadUntilAsync("response.done");
        JsonObject call = client.Events.Single(e => (string)e["type"]! == "response.function_call_arguments.done");
        Assert.Equal("set_timer", (string?)call["name"]);
        Assert.Equal("""{"minutes":10}""", (string?)call["arguments"]);
        await client.SendAsync(
            $$$"""{"type":"conversation.item.create","item":"""
            + $$$"""{"type":"function_call_output","call_id":"{{{call["call_id"]}}}","output":"{\"ok\":true}"}}""");
        await client.SendAsync("""{"type":"response.create"}""");
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal("the timer is set for ten minutes", server.Understand(client.AudioOf((string)done["response"]!["id"]!)));
    }

    [SpeechFact]
    public async Task Turn_LightAndTimer_CallsBothTools()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync("""{"type":"session.update","session":{"tools":[{"name":"set_timer"},{"name":"set_light"}]}}""");
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("turn on the kitchen light and set a timer for ten minutes"),
            RealtimeClient.Silence(800));
        await client.ReadUntilAsync("response.done");
        Assert.Equal("turn on the kitchen light and set a timer for ten minutes", client.Transcript);
        IEnumerable<string> calls = client.Events.Where(e => (string)e["type"]! == "response.function_call_arguments.done")
            .Select(e => $"{e["name"]} {e["arguments"]}");
        Assert.Equal(["""set_light {"room":"kitchen","on":true}""", """set_timer {"seconds":600}"""], calls);
    }

    [SpeechFact]
    public async Task Timer_WithoutTool_SpeaksWhenItRunsOut()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync(
            """{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Set a """
            + """timer for 1 second, please."}]}}""");
        await client.SendAsync("""{"type":"response.create"}""");
        await client.ReadUntilAsync("response.done");
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal("your timer for one second is over", server.Understand(client.AudioOf((string)done["response"]!["id"]!)));
    }

    [SpeechFact]
    public async Task Story_Uninterrupted_IsLongAndCanBeRepeated()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("tell me a long story"), RealtimeClient.Silence(800));
        JsonObject story = await client.ReadUntilAsync("response.done");
        Assert.True(client.AudioOf((string)story["response"]!["id"]!).Length > 20 * 24_000);
        await client.AppendAsync(server.Speech("repeat that"), RealtimeClient.Silence(800));
        JsonObject again = await client.ReadUntilAsync("response.done");
        Assert.Equal((string?)story["response"]!["output"]![0]!["content"]![0]!["transcript"],
            (string?)again["response"]!["output"]![0]!["content"]![0]!["transcript"]);
    }

    [SpeechFact]
    public async Task BargeIn_DuringTheStory_CancelsItAndStopKeepsQuiet()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("tell me a long story"), RealtimeClient.Silence(800));
        await client.ReadUntilAsync("response.output_audio.delta");
        client.Events.Clear();
        await client.AppendAsync(server.Speech("stop"), RealtimeClient.Silence(800));
        JsonObject cancelled = await client.ReadUntilAsync("response.done");
        Assert.Equal("cancelled", (string?)cancelled["response"]!["status"]);
        Assert.Equal("turn_detected", (string?)cancelled["response"]!["status_details"]!["reason"]);
        var types = client.Types.ToList();
        Assert.True(types.IndexOf("input_audio_buffer.speech_started") < types.IndexOf("response.done"));
        JsonObject quiet = await client.ReadUntilAsync("response.done");
        Assert.Equal("stop", client.Transcript);
        Assert.Equal("completed", (string?)quiet["response"]!["status"]);
        Assert.Empty((JsonArray)quiet["response"]!["output"]!);
        int after = client.Types.ToList().FindIndex(t => t == "response.done");
        Assert.DoesNotContain("response.output_audio.delta", client.Types.Skip(after));
    }

    [SpeechFact]
    public async Task BargeIn_NotWanted_LetsTheStoryGoOn()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync(
            """{"type":"session.update","session":{"audio":{"input":{"turn_detection":"""
            + """{"type":"server_vad","interrupt_response":false}}}}}""");
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("tell me a long story"), RealtimeClient.Silence(800));
        await client.ReadUntilAsync("response.output_audio.delta");
        await client.AppendAsync(server.Speech("stop"), RealtimeClient.Silence(800));
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal("completed", (string?)done["response"]!["status"]);
    }

    [SpeechFact]
    public async Task Cancel_ByTheClient_EndsTheResponseOnce()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("tell me a long story"), RealtimeClient.Silence(800));
        await client.ReadUntilAsync("response.output_audio.delta");
        await client.SendAsync("""{"type":"response.cancel"}""");
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal("client_cancelled", (string?)done["response"]!["status_details"]!["reason"]);
        await client.SendAsync("""{"type":"response.cancel","event_id":"mine"}""");
        JsonObject error = await client.ReadUntilAsync("error");
        Assert.Equal("response_cancel_not_active", (string?)error["error"]!["code"]);
        Assert.Equal("mine", (string?)error["error"]!["event_id"]);
    }

    [SpeechFact]
    public async Task PushToTalk_CommitAndCreate_Answers()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync("""{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}""");
        await client.AppendAsync(RealtimeClient.Silence(600), server.Speech("what time is it"), RealtimeClient.Silence(1500));
        await client.SendAsync("""{"type":"input_audio_buffer.commit"}""");
        await client.SendAsync("""{"type":"response.create"}""");
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal("what time is it", client.Transcript);
        Assert.Equal("it is ten forty five in the morning", server.Understand(client.AudioOf((string)done["response"]!["id"]!)));
        Assert.DoesNotContain("input_audio_buffer.speech_started", client.Types);
        await client.SendAsync("""{"type":"input_audio_buffer.commit","event_id":"empty"}""");
        Assert.Equal("input_audio_buffer_commit_empty", (string?)(await client.ReadUntilAsync("error"))["error"]!["code"]);
    }

    [SpeechFact]
    public async Task SemanticDetection_CompleteCommand_EndsTheTurnInItsFirstPause()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync("""{"type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"semantic_vad"}}}}}""");
        await client.AppendAsync(RealtimeClient.Silence(400), server.Speech("what time is it"), RealtimeClient.Silence(300));
        await client.ReadUntilAsync("response.done");
        Assert.Equal("what time is it", client.Transcript);
    }

    [SpeechFact]
    public async Task Session_UnknownFields_AreEchoed()
    {
        using RealtimeClient client = await server.ConnectAsync("?model=gpt-realtime-2.1");
        JsonObject created = await client.ReadUntilAsync("session.created");
        Assert.Equal("gpt-realtime-2.1", (string?)created["session"]!["model"]);
        Assert.Equal("realtime", client.Socket.SubProtocol);
        await client.SendAsync(
            """{"type":"session.update","session":{"type":"realtime","tracing":"auto","future":{"x":[1]},"audio":{"output":"""
            + """{"voice":"marin"}}}}""");
        JsonObject updated = await client.ReadUntilAsync("session.updated");
        Assert.Equal("auto", (string?)updated["session"]!["tracing"]);
        Assert.Equal("""{"x":[1]}""", updated["session"]!["future"]!.ToJsonString());
        Assert.Equal("marin", (string?)updated["session"]!["audio"]!["output"]!["voice"]);
        Assert.Equal("server_vad", (string?)updated["session"]!["audio"]!["input"]!["turn_detection"]!["type"]);
        await client.SendAsync(
            """{"type":"session.update","event_id":"f","session":{"audio":{"input":{"format":{"type":"audio/pcmu"}}}}}""");
        Assert.Equal("f", (string?)(await client.ReadUntilAsync("error"))["error"]!["event_id"]);
    }

    [SpeechFact]
    public async Task Items_CreateRetrieveTruncateDelete_AreAnswered()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync(
            """{"type":"conversation.item.create","item":{"id":"one","type":"message","role":"assistant","content":["""
            + """{"type":"output_audio","transcript":"hello"}]}}""");
        Assert.Null((string?)(await client.ReadUntilAsync("conversation.item.added"))["previous_item_id"]);
        await client.SendAsync(
            """{"type":"conversation.item.create","previous_item_id":"root","item":{"id":"zero","type":"message","role":"user","content":"""
            + """[{"type":"input_audio","audio":"AAAA"}]}}""");
        JsonObject added = await client.ReadUntilAsync("conversation.item.added", e => (string)e["item"]!["id"]! == "zero");
        Assert.True(((JsonObject)added["item"]!["content"]![0]!).ContainsKey("transcript"));
        await client.SendAsync("""{"type":"conversation.item.truncate","item_id":"one","content_index":0,"audio_end_ms":700}""");
        Assert.Equal(700, (int)(await client.ReadUntilAsync("conversation.item.truncated"))["audio_end_ms"]!);
        await client.SendAsync("""{"type":"conversation.item.retrieve","item_id":"one"}""");
        Assert.Equal("one", (string?)(await client.ReadUntilAsync("conversation.item.retrieved"))["item"]!["id"]);
        await client.SendAsync("""{"type":"conversation.item.delete","item_id":"one"}""");
        Assert.Equal("one", (string?)(await client.ReadUntilAsync("conversation.item.deleted"))["item_id"]);
        await client.SendAsync("""{"type":"conversation.item.retrieve","item_id":"one","event_id":"gone"}""");
        JsonObject error = await client.ReadUntilAsync("error");
        Assert.Equal("item_not_found", (string?)error["error"]!["code"]);
        Assert.Equal("gone", (string?)error["error"]!["event_id"]);
    }

    [SpeechFact]
    public async Task Response_TextOnlyAndOutOfBand_CarriesMetadata()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync("""
            {"type":"response.create","response":{"conversation":"none","output_modalities":["text"],"metadata":{"topic":"time"},
             "input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"What is the time?"}]}]}}
            """);
        JsonObject done = await client.ReadUntilAsync("response.done");
        Assert.Equal("time", (string?)done["response"]!["metadata"]!["topic"]);
        Assert.Equal("It is ten forty five in the morning.", (string?)done["response"]!["output"]![0]!["content"]![0]!["text"]);
        Assert.DoesNotContain("conversation.item.added", client.Types);
        Assert.DoesNotContain("response.output_audio.delta", client.Types);
    }

    [SpeechFact]
    public async Task Response_WithoutAnythingSaid_GreetsOrSaysWhatItIsTold()
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync("""{"type":"response.create"}""");
        JsonObject greeting = await client.ReadUntilAsync("response.done");
        Assert.Equal("hello i am the local agent what can i do for you",
            server.Understand(client.AudioOf((string)greeting["response"]!["id"]!)));
        await client.SendAsync(
            """{"type":"response.create","response":{"instructions":"Say exactly: \"Goodbye. It was nice talking to you.\""}}""");
        JsonObject told = await client.ReadUntilAsync("response.done");
        Assert.Equal("goodbye it was nice talking to you", server.Understand(client.AudioOf((string)told["response"]!["id"]!)));
    }

    [SpeechTheory]
    [InlineData("no json", "invalid_json")]
    [InlineData("[1]", "invalid_json")]
    [InlineData("""{"type":"a","type":"b"}""", "invalid_json")]
    [InlineData("{}", "missing_type")]
    [InlineData("""{"type":"nonsense"}""", "unknown_event")]
    [InlineData("""{"type":"input_audio_buffer.append","audio":"%%%"}""", "invalid_audio")]
    [InlineData("""{"type":"input_audio_buffer.append","audio":{}}""", "invalid_audio")]
    [InlineData("""{"type":"session.update","session":[]}""", "invalid_value")]
    [InlineData("""{"type":"conversation.item.create","item":"x"}""", "invalid_value")]
    [InlineData("""{"type":"conversation.item.create","item":{"type":"mcp"}}""", "invalid_value")]
    [InlineData("""{"type":"conversation.item.truncate"}""", "item_not_found")]
    [InlineData("""{"type":"input_audio_buffer.commit"}""", "input_audio_buffer_commit_empty")]
    public async Task ClientEvent_Wrong_IsRefusedAndTheSessionGoesOn(string clientEvent, string code)
    {
        using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
        await client.SendAsync(clientEvent);
        Assert.Equal(code, (string?)(await client.ReadUntilAsync("error"))["error"]!["code"]);
        await client.SendAsync("""{"type":"input_audio_buffer.clear"}""");
        await client.ReadUntilAsync("input_audio_buffer.cleared");
    }

    [SpeechFact]
    public async Task Connect_MoreThanAllowed_IsRefusedWithRetryAfter()
    {
        var clients = new List<RealtimeClient>();
        for (int i = 0; i < LocalAgentServer.MaximumSessions; i++) clients.Add(await (await server.ConnectAsync()).StartedAsync());
        using var one = new ClientWebSocket();
        one.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(
            () => one.ConnectAsync(new Uri($"ws://{server.Url.Authority}/v1/realtime"), CancellationToken.None));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, one.HttpStatusCode);
        foreach (RealtimeClient client in clients)
        {
            await client.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            client.Dispose();
        }
        using var http = new HttpClient { BaseAddress = server.Url };
        Assert.Equal(HttpStatusCode.UpgradeRequired, (await http.GetAsync(new Uri("/v1/realtime", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/readyz", UriKind.Relative))).StatusCode);
    }

    [SpeechFact]
    public async Task Sessions_AtOnce_EachHearItsOwnAnswer()
    {
        string[] questions = ["what time is it", "what is the date", "hello"];
        string[] answers = ["it is ten forty five in the morning", "today is sunday november twenty second", "hello what can i do for you"];
        short[][] heard = await Task.WhenAll(questions.Select(async question =>
        {
            using RealtimeClient client = await (await server.ConnectAsync()).StartedAsync();
            await client.AppendAsync(RealtimeClient.Silence(400), server.Speech(question), RealtimeClient.Silence(800));
            JsonObject done = await client.ReadUntilAsync("response.done");
            return client.AudioOf((string)done["response"]!["id"]!);
        }));
        Assert.Equal(answers, heard.Select(server.Understand));
    }
}
