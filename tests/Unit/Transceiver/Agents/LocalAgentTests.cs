using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

public sealed class LocalAgentTests : IDisposable
{
    // What the OpenAI Agents SDK sends when the channel opens (docs/protocols/realtime.md 2).
    private const string SdkUpdate = """
        {"event_id":"e1","type":"session.update","session":{"type":"realtime","instructions":"Be kind.","model":"gpt-realtime-2.1",
         "output_modalities":["audio"],
         "audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"noise_reduction":null,"transcription":
         {"model":"gpt-4o-mini-transcribe"},
         "turn_detection":{"type":"semantic_vad"}},"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"marin","speed":1}},
         "tools":[],"brand_new":{"x":1}}}
        """;

    private readonly FakeAgentHost _host = new();
    private readonly EchoAgent _agent;

    public LocalAgentTests()
    {
        _agent = new EchoAgent(_host);
        _agent.Start();
        _agent.OnChannelOpen();
    }

    public void Dispose()
    {
        _agent.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void OnChannelOpen_Always_GreetsWithAWholeSession()
    {
        JsonElement session = Assert.Single(_host.Events).GetProperty("session");
        Assert.Equal(["session.created"], _host.Types);
        Assert.Equal("echo", session.GetProperty("model").GetString());
        Assert.Equal("server_vad", session.GetProperty("audio").GetProperty("input").GetProperty("turn_detection").GetProperty("type")
            .GetString());
    }

    [Fact]
    public void OnChannelOpen_SessionAskedForBefore_IsInTheGreeting()
    {
        using var host = new FakeAgentHost("""{"model":"m","id":"mine","audio":{"output":{"voice":"alloy"}}}""");
        using var agent = new EchoAgent(host);
        agent.OnChannelOpen();
        JsonElement session = host.Events[0].GetProperty("session");
        Assert.Equal("m", session.GetProperty("model").GetString());
        Assert.StartsWith("sess_", session.GetProperty("id").GetString());
        Assert.Equal("alloy", session.GetProperty("audio").GetProperty("output").GetProperty("voice").GetString());
        Assert.Equal(24_000, session.GetProperty("audio").GetProperty("output").GetProperty("format").GetProperty("rate").GetInt32());
    }

    [Fact]
    public void SessionUpdate_FromTheSdk_IsMergedAndEchoedWithUnknownFields()
    {
        Say(SdkUpdate);
        JsonElement session = _host.Last("session.updated").GetProperty("session");
        Assert.Equal("gpt-realtime-2.1", session.GetProperty("model").GetString());
        Assert.Equal(1, session.GetProperty("brand_new").GetProperty("x").GetInt32());
        JsonElement input = session.GetProperty("audio").GetProperty("input");
        Assert.Equal("gpt-4o-mini-transcribe", input.GetProperty("transcription").GetProperty("model").GetString());
        // another type of turn detection replaces: the members of the old one would mean nothing
        Assert.False(input.GetProperty("turn_detection").TryGetProperty("threshold", out _));

        Say("""{"type":"session.update","session":{"type":"realtime","tracing":"auto"}}""");
        session = _host.Last("session.updated").GetProperty("session");
        Assert.Equal("auto", session.GetProperty("tracing").GetString());
        Assert.Equal("Be kind.", session.GetProperty("instructions").GetString());
        Assert.DoesNotContain("error", _host.Types);
    }

    [Fact]
    public void SessionUpdate_LargerThanTheLimit_IsRefusedAndChangesNothing()
    {
        Say($$$"""{"event_id":"big","type":"session.update","session":"""
            + $$$"""{"instructions":"{{{new string('x', SessionConfiguration.MaximumBytes)}}}"}}""");
        AssertError("session_too_large", "big");
        Say("""{"type":"session.update","session":{}}""");
        Assert.Equal("", _host.Last("session.updated").GetProperty("session").GetProperty("instructions").GetString());
    }

    [Fact]
    public void ResponseCreate_OnEcho_IsAnEmptyPairWithItsMetadata()
    {
        Say("""{"type":"response.create","response":{"metadata":{"a":"b"}}}""");
        JsonElement created = _host.Last("response.created").GetProperty("response"),
            done = _host.Last("response.done").GetProperty("response");
        Assert.Equal("in_progress", created.GetProperty("status").GetString());
        Assert.Equal("completed", done.GetProperty("status").GetString());
        Assert.Equal(created.GetProperty("id").GetString(), done.GetProperty("id").GetString());
        Assert.Equal(0, done.GetProperty("output").GetArrayLength());
        Assert.Equal("b", done.GetProperty("metadata").GetProperty("a").GetString());
    }

    [Theory]
    [InlineData("""{"event_id":"x","type":"input_audio_buffer.append","audio":"AAAA"}""", "unsupported_event")]
    [InlineData("""{"event_id":"x","type":"no.such.event"}""", "unknown_event")]
    [InlineData("""{"event_id":"x","type":"response.cancel"}""", "response_cancel_not_active")]
    [InlineData("""{"event_id":"x","type":"input_audio_buffer.commit"}""", "input_audio_buffer_commit_empty")]
    [InlineData("""{"event_id":"x","type":"session.update"}""", "invalid_value")]
    [InlineData("""{"event_id":"x","type":"session.update","session":7}""", "invalid_value")]
    [InlineData("""{"event_id":"x","type":"session.update","session":{"a":1,"a":2}}""", "invalid_value")]
    [InlineData("""{"event_id":"x","type":"conversation.item.create","item":[]}""", "invalid_value")]
    [InlineData("""{"event_id":"x","type":"conversation.item.create","previous_item_id":"nope","item":{"type":"message"}}""",
    "item_not_found")]
    [InlineData("""{"event_id":"x","type":"conversation.item.retrieve","item_id":"nope"}""", "item_not_found")]
    [InlineData("""{"event_id":"x","type":"conversation.item.delete","item_id":"nope"}""", "item_not_found")]
    [InlineData("""{"event_id":"x","type":"conversation.item.truncate","item_id":"nope","audio_end_ms":1}""", "item_not_found")]
    public void OnClientEvent_WhatItCannotDo_IsRefusedWithTheClientsEventId(string json, string code)
    {
        Say(json);
        AssertError(code, "x");
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"type\":7}")]
    [InlineData("{\"type\":\"session.update\"")]
    [InlineData("{\"type\":\"session.update\"} trailing")]
    [InlineData("{\"type\":\"\\ud800\"}")]
    public void OnClientEvent_NotAnEvent_IsRefused(string json)
    {
        Say(json);
        AssertError("invalid_json", null);
    }

