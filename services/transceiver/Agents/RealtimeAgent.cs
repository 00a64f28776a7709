using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Connects a session to a backend that speaks the Realtime WebSocket dialect (docs/design.md 4.8). The backend's events go to the caller,
/// and its audio goes into the downlink. The caller's events go to the backend. This side adds what only it knows:
/// <c>output_audio_buffer.*</c> from the frames that were really sent, and, when the caller interrupts, the exact position that the caller
/// was sent. If the connection is lost, a new one is made and gets the conversation so far.
/// </summary>
internal sealed class RealtimeAgent : Agent
{
    // Responses whose late deltas are no longer wanted. A backend has one or two at a time.
    private const int MaximumMuted = 8;
    private const int MaximumInProgress = 16;

    /// <summary>
    /// How many messages and bytes one call into the session takes from the connection. A backend can send faster than we read, and the
    /// thread belongs to all sessions of its worker. The rest waits for the worker's next turn.
    /// </summary>
    public const int MessagesPerTurn = 32, BytesPerTurn = 256 * 1024;

    private readonly IAgentHost _host;
    private readonly Uri _url;
    private readonly string? _apiKey;
    private readonly BackendPolicy _policy;
    private readonly ClientChannel _channel;
    private readonly BackendSession _session;
    private readonly ConversationLog _conversation = new();
    private readonly List<string> _inProgress = [];
    private readonly Queue<string> _muted = new();
    private readonly List<DownlinkItem> _cut = [];

    // Replayed items, each with the number of the backend's events on it that must still be withheld from the client, who has seen them.
    private readonly Dictionary<string, int> _replayed = [];

    private RealtimeConnection? _connection;
    private Instant _connectedAt = Instant.Never;
    private int _attempts;
    private bool _isGreeted;
    private bool _isDisposed;
    private bool? _backendInterrupts;

    // The item that audio is arriving for, the response whose audio the caller hears, and whether that response waits for more audio.
    private DownlinkItem? _item;
    private string? _playing;
    private bool _isDrained;
    private DownlinkItem? _overflowed;

    public RealtimeAgent(IAgentHost host, Uri url, string? apiKey, BackendPolicy? policy = null)
    {
        _host = host;
        _url = url;
        _apiKey = apiKey;
        _policy = policy ?? BackendPolicy.Default;
        _channel = new ClientChannel(host);
        _session = new BackendSession(host.Session.RealtimeSession);
    }

    public override void Start() => Connect(TimeSpan.Zero);

    public override void OnChannelOpen() => _channel.Open();

    public override void OnAudio(ReadOnlySpan<short> pcm, Instant now)
    {
        if (_connection is { } connection) connection.SendAudio(pcm);
        else _host.Drops.Count(SessionDrop.AgentAudioNoBackend);
    }

    public override void OnClientEvent(ReadOnlySpan<byte> utf8Json, Instant now)
    {
        if (!_channel.TryReadEvent(utf8Json, out RealtimeEventHeader header)) return;
        if (header.Is("input_audio_buffer.append"u8)) LocalAgent.RefuseAppend(_channel, header);
        else if (header.Is("output_audio_buffer.clear"u8)) StopPlayback(isAsked: true);
        else if (header.Is("session.update"u8)) UpdateSession(utf8Json, header);
        else Forward(utf8Json, header);
    }

    public override void OnPlayed(DownlinkItem item, Instant now)
    {
        _isDrained = false;
        if (_playing == item.ResponseId) return;
        if (_playing is not null) SendOutputBuffer("output_audio_buffer.stopped"u8, _playing);
        _playing = item.ResponseId;
        SendOutputBuffer("output_audio_buffer.started"u8, _playing);
    }

    public override void OnDrained(Instant now)
    {
        _isDrained = true;
        StopIfFinished();
    }

    public override void Release()
    {
        if (_connection is null) return;
        Disconnect();
        CutPlayback();
    }

    public override void Resume()
    {
        if (_connection is not null || _isDisposed) return;
        _attempts = 0;
        Connect(TimeSpan.Zero);
    }

    public override void Dispose()
    {
        _isDisposed = true;
        _connection?.Dispose();
        _channel.Dispose();
    }

