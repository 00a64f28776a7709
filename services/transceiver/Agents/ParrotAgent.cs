using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Transceiver.Turns;
using Dapr.Voice.Turns;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Repeats what the caller said, after the caller has said it. It is the smallest agent that takes turns. It sends the events of the
/// Realtime dialect in their full order (docs/protocols/realtime.md 5) and stops when it is interrupted. Its "model" speaks in real time: a
/// response is in progress until its last frame is played, so that an interruption cancels it as it would cancel a real one.
/// </summary>
internal sealed class ParrotAgent : LocalAgent
{
    private readonly TurnRecorder _recorder = new();
    private readonly TurnRecorder _lastTurn = new();
    private TurnDetector? _detector;
    private string? _userItemId;
    private Response? _response;

    public ParrotAgent(IAgentHost host) : base(host, AgentCatalog.Parrot) => ConfigureTurns();

    public override void OnAudio(ReadOnlySpan<short> pcm, Instant now)
    {
        _recorder.Append(pcm);
        if (_detector is null) return;
        TurnEvent turn = _detector.Process(pcm);
        if (turn.Kind == TurnEventKind.None && _recorder.IsFull) turn = _detector.Stop();
        if (turn.Kind == TurnEventKind.SpeechStarted) BeginTurn(turn.AudioMilliseconds);
        else if (turn.Kind == TurnEventKind.SpeechStopped) EndTurn(turn.AudioMilliseconds);
    }

    public override void OnPlayed(DownlinkItem item, Instant now)
    {
        if (_response is not { } response || response.Audio != item || response.HasStarted) return;
        response.HasStarted = true;
        SendOutputBuffer("output_audio_buffer.started"u8, response.Id);
    }

    public override void OnDrained(Instant now)
    {
        if (_response is not { } response) return;
        EndResponse(response, "completed", reason: null);
        SendOutputBuffer("output_audio_buffer.stopped"u8, response.Id);
    }

    public override void Continue(AgentState state, bool isChannelOpen)
    {
        base.Continue(state, isChannelOpen);
        if (state.Response is not { } known) return;
        JsonObject? metadata = known.Metadata is { } element
            ? JsonNodes.TryParseObject(Encoding.UTF8.GetBytes(element.GetRawText())) : null;
        var response = new Response(known.Id, known.ItemId, known.PreviousItemId, metadata) { HasStarted = known.HasStarted };
        if (Host.Downlink.Find(known.ItemId) is { } audio)
        {
            response.Audio = audio;
            _response = response;
            return;
        }
        // Its audio was lost with its owner.
        if (response.HasStarted) SendOutputBuffer("output_audio_buffer.cleared"u8, response.Id);
        EndResponse(response, "failed", "owner_lost");
    }

    public override AgentState ExportState()
        => base.ExportState() with
        {
            Response = _response is not { } response ? null : new LocalResponse(
                response.Id, response.ItemId, response.PreviousItemId,
                response.Metadata is { } metadata ? JsonElement.Parse(metadata.ToJsonString()) : null, response.HasStarted),
        };

    public override void Dispose()
    {
        _recorder.Dispose();
        _lastTurn.Dispose();
        base.Dispose();
    }

    protected override void OnSessionUpdated() => ConfigureTurns();

    protected override void CreateResponse(JsonObject? metadata)
    {
        if (_response is not null)
            Channel.Error("conversation_already_has_active_response", "A response is in progress.");
        else if (_lastTurn.Recorded.IsEmpty) base.CreateResponse(metadata);
        else Respond(metadata);
    }

    protected override void CancelResponse()
    {
        if (_response is null) base.CancelResponse();
        else Interrupt("client_cancelled");
    }

    protected override void CommitInput()
    {
        if (_recorder.Recorded.IsEmpty || (_detector is not null && !_recorder.IsRecording))
        {
            base.CommitInput();
            return;
        }
        _detector?.Stop();
        Commit(_userItemId ?? RealtimeIds.NewItem());
    }

    protected override void ClearInput()
    {
        _detector?.Stop();
        _recorder.Clear();
        _userItemId = null;
        base.ClearInput();
    }

    protected override void ClearOutput()
    {
        if (_response is { HasStarted: true }) Interrupt("client_cancelled");
        else base.ClearOutput();
    }

    private void ConfigureTurns()
    {
        if (Configuration.Turns is not { } turns)
        {
            _detector = null;
            _recorder.KeepMilliseconds = TurnRecorder.MaximumMilliseconds;
            return;
        }
        if (_detector is null) _detector = new TurnDetector(turns);
        else _detector.Options = turns;
        _recorder.KeepMilliseconds = turns.PrefixPaddingMilliseconds + TurnDetector.MinimumSpeechMilliseconds;
    }

    private void BeginTurn(long audioStartMilliseconds)
    {
        _userItemId = RealtimeIds.NewItem();
        _recorder.Begin(_detector!.PositionMilliseconds - audioStartMilliseconds);
        SendInputEdge("input_audio_buffer.speech_started"u8, "audio_start_ms"u8, audioStartMilliseconds, _userItemId);
        if (_response is not null && Configuration.InterruptsResponse) Interrupt("turn_detected");
    }

    private void EndTurn(long audioEndMilliseconds)
    {
        string itemId = _userItemId ?? RealtimeIds.NewItem();
        SendInputEdge("input_audio_buffer.speech_stopped"u8, "audio_end_ms"u8, audioEndMilliseconds, itemId);
        Commit(itemId);
        if (Configuration.CreatesResponse && _response is null) Respond(metadata: null);
    }