    [Fact]
    public void OnClientEvent_InvalidUtf8OrTooLarge_IsRefused()
    {
        _agent.OnClientEvent([.. "{\"type\":\""u8, 0xFF, .. "\"}"u8], Instant.Zero);
        AssertError("invalid_json", null);
        _agent.OnClientEvent(new byte[ClientChannel.MaximumEventBytes + 1], Instant.Zero);
        AssertError("event_too_large", null);
        Assert.Equal(1, _host.Drops[SessionDrop.ClientMessageNotAnEvent]);
        Assert.Equal(1, _host.Drops[SessionDrop.ClientMessageTooLong]);
    }

    [Theory]
    [InlineData("{\"event_id\":\"mine\",\"type\":7}")]
    [InlineData("{\"item\":{\"a\":[1,2]},\"event_id\":\"mine\",\"type\":\"session.up")]
    public void OnClientEvent_NotAnEventButWithAnId_IsRefusedWithIt(string json)
    {
        Say(json);
        AssertError("invalid_json", "mine");
    }

    [Fact]
    public void OnClientEvent_TooLargeButWithAnId_IsRefusedWithIt()
    {
        string large = new('x', ClientChannel.MaximumEventBytes);
        Say($$"""{"type":"conversation.item.create","item":{"x":"{{large}}"},"event_id":"mine"}""");
        AssertError("event_too_large", "mine");
    }

    [Fact]
    public void OnClientEvent_WhoseAnswersAreTooLarge_IsAnsweredWithItsId()
    {
        const string head = """{"event_id":"mine","type":"conversation.item.create","item":{"type":"message","role":"user","content":["""
            + """{"type":"input_text","text":""" + "\"", tail = "\"}]}}";
        Say(head + new string('x', ClientChannel.MaximumEventBytes - head.Length - tail.Length) + tail);
        JsonElement[] errors = [.. _host.Events.Skip(1).Select(e => e.GetProperty("error"))];
        Assert.Equal(2, errors.Length);
        Assert.All(errors, error => Assert.Equal(
            ("event_too_large", "mine"), (error.GetProperty("code").GetString(), error.GetProperty("event_id").GetString())));
        Say("not json");
        AssertError("invalid_json", null);
    }