    private void Connect(TimeSpan delay)
    {
        RealtimeConnection? connection = null;
        Action? drain = null;
        drain = () =>
        {
            if (Drain(connection!)) _host.Post(drain!);
        };
        connection = new RealtimeConnection(
            _url, _apiKey, _policy.ConnectDeadline, _host.Drops, () => _host.Post(drain), _host.Session.Traceparent);
        _connection = connection;
        TrySend(_session.ToUpdateEvent());
        _replayed.Clear();
        foreach (JsonObject item in _conversation.Items)
        {
            if (ConversationReplay.TryToCreateEvent(item) is not { } create || !TrySend(create)) continue;
            _replayed[item.TextAt("id")!] = 2;
        }
        connection.Start(delay);
    }

    /// <returns>True if there may be more messages. The caller then has to come again.</returns>
    private bool Drain(RealtimeConnection connection)
    {
        int messages = 0, bytes = 0;
        while (!_isDisposed && connection == _connection)
        {
            if (messages == MessagesPerTurn || bytes >= BytesPerTurn) return true;
            if (!connection.TryTake(out BackendMessage message)) return false;
            messages++;
            bytes += message.Length;
            switch (message.Kind)
            {
                case BackendMessageKind.Connected:
                    _connectedAt = _host.Now;
                    AgentLog.BackendConnected(_host.Logger, _host.Session.CallId, _url.Host);
                    break;
                case BackendMessageKind.Audio:
                    OnAudioDelta(message);
                    break;
                case BackendMessageKind.Event:
                    OnBackendEvent(message.Bytes);
                    break;
                case BackendMessageKind.TooLarge:
                    _channel.Error("event_too_large",
                        $"The agent sent a message of more than {RealtimeConnection.MaximumMessageBytes} bytes.",
                        errorType: "server_error");
                    break;
                case BackendMessageKind.Ended:
                    OnEnded(message.End);
                    break;
            }
            message.Release();
        }
        return false;
    }

    private void OnAudioDelta(BackendMessage message)
    {
        if (_muted.Contains(message.ResponseId))
        {
            _host.Drops.Count(SessionDrop.AgentAudioInterrupted, AudioFormat.FramesIn(message.Length / sizeof(short)));
            return;
        }
        if (_item is null || _item.ItemId != message.ItemId || _item.ContentIndex != message.ContentIndex
            || _item.ResponseId != message.ResponseId)
        {
            _item = new DownlinkItem(message.ItemId, message.ResponseId, message.ContentIndex);
            BeginResponse(message.ResponseId);
        }
        if (_host.Downlink.TryEnqueue(_item, MemoryMarshal.Cast<byte, short>(message.Bytes)) || _overflowed == _item) return;
        _overflowed = _item;
        _channel.Error("output_audio_too_long",
            $"More than {DownlinkQueue.MaximumSamples / AudioFormat.SampleRate} s of audio wait to be played; the rest of the item is cut.",
            errorType: "server_error");
    }

    private void OnBackendEvent(ReadOnlySpan<byte> json)
    {
        // The connection has read it once, so it can be read.
        RealtimeEventHeader.TryRead(json, out RealtimeEventHeader header);
        if (header.Is("session.created"u8))
        {
            ReadBackendSession(json);
            // The client knows this session already. A second greeting would make the client configure the session again.
            if (_isGreeted) return;
            _isGreeted = true;
            Relay(json, header);
        }
        else if (header.Is("session.updated"u8))
        {
            ReadBackendSession(json);
            Relay(json, header);
        }
        else if (header.Is("input_audio_buffer.speech_started"u8))
        {
            // The voice stops before anything else happens. The events then come in the order that clients know.
            bool isInterrupted = (_backendInterrupts ?? _session.InterruptsResponse) && CutPlayback();
            Relay(json, header);
            if (isInterrupted) ReportCut(isAsked: false);
        }
        else if (header.Is("response.created"u8))
        {
            BeginResponse(header.ResponseIdText);
            Relay(json, header);
        }
        else if (header.Is("response.output_audio.done"u8) || header.Is("response.audio.done"u8))
        {
            if (_item is not null && _item.ItemId == header.ItemIdText) _host.Downlink.Complete(_item);
            Relay(json, header);
        }
        else if (header.Is("response.done"u8))
        {
            Relay(json, header);
            EndResponse(header.ResponseIdText);
        }
        else if (header.Is("conversation.item.added"u8) || header.Is("conversation.item.done"u8))
        {
            if (Remember(json, header)) Relay(json, header);
        }
        else if (header.Is("conversation.item.deleted"u8))
        {
            _conversation.Remove(header.ItemIdText);
            Relay(json, header);
        }
        else if (header.Is("conversation.item.input_audio_transcription.completed"u8))
        {
            RememberTranscript(json, header);
            Relay(json, header);
        }
        else if (!header.Type.StartsWith("output_audio_buffer."u8))
        {
            // Only this side knows what is played.
            Relay(json, header);
        }
    }