    private void Commit(string itemId)
    {
        _userItemId = null;
        _lastTurn.Clear();
        _lastTurn.Begin(0);
        _lastTurn.Append(_recorder.Recorded);
        // Push to talk keeps everything that was heard, and committed audio must not be heard twice. A detected turn ended in silence.
        _recorder.Clear();

        string? previous = Conversation.LastId;
        Utf8JsonWriter json = Channel.Begin("input_audio_buffer.committed"u8);
        json.WriteString("item_id"u8, itemId);
        json.WriteString("previous_item_id"u8, previous);
        Channel.Send();

        // The SDK throws if input_audio has no transcript member. A null transcript is accepted (docs/protocols/realtime.md 7).
        JsonObject item = NewMessage(itemId, "user", "completed", new JsonObject { ["type"] = "input_audio", ["transcript"] = null });
        TryPut(itemId, item, previousId: null);
        SendItem("conversation.item.added"u8, item, previous);
        SendItem("conversation.item.done"u8, item, previous);
    }

    private void Respond(JsonObject? metadata)
    {
        var response = new Response(RealtimeIds.NewResponse(), RealtimeIds.NewItem(), Conversation.LastId, metadata);
        _response = response;
        SendResponse("response.created"u8, response.Id, "in_progress", reason: null, metadata, outputItem: null);
        JsonObject item = NewMessage(response.ItemId, "assistant", "in_progress", content: null);
        TryPut(response.ItemId, item, previousId: null);
        SendOutputItem("response.output_item.added"u8, response, item);
        SendItem("conversation.item.added"u8, item, response.PreviousItemId);
        SendContentPart("response.content_part.added"u8, response);
        Host.Downlink.TryEnqueue(response.Audio, _lastTurn.Recorded);
        Host.Downlink.Complete(response.Audio);
    }

    // The voice stops first. Then the events follow, with the exact position that was sent.
    private void Interrupt(string reason)
    {
        Response response = _response!;
        Host.Downlink.Flush();
        if (response.HasStarted) SendOutputBuffer("output_audio_buffer.cleared"u8, response.Id);
        SendTruncated(response.ItemId, 0, response.Audio.PlayedMilliseconds);
        EndResponse(response, "cancelled", reason);
    }

    private void EndResponse(Response response, string status, string? reason)
    {
        _response = null;
        BeginPartOf("response.output_audio.done"u8, response);
        Channel.Send();
        BeginPartOf("response.output_audio_transcript.done"u8, response).WriteString("transcript"u8, ""u8);
        Channel.Send();
        SendContentPart("response.content_part.done"u8, response);
        JsonObject item = NewMessage(response.ItemId, "assistant", reason is null ? "completed" : "incomplete",
            new JsonObject { ["type"] = "output_audio", ["transcript"] = "" });
        // The client may have deleted the item meanwhile.
        if (Conversation.Find(response.ItemId) is not null) TryPut(response.ItemId, item, previousId: null);
        SendOutputItem("response.output_item.done"u8, response, item);
        SendItem("conversation.item.done"u8, item, response.PreviousItemId);
        SendResponse("response.done"u8, response.Id, status, reason, response.Metadata, item);
        Host.NoteConversation(isTurnOver: true);
    }

    private void SendInputEdge(ReadOnlySpan<byte> type, ReadOnlySpan<byte> position, long milliseconds, string itemId)
    {
        Utf8JsonWriter json = Channel.Begin(type);
        json.WriteNumber(position, milliseconds);
        json.WriteString("item_id"u8, itemId);
        Channel.Send();
    }

    private void SendOutputBuffer(ReadOnlySpan<byte> type, string responseId)
    {
        Channel.Begin(type).WriteString("response_id"u8, responseId);
        Channel.Send();
    }

    private void SendOutputItem(ReadOnlySpan<byte> type, Response response, JsonObject item)
    {
        Utf8JsonWriter json = Channel.Begin(type);
        json.WriteString("response_id"u8, response.Id);
        json.WriteNumber("output_index"u8, 0);
        json.WritePropertyName("item"u8);
        item.WriteTo(json);
        Channel.Send();
    }

    private void SendContentPart(ReadOnlySpan<byte> type, Response response)
    {
        Utf8JsonWriter json = BeginPartOf(type, response);
        json.WriteStartObject("part"u8);
        json.WriteString("type"u8, "audio"u8);
        json.WriteString("transcript"u8, ""u8);
        json.WriteEndObject();
        Channel.Send();
    }

    private Utf8JsonWriter BeginPartOf(ReadOnlySpan<byte> type, Response response)
    {
        Utf8JsonWriter json = Channel.Begin(type);
        json.WriteString("response_id"u8, response.Id);
        json.WriteString("item_id"u8, response.ItemId);
        json.WriteNumber("output_index"u8, 0);
        json.WriteNumber("content_index"u8, 0);
        return json;
    }

    private sealed class Response(string id, string itemId, string? previousItemId, JsonObject? metadata)
    {
        public string Id { get; } = id;
        public string ItemId { get; } = itemId;
        public string? PreviousItemId { get; } = previousItemId;
        public JsonObject? Metadata { get; } = metadata;
        public DownlinkItem Audio { get; set; } = new(itemId, id);

        /// <summary>The response's first frame has been sent.</summary>
        public bool HasStarted { get; set; }
    }
}