    [Fact]
    public void ConversationItems_CreatedRetrievedTruncatedDeleted_AreAnswered()
    {
        Say("""{"type":"conversation.item.create","item":{"id":"i1","type":"message","role":"user","content":["""
            + """{"type":"input_text","text":"hello"}]}}""");
        Say("""{"type":"conversation.item.create","previous_item_id":"root","item":{"id":"i0","type":"message","role":"system","content":"""
            + """[]}}""");
        Say("""{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c","output":"1"}}""");
        Assert.Equal(3, _host.Types.Count(t => t == "conversation.item.added"));
        Assert.Equal(3, _host.Types.Count(t => t == "conversation.item.done"));
        Assert.Equal("i1", _host.Last("conversation.item.added").GetProperty("previous_item_id").GetString());

        Say("""{"type":"conversation.item.retrieve","item_id":"i1"}""");
        Assert.Equal("hello", _host.Last("conversation.item.retrieved").GetProperty("item").GetProperty("content")[0].GetProperty("text")
            .GetString());
        Say("""{"type":"conversation.item.truncate","item_id":"i1","content_index":0,"audio_end_ms":120}""");
        Assert.Equal(120, _host.Last("conversation.item.truncated").GetProperty("audio_end_ms").GetInt32());
        Say("""{"type":"conversation.item.delete","item_id":"i1"}""");
        Assert.Equal("i1", _host.Last("conversation.item.deleted").GetProperty("item_id").GetString());
        Say("""{"event_id":"again","type":"conversation.item.delete","item_id":"i1"}""");
        AssertError("item_not_found", "again");
    }

    [Fact]
    public void ConversationItems_MoreThanTheLimit_ForgetTheOldest()
    {
        for (int i = 0; i <= ConversationLog<JsonObject>.MaximumItems; i++)
            Say($$$"""{"type":"conversation.item.create","item":{"id":"i{{{i}}}","type":"message"}}""");
        Say("""{"event_id":"x","type":"conversation.item.retrieve","item_id":"i0"}""");
        AssertError("item_not_found", "x");
        Say("""{"type":"conversation.item.retrieve","item_id":"i1"}""");
        Assert.Contains("conversation.item.retrieved", _host.Types);
    }

    [Fact]
    public void OnClientEvent_AnyBytes_NeverThrows()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => _agent.OnClientEvent(bytes, Instant.Zero)).QuickCheckThrowOnFailure();

    [Fact]
    public void OnClientEvent_MutatedEvents_NeverThrow()
    {
        string[] seeds =
        [
            SdkUpdate,
                """{"type":"conversation.item.create","previous_item_id":"root","item":"""
                + """{"id":"i0","type":"message","role":"system","content":[{"a":null}]}}""",
            """{"type":"response.create","response":{"metadata":{"a":"b"}}}""",
                """{"type":"conversation.item.truncate","item_id":"i0","content_index":0,"audio_end_ms":1e9}""",
        ];
        var random = new System.Random(42);
        for (int i = 0; i < 4000; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]);
            for (int n = random.Next(1, 4); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)"{}[]\",:0-\\eu\xff\0"[random.Next(14)];
            _agent.OnClientEvent(bytes, Instant.Zero);
        }
    }

    private void Say(string json) => _agent.OnClientEvent(Encoding.UTF8.GetBytes(json), Instant.Zero);

    [Theory]
    [InlineData("""{"type":"session.update","event_id":"x","session":{"instructions":"\ud800"}}""", "invalid_value")]
    [InlineData("""{"type":"session.update","event_id":"x","session":{"\udc00":1}}""", "invalid_value")]
    [InlineData("""{"type":"conversation.item.create","event_id":"x","item":{"type":"message","role":"\ud800"}}""", "invalid_value")]
    public void ClientEvent_HalfASurrogatePair_IsRefused(string json, string code)
    {
        _agent.OnClientEvent(Encoding.UTF8.GetBytes(json), _host.Now);
        AssertError(code, "x");
    }

    private void AssertError(string code, string? eventId)
    {
        JsonElement error = _host.Last("error").GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(eventId, error.GetProperty("event_id").GetString());
    }
}