    private void OnEnded(BackendEnd end)
    {
        Disconnect();
        if (_connectedAt != Instant.Never && _host.Now - _connectedAt >= _policy.SettledAfter) _attempts = 0;
        _connectedAt = Instant.Never;
        if (end == BackendEnd.Refused || _attempts == _policy.RetryDelays.Count)
        {
            AgentLog.BackendGivenUp(_host.Logger, _host.Session.CallId, _url.Host, end, _attempts + 1);
            _channel.Error("agent_unavailable", "The agent cannot be reached.", errorType: "server_error");
            _host.End(SessionEndReason.AgentFailed);
            return;
        }
        // Many sessions lose the same backend at once, and they must not all come back at once.
        TimeSpan delay = _policy.RetryDelays[_attempts++] * (0.75 + Random.Shared.NextDouble() / 2);
        AgentLog.BackendLost(_host.Logger, _host.Session.CallId, _url.Host, end, _attempts, delay.TotalMilliseconds);
        Connect(delay);
    }

    private void Disconnect()
    {
        RealtimeConnection ended = _connection!;
        _connection = null;
        ended.Dispose();
        foreach (string id in _inProgress.ToArray())
        {
            // Without the end of a response, a client would never ask for another one (docs/protocols/realtime.md 7).
            SendFailedResponse(id);
            EndResponse(id);
        }
    }

    private void BeginResponse(string id)
    {
        if (_inProgress.Contains(id) || id.Length == 0) return;
        if (_inProgress.Count == MaximumInProgress) _inProgress.RemoveAt(0);
        _inProgress.Add(id);
    }

    private void EndResponse(string id)
    {
        _inProgress.Remove(id);
        if (_item is not null && _item.ResponseId == id)
        {
            _host.Downlink.Complete(_item);
            _item = null;
        }
        StopIfFinished();
    }

    private void StopIfFinished()
    {
        if (_playing is not { } playing || !_isDrained || !_host.Downlink.IsEmpty || _inProgress.Contains(playing)) return;
        _playing = null;
        SendOutputBuffer("output_audio_buffer.stopped"u8, playing);
    }

    private void StopPlayback(bool isAsked)
    {
        if (CutPlayback() || isAsked) ReportCut(isAsked);
    }

    // Queued audio is dropped, and the next frame sent is new audio. That is the meaning of an interruption, so it is reported and not
    // counted as a drop. Returns true if the caller heard something, or was about to.
    private bool CutPlayback()
    {
        _cut.Clear();
        _host.Downlink.Flush(_cut);
        // All audio of the item that has arrived was played, but more was to come.
        if (_item is not null && _inProgress.Contains(_item.ResponseId) && !_cut.Contains(_item)) _cut.Add(_item);
        _item = null;
        foreach (string id in _inProgress) Mute(id);
        return _cut.Count > 0 || _playing is not null;
    }

    private void ReportCut(bool isAsked)
    {
        if (_playing is { } playing || isAsked)
        {
            Utf8JsonWriter json = _channel.Begin("output_audio_buffer.cleared"u8);
            if (_playing is not null) json.WriteString("response_id"u8, _playing);
            _channel.Send();
        }
        _playing = null;
        foreach (DownlinkItem item in _cut)
        {
            TrySend(Encoding.UTF8.GetBytes(new JsonObject
            {
                ["type"] = "conversation.item.truncate",
                ["item_id"] = item.ItemId,
                ["content_index"] = item.ContentIndex,
                ["audio_end_ms"] = item.PlayedMilliseconds,
            }.ToJsonString()));
        }
        _cut.Clear();
    }

