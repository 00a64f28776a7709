using System.Text;
using System.Text.Json;
using Dapr.Voice.Tests.Unit.Turns;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

public sealed class ParrotAgentTests : IDisposable
{
    private readonly FakeAgentHost _host = new();
    private readonly ParrotAgent _agent;

    public ParrotAgentTests()
    {
        _agent = new ParrotAgent(_host);
        _agent.Start();
        _agent.OnChannelOpen();
        _host.Events.Clear();
    }

    public void Dispose()
    {
        _agent.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void OnAudio_OneTurn_IsRepeatedWithTheEventsInOrder()
    {
        short[] said = Hear(Signal(1).Silence(1000).Speech(1500, -20).Silence(700));
        Assert.Equal(
            [
                "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
                "conversation.item.added", "conversation.item.done",
                "response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added",
            ],
            _host.Types);
        long start = _host.Last("input_audio_buffer.speech_started").GetProperty("audio_start_ms").GetInt64();
        long end = _host.Last("input_audio_buffer.speech_stopped").GetProperty("audio_end_ms").GetInt64();
        Assert.InRange(start, 640, 760);
        Assert.InRange(end, 2900, 3100);
        Assert.Equal((end - start) * 24, _host.Downlink.PendingSamples);

        _host.Events.Clear();
        _host.Play(_agent, 1);
        Assert.Equal(["output_audio_buffer.started"], _host.Types);
        _host.Events.Clear();
        _host.Play(_agent, 200);
        Assert.Equal(
            [
                "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
                    "response.output_item.done",
                "conversation.item.done", "response.done", "output_audio_buffer.stopped",
            ],
            _host.Types);
        Assert.Equal("completed", _host.Last("response.done").GetProperty("response").GetProperty("status").GetString());
        Assert.Equal(said.AsSpan((int)start * 24, (int)(end - start) * 24).ToArray(), _host.Spoken.Take((int)(end - start) * 24));
    }

    [Fact]
    public void Events_OfATurn_NameTheSameItemsAndResponse()
    {
        Hear(Signal(2).Silence(500).Speech(1000, -20).Silence(700));
        _host.Play(_agent, 300);
        string user = _host.Last("input_audio_buffer.speech_started").GetProperty("item_id").GetString()!;
        Assert.Equal(user, _host.Last("input_audio_buffer.committed").GetProperty("item_id").GetString());
        JsonElement userItem = _host.Events.First(e => FakeAgentHost.TypeOf(e) == "conversation.item.done").GetProperty("item");
        Assert.Equal(user, userItem.GetProperty("id").GetString());
        // the SDK throws for input_audio without a transcript member
        Assert.Equal(JsonValueKind.Null, userItem.GetProperty("content")[0].GetProperty("transcript").ValueKind);
        JsonElement assistant = _host.Last("conversation.item.done").GetProperty("item");
        Assert.Equal("assistant", assistant.GetProperty("role").GetString());
        Assert.Equal(user, _host.Last("conversation.item.done").GetProperty("previous_item_id").GetString());
        string response = _host.Last("response.created").GetProperty("response").GetProperty("id").GetString()!;
        foreach (string type in (string[])["output_audio_buffer.started", "response.output_audio.done", "response.content_part.done",
            "output_audio_buffer.stopped"])
            Assert.Equal(response, _host.Last(type).GetProperty("response_id").GetString());
    }

    [Fact]
    public void OnAudio_BargeIn_StopsTheVoiceAndSaysExactlyWhere()
    {
        Hear(Signal(3).Silence(500).Speech(3000, -20).Silence(700));
        _host.Play(_agent, 50);
        _host.Events.Clear();
        Hear(Signal(4).Silence(200).Speech(400, -20));
        Assert.True(_host.Downlink.IsEmpty);
        Assert.Equal(
            [
                "input_audio_buffer.speech_started", "output_audio_buffer.cleared", "conversation.item.truncated",
                "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
                    "response.output_item.done",
                "conversation.item.done", "response.done",
            ],
            _host.Types);
        Assert.Equal(1000, _host.Last("conversation.item.truncated").GetProperty("audio_end_ms").GetInt32());
        JsonElement response = _host.Last("response.done").GetProperty("response");
        Assert.Equal("cancelled", response.GetProperty("status").GetString());
        Assert.Equal("turn_detected", response.GetProperty("status_details").GetProperty("reason").GetString());
        Assert.Equal("incomplete", response.GetProperty("output")[0].GetProperty("status").GetString());
        _host.Events.Clear();
        _host.Play(_agent, 5);
        Assert.Empty(_host.Events);
    }

    [Fact]
    public void OnAudio_InterruptResponseFalse_SpeaksOn()
    {
        Say("""{"type":"session.update","session":{"audio":{"input":{"turn_detection":"""
            + """{"type":"server_vad","interrupt_response":false}}}}}""");
        Hear(Signal(3).Silence(500).Speech(3000, -20).Silence(700));
        _host.Play(_agent, 50);
        Hear(Signal(4).Silence(200).Speech(400, -20).Silence(800));
        Assert.False(_host.Downlink.IsEmpty);
        Assert.DoesNotContain("output_audio_buffer.cleared", _host.Types);
        Assert.Single(_host.Types, t => t == "response.created");
    }

    [Fact]
    public void OnAudio_CreateResponseFalse_WaitsForTheClient()
    {
        Say("""{"type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"server_vad","create_response":false}}}}}""");
        Hear(Signal(5).Silence(500).Speech(1000, -20).Silence(700));
        Assert.DoesNotContain("response.created", _host.Types);
        Say("""{"type":"response.create"}""");
        Assert.False(_host.Downlink.IsEmpty);
        Say("""{"event_id":"twice","type":"response.create"}""");
        Assert.Equal("conversation_already_has_active_response", _host.Last("error").GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void Client_InterruptOfTheSdk_CancelsThenClears()
    {
        Hear(Signal(6).Silence(500).Speech(2000, -20).Silence(700));
        _host.Play(_agent, 10);
        _host.Events.Clear();
        Say("""{"type":"response.cancel"}""");
        Say("""{"type":"output_audio_buffer.clear"}""");
        Assert.Equal("client_cancelled", _host.Last("response.done").GetProperty("response").GetProperty("status_details")
            .GetProperty("reason").GetString());
        Assert.Contains("output_audio_buffer.cleared", _host.Types);
        Assert.DoesNotContain("error", _host.Types);
        Assert.True(_host.Downlink.IsEmpty);
    }

    [Fact]
    public void PushToTalk_Commit_IsRepeatedOnRequest()
    {
        Say("""{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}""");
        Hear(Signal(7).Silence(300).Speech(1000, -20).Silence(2000));
        Assert.DoesNotContain("input_audio_buffer.speech_started", _host.Types);
        Say("""{"type":"input_audio_buffer.clear"}""");
        Assert.Contains("input_audio_buffer.cleared", _host.Types);
        Hear(Signal(8).Speech(800, -20));
        Say("""{"type":"input_audio_buffer.commit"}""");
        Assert.Contains("input_audio_buffer.committed", _host.Types);
        Assert.DoesNotContain("response.created", _host.Types);
        Say("""{"type":"response.create"}""");
        Assert.Equal(800 * 24, _host.Downlink.PendingSamples);
        Say("""{"event_id":"x","type":"input_audio_buffer.commit"}""");
        Assert.Equal("input_audio_buffer_commit_empty", _host.Last("error").GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void OnAudio_SpeechWithoutEnd_IsCutAfterAMinute()
    {
        Hear(Signal(9).Silence(500).Speech(62_000, -20));
        JsonElement start = _host.Events.First(e => FakeAgentHost.TypeOf(e) == "input_audio_buffer.speech_started");
        JsonElement stop = _host.Events.First(e => FakeAgentHost.TypeOf(e) == "input_audio_buffer.speech_stopped");
        Assert.InRange(stop.GetProperty("audio_end_ms").GetInt32() - start.GetProperty("audio_start_ms").GetInt32(), 60_000, 60_020);
        // what is said from then on is a new turn, and interrupts the answer to the old one
        Assert.Equal(2, _host.Types.Count(t => t == "input_audio_buffer.speech_started"));
    }

    [Fact]
    public void OnAudio_TwoTurns_AreAConversationInOrder()
    {
        Hear(Signal(10).Silence(500).Speech(1000, -20).Silence(700));
        _host.Play(_agent, 200);
        string assistant = _host.Last("conversation.item.done").GetProperty("item").GetProperty("id").GetString()!;
        Hear(Signal(11).Silence(500).Speech(1000, -20).Silence(700));
        Assert.Equal(assistant, _host.Last("input_audio_buffer.committed").GetProperty("previous_item_id").GetString());
    }

    private static SpeechSignal Signal(int seed) => new(seed) { NoiseLevel = -60 };

    private short[] Hear(SpeechSignal signal)
    {
        var all = new List<short>();
        foreach (short[] frame in signal.Frames())
        {
            all.AddRange(frame);
            _agent.OnAudio(frame, _host.Now);
        }
        return [.. all];
    }

    private void Say(string json) => _agent.OnClientEvent(Encoding.UTF8.GetBytes(json), Instant.Zero);
}