    private void Mute(string responseId)
    {
        if (_muted.Contains(responseId)) return;
        if (_muted.Count == MaximumMuted) _muted.Dequeue();
        _muted.Enqueue(responseId);
    }

    private void UpdateSession(ReadOnlySpan<byte> utf8Json, RealtimeEventHeader header)
    {
        if (JsonNodes.TryParseObject(utf8Json) is not { } request || _session.TryMerge(request) is not { } update)
            _channel.Error("invalid_value",
                $"session.update needs an object 'session' of at most {SessionConfiguration.MaximumBytes} bytes.", "session",
                header.EventId);
        else
            Forward(update, header);
    }

    private void Forward(ReadOnlySpan<byte> utf8Json, RealtimeEventHeader header)
    {
        if (!TrySend(utf8Json))
            _channel.Error("agent_busy", "Too much waits for the agent; the event was not sent.", clientEventId: header.EventId,
                errorType: "server_error");
    }

    /// <summary>Returns false, and counts the event, if there is no connection or if too much waits for it.</summary>
    private bool TrySend(ReadOnlySpan<byte> utf8Json)
    {
        if (_connection is { } connection && connection.TrySendEvent(utf8Json)) return true;
        _host.Drops.Count(SessionDrop.AgentEventUnsent);
        return false;
    }

    private void Relay(ReadOnlySpan<byte> json, RealtimeEventHeader header) => _channel.Relay(json, hasEventId: !header.EventId.IsEmpty);

    private void ReadBackendSession(ReadOnlySpan<byte> json)
    {
        if (JsonNodes.TryParseObject(json).At("session") is JsonObject session)
            _backendInterrupts = SessionConfiguration.ReadInterruptsResponse(session);
    }

    // Returns false if the client has seen this item's event on the connection before.
    private bool Remember(ReadOnlySpan<byte> json, RealtimeEventHeader header)
    {
        string id = header.ItemIdText;
        if (_replayed.TryGetValue(id, out int left))
        {
            if (left == 1) _replayed.Remove(id);
            else _replayed[id] = left - 1;
            return false;
        }
        JsonObject? e = JsonNodes.TryParseObject(json);
        if (id.Length > 0 && e.At("item") is JsonObject item)
        {
            item = (JsonObject)item.DeepClone();
            ConversationReplay.StripAudio(item);
            KeepTranscript(_conversation.Find(id), item);
            if (!_conversation.TryPut(id, item, e.TextAt("previous_item_id"))) _conversation.TryPut(id, item, previousId: null);
        }
        return true;
    }

    // The transcript of the caller's speech may have come before the item's last event, which has none.
    private static void KeepTranscript(JsonObject? before, JsonObject item)
    {
        if (before?["content"] is not JsonArray known || item["content"] is not JsonArray parts) return;
        for (int i = 0; i < Math.Min(known.Count, parts.Count); i++)
        {
            if (parts[i] is JsonObject part && part.TextAt("transcript") is null && known[i].TextAt("transcript") is { } transcript)
                part["transcript"] = transcript;
        }
    }

    private void RememberTranscript(ReadOnlySpan<byte> json, RealtimeEventHeader header)
    {
        string id = header.ItemIdText;
        if (_conversation.Find(id) is not { } item || item["content"] is not JsonArray content || header.ContentIndex < 0
            || header.ContentIndex >= content.Count) return;
        if (content[header.ContentIndex] is not JsonObject part
            || JsonNodes.TryParseObject(json).TextAt("transcript") is not { } transcript) return;
        part["transcript"] = transcript;
        // The item is put again, so that the log knows its size.
        _conversation.TryPut(id, item, previousId: null);
    }

    private void SendFailedResponse(string id)
    {
        Utf8JsonWriter json = _channel.Begin("response.done"u8);
        json.WriteStartObject("response"u8);
        json.WriteString("object"u8, "realtime.response"u8);
        json.WriteString("id"u8, id);
        json.WriteString("status"u8, "failed"u8);
        json.WriteStartObject("status_details"u8);
        json.WriteString("type"u8, "failed"u8);
        json.WriteEndObject();
        json.WriteStartArray("output"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        _channel.Send();
    }

    private void SendOutputBuffer(ReadOnlySpan<byte> type, string responseId)
    {
        _channel.Begin(type).WriteString("response_id"u8, responseId);
        _channel.Send();
    }
}
