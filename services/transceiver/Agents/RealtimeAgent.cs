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

    /// <summary>
    /// How long a session without its backend waits for the caller's channel and audio, so that the caller learns why it ends. The apology
    /// comes on top.
    /// </summary>
    public static readonly TimeSpan TellTime = TimeSpan.FromSeconds(10);

    private readonly Uri _url;
    private readonly string? _apiKey;
    private readonly BackendPolicy _policy;
    private readonly ReadOnlyMemory<short> _apology;
    private readonly PreparedBackends? _prepared;
    private BackendSession _session;
    private readonly ConversationLog<RememberedItem> _conversation = new();
    private readonly List<string> _inProgress = [];
    private readonly Queue<string> _muted = new();
    private readonly List<DownlinkItem> _cut = [];

    // Replayed items, each with the number of the backend's events on it that must still be withheld from the client, who has seen them.
    private readonly Dictionary<string, int> _replayed = [];

    private RealtimeConnection? _connection;
    private Instant _connectedAt = Instant.Never;
    private int _attempts;
    private bool _isSettled;
    private bool _isGreeted;
    private bool _isDisposed;
    private bool? _backendInterrupts;

    // The item that audio is arriving for, the response whose audio the caller hears, and whether that response waits for more audio.
    private DownlinkItem? _item;
    private string? _playing;
    private bool _isDrained;
    private DownlinkItem? _overflowed;

    // After the backend was given up: what the caller is told, when the session ends at the latest, and whether the apology is still heard.
    private BackendFailure? _failure;
    private Instant _endsAt;
    private bool _isApologyDue;

    /// <param name="apology">24 kHz PCM that the caller hears when the backend is given up. Empty for none.</param>
    /// <param name="prepared">Where a session that is handed over may find its backend. Null for nowhere.</param>
    public RealtimeAgent(
        IAgentHost host, Uri url, string? apiKey, BackendPolicy? policy = null, ReadOnlyMemory<short> apology = default,
        PreparedBackends? prepared = null) : base(host)
    {
        _prepared = prepared;
        _url = url;
        _apiKey = apiKey;
        _policy = policy ?? BackendPolicy.Default;
        _apology = apology;
        _session = new BackendSession(host.Asked);
    }

    /// <summary>Connects to the backend of a session that is about to be handed over to us.</summary>
    /// <param name="asked">The session's configuration in its record.</param>
    public static PreparedBackend Prepare(Uri url, string? apiKey, SessionRecord record, JsonElement? asked, AgentState state)
        => new(
            ready => new RealtimeConnection(
                url, apiKey, BackendPolicy.Default.ConnectDeadline, new SessionDropCounters(), ready, record.Traceparent,
                ClientChannel.RelayLimitOf(record)),
            new BackendSession(state.Session ?? asked).ToUpdateEvent(), [.. state.Items.Where(item => item.IsReplayable)]);

    public override void Start() => Connect(TimeSpan.Zero);

    public override void Continue(AgentState state, bool isChannelOpen)
    {
        _isSettled = true;
        if (state.Session is { } session) _session = new BackendSession(session);
        foreach (RememberedItem item in state.Items) _conversation.TryPut(item.Id, item, item.Bytes, previousId: null);
        // A greeting that waited for the channel was lost with the owner.
        _isGreeted = state.IsGreeted && isChannelOpen;
        if (isChannelOpen) OnChannelOpen();
        bool isCut = ForgetUnheard(state.Parts);
        Connect(TimeSpan.Zero);
        foreach (string id in state.InProgress) SendFailedResponse(id);
        foreach (DownlinkItem item in Host.Downlink.Items) Host.Downlink.Complete(item);
        if (state.Playing is not { } playing) return;
        if (!Host.Downlink.IsEmpty) _playing = playing;
        else SendOutputBuffer(isCut ? "output_audio_buffer.cleared"u8 : "output_audio_buffer.stopped"u8, playing);
    }

    public override AgentState ExportState() => new()
    {
        Session = _session.ToElement(),
        IsGreeted = _isGreeted,
        Items = [.. _conversation.Items],
        InProgress = [.. _inProgress],
        Playing = _playing,
        Parts = ExportParts(),
    };

    public override void OnChannelOpen()
    {
        base.OnChannelOpen();
        EndIfTold();
    }

    public override void OnAudio(ReadOnlySpan<short> pcm, Instant now)
    {
        if (_connection is { } connection) connection.SendAudio(pcm);
        else Host.Drops.Count(SessionDrop.AgentAudioNoBackend);
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
        _isApologyDue = false;
        EndIfTold();
    }

    /// <summary>The end of a failed session. The caller should have been told by then.</summary>
    public override Instant NextTimeout => _failure is null ? Instant.Never : _endsAt;

    public override void OnTimer(Instant now)
    {
        if (_failure is { } failure && now >= _endsAt) Host.End(SessionEndReason.AgentFailed, failure.Code, failure.Message);
    }

    public override void Release()
    {
        if (_connection is null) return;
        Disconnect();
        CutPlayback();
    }

    public override void Resume()
    {
        if (_connection is not null || _isDisposed || _failure is not null) return;
        _attempts = 0;
        Connect(TimeSpan.Zero);
    }

    public override void Dispose()
    {
        _isDisposed = true;
        _connection?.Dispose();
        base.Dispose();
    }

    protected override void OnRequest(ReadOnlySpan<byte> utf8Json, RealtimeEventHeader header)
    {
        if (header.Is("input_audio_buffer.append"u8)) LocalAgent.RefuseAppend(Channel);
        else if (header.Is("output_audio_buffer.clear"u8)) StopPlayback(isAsked: true);
        else if (header.Is("session.update"u8)) UpdateSession(utf8Json);
        else Forward(utf8Json);
    }

    private void Connect(TimeSpan delay)
    {
        RealtimeConnection? connection = null;
        Action? drain = null;
        drain = () =>
        {
            if (Drain(connection!)) Host.Post(drain!);
        };
        RememberedItem[] replayed = [.. _conversation.Items.Where(item => item.IsReplayable)];
        _replayed.Clear();
        foreach (RememberedItem item in replayed) _replayed[item.Id] = 2;
        byte[] greeting = _session.ToUpdateEvent();
        if (TakePrepared(greeting, replayed) is { } prepared)
        {
            _connection = connection = prepared;
            connection.Attach(Host.Drops, () => Host.Post(drain), () => Host.IsOwner);
            return;
        }
        _connection = connection = new RealtimeConnection(
            _url, _apiKey, _policy.ConnectDeadline, Host.Drops, () => Host.Post(drain), Host.Session.Traceparent,
            Channel.RelayLimit, () => Host.IsOwner);
        connection.Start(delay, greeting, replayed);
    }

    private RealtimeConnection? TakePrepared(byte[] greeting, RememberedItem[] items)
    {
        if (_prepared?.Take(Host.Session.CallId) is not { } prepared) return null;
        if (!prepared.Knows(greeting, items, out IReadOnlyList<byte[]> missing))
        {
            prepared.Dispose();
            return null;
        }
        foreach (byte[] item in missing) prepared.Connection.TrySendEvent(item);
        return prepared.Connection;
    }

    /// <returns>True if there may be more messages. The caller then has to come again.</returns>
    private bool Drain(RealtimeConnection connection)
    {
        int messages = 0, bytes = 0;
        while (!_isDisposed && connection == _connection)
        {
            if (messages == MessagesPerTurn || bytes >= BytesPerTurn) return true;
            if (!connection.TryTake(out BackendMessage? message)) return false;
            messages++;
            bytes += message.HeldBytes;
            OnMessage(message);
            message.Release();
        }
        return false;
    }

    // The connection has read the message. Nothing here reads JSON.
    private void OnMessage(BackendMessage message)
    {
        switch (message.Kind)
        {
            case BackendMessageKind.Connected:
                _connectedAt = Host.Now;
                AgentLog.BackendConnected(Host.Logger, Host.Session.CallId, _url.Host);
                break;
            case BackendMessageKind.Audio:
                OnAudioDelta(message);
                break;
            case BackendMessageKind.TooLarge:
                Channel.Error("event_too_large", $"The agent sent a message of more than {RealtimeConnection.MaximumMessageBytes} bytes.",
                    errorType: "server_error");
                break;
            case BackendMessageKind.Ended:
                OnEnded(message.Failure);
                break;
            case BackendMessageKind.SessionCreated:
                _backendInterrupts = message.InterruptsResponse ?? _backendInterrupts;
                // The client knows this session already. A second greeting would make the client configure the session again.
                if (_isGreeted) break;
                _isGreeted = true;
                message.RelayTo(Channel);
                Host.NoteConversation(isTurnOver: false);
                break;
            case BackendMessageKind.SessionUpdated:
                _backendInterrupts = message.InterruptsResponse ?? _backendInterrupts;
                message.RelayTo(Channel);
                break;
            case BackendMessageKind.SpeechStarted:
                // The voice stops before anything else happens. The events then come in the order that clients know.
                bool isInterrupted = (_backendInterrupts ?? _session.InterruptsResponse) && CutPlayback();
                message.RelayTo(Channel);
                if (isInterrupted) ReportCut(isAsked: false);
                break;
            case BackendMessageKind.ResponseCreated:
                BeginResponse(message.ResponseId);
                message.RelayTo(Channel);
                break;
            case BackendMessageKind.OutputAudioDone:
                if (_item is not null && _item.ItemId == message.ItemId) Host.Downlink.Complete(_item);
                message.RelayTo(Channel);
                break;
            case BackendMessageKind.ResponseDone:
                message.RelayTo(Channel);
                EndResponse(message.ResponseId);
                Host.NoteConversation(isTurnOver: true);
                break;
            case BackendMessageKind.ItemAddedOrDone:
                if (Remember(message)) message.RelayTo(Channel);
                break;
            case BackendMessageKind.ItemDeleted:
                if (_conversation.Remove(message.ItemId)) Host.NoteConversation(isTurnOver: false);
                message.RelayTo(Channel);
                break;
            case BackendMessageKind.TranscriptCompleted:
                RememberTranscript(message);
                message.RelayTo(Channel);
                break;
            case BackendMessageKind.OutputBuffer:
                // Only this side knows what is played.
                break;
            case BackendMessageKind.OtherEvent:
                message.RelayTo(Channel);
                break;
        }
    }

    private void OnAudioDelta(BackendMessage message)
    {
        ReadOnlySpan<short> pcm = message.Audio;
        if (_muted.Contains(message.ResponseId))
        {
            Host.Drops.Count(SessionDrop.AgentAudioInterrupted, AudioFormat.FramesIn(pcm.Length));
            return;
        }
        if (_item is null || _item.ItemId != message.ItemId || _item.ContentIndex != message.ContentIndex
            || _item.ResponseId != message.ResponseId)
        {
            _item = new DownlinkItem(message.ItemId, message.ResponseId, message.ContentIndex);
            BeginResponse(message.ResponseId);
        }
        if (Host.Downlink.TryEnqueue(_item, pcm) || _overflowed == _item) return;
        _overflowed = _item;
        Channel.Error("output_audio_too_long",
            $"More than {DownlinkQueue.MaximumSamples / AudioFormat.SampleRate} s of audio wait to be played; the rest of the item is cut.",
            errorType: "server_error");
    }

    private void OnEnded(BackendFailure failure)
    {
        RealtimeConnection ended = Disconnect();
        if (_connectedAt != Instant.Never && Host.Now - _connectedAt >= _policy.SettledAfter) (_attempts, _isSettled) = (0, true);
        int retries = _isSettled ? _policy.RetryDelays.Count : Math.Min(_policy.FirstRetries, _policy.RetryDelays.Count);
        _connectedAt = Instant.Never;
        if (failure.End == BackendEnd.Refused || _attempts == retries)
        {
            AgentLog.BackendGivenUp(Host.Logger, Host.Session.CallId, _url.Host, failure.Code, _attempts + 1);
            Host.Drops.Count(SessionDrop.AgentEventUnsent, ended.Unsent.Count);
            Fail(failure);
            return;
        }
        // Many sessions lose the same backend at once, and they must not all come back at once.
        TimeSpan delay = _policy.RetryDelays[_attempts++] * (0.75 + Random.Shared.NextDouble() / 2);
        AgentLog.BackendLost(Host.Logger, Host.Session.CallId, _url.Host, failure.Code, _attempts, delay.TotalMilliseconds);
        Connect(delay);
        // What the caller said meanwhile is not lost with the connection.
        foreach (byte[] unsent in ended.Unsent) TrySend(unsent);
    }

    /// <returns>The connection that was there.</returns>
    private RealtimeConnection Disconnect()
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
        return ended;
    }

    // The session ends when the caller has been told: the event waits for the channel, and the apology is spoken to its end. A caller who
    // is not there by the deadline is not waited for.
    private void Fail(BackendFailure failure)
    {
        _failure = failure;
        Channel.Error(failure.Code, failure.Message, errorType: "server_error");
        TimeSpan left = TellTime + AudioFormat.DurationOf(_apology.Length);
        _endsAt = Host.Now + left;
        _isApologyDue = !_apology.IsEmpty && Host.Session.Offer is { AudioReceives: true, OpusPayloadType: not null };
        if (_isApologyDue)
        {
            // What the agent said before is heard first, unless that takes too long.
            if (Host.Downlink.PendingSamples > TellTime.TotalSeconds * AudioFormat.SampleRate / 2) StopPlayback(isAsked: false);
            var item = new DownlinkItem(RealtimeIds.NewItem(), RealtimeIds.NewResponse());
            Host.Downlink.TryEnqueue(item, _apology.Span);
            Host.Downlink.Complete(item);
        }
        EndIfTold();
    }

    private void EndIfTold()
    {
        if (_failure is not { } failure || _isApologyDue || (Channel.Exists && !Channel.IsOpen)) return;
        Host.End(SessionEndReason.AgentFailed, failure.Code, failure.Message);
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
            Host.Downlink.Complete(_item);
            _item = null;
        }
        StopIfFinished();
    }

    private void StopIfFinished()
    {
        if (_playing is not { } playing || !_isDrained || !Host.Downlink.IsEmpty || _inProgress.Contains(playing)) return;
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
        Host.Downlink.Flush(_cut);
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
            Utf8JsonWriter json = Channel.Begin("output_audio_buffer.cleared"u8);
            if (_playing is not null) json.WriteString("response_id"u8, _playing);
            Channel.Send();
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

    private void UpdateSession(ReadOnlySpan<byte> utf8Json)
    {
        if (JsonNodes.TryParseObject(utf8Json) is not { } request || _session.TryMerge(request) is not { } update)
            Channel.Error("invalid_value",
                $"session.update needs an object 'session' of at most {SessionConfiguration.MaximumBytes} bytes.", "session");
        else
        {
            Host.NoteConversation(isTurnOver: false);
            Forward(update);
        }
    }

    private void Forward(ReadOnlySpan<byte> utf8Json)
    {
        if (TrySend(utf8Json)) return;
        if (_failure is { } failure) Channel.Error(failure.Code, failure.Message, errorType: "server_error");
        else Channel.Error("agent_busy", "Too much waits for the agent; the event was not sent.", errorType: "server_error");
    }

    /// <summary>Returns false, and counts the event, if there is no connection or if too much waits for it.</summary>
    private bool TrySend(ReadOnlySpan<byte> utf8Json)
    {
        if (_connection is { } connection && connection.TrySendEvent(utf8Json)) return true;
        Host.Drops.Count(SessionDrop.AgentEventUnsent);
        return false;
    }

    // Returns false if the client has seen this item's event on the connection before.
    private bool Remember(BackendMessage message)
    {
        if (_replayed.TryGetValue(message.ItemId, out int left))
        {
            if (left == 1) _replayed.Remove(message.ItemId);
            else _replayed[message.ItemId] = left - 1;
            return false;
        }
        if (message.Item is not { } item) return true;
        // The transcript of the caller's speech may have come before the item's last event, which has none.
        if (_conversation.Find(item.Id) is { } before) item = item.KeepTextsOf(before);
        if (!_conversation.TryPut(item.Id, item, item.Bytes, message.PreviousItemId))
            _conversation.TryPut(item.Id, item, item.Bytes, previousId: null);
        Host.NoteConversation(isTurnOver: false);
        return true;
    }

    private void RememberTranscript(BackendMessage message)
    {
        if (message.Transcript is not { } transcript
            || _conversation.Find(message.ItemId)?.WithText(message.ContentIndex, transcript) is not { } item) return;
        _conversation.TryPut(item.Id, item, item.Bytes, previousId: null);
        Host.NoteConversation(isTurnOver: false);
    }

    /// <summary>
    /// The audio of these pieces that is not in the downlink is lost. The new backend is told only what the caller heard of them, as after
    /// an interruption. Returns true if the voice was cut.
    /// </summary>
    private bool ForgetUnheard(IReadOnlyList<PlayedPart> parts)
    {
        bool isCut = false;
        foreach (PlayedPart part in parts)
        {
            if (part.PlayedMilliseconds >= part.Milliseconds || Host.Downlink.Find(part.ItemId, part.ContentIndex) is not null) continue;
            isCut = true;
            if (_conversation.Find(part.ItemId) is not { } item) continue;
            RememberedItem heard = item.CutTo(part.ContentIndex, (double)part.PlayedMilliseconds / part.Milliseconds);
            _conversation.TryPut(heard.Id, heard, heard.Bytes, previousId: null);
        }
        return isCut;
    }

    private void SendFailedResponse(string id)
    {
        Utf8JsonWriter json = Channel.Begin("response.done"u8);
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
        Channel.Send();
    }

    private void SendOutputBuffer(ReadOnlySpan<byte> type, string responseId)
    {
        Channel.Begin(type).WriteString("response_id"u8, responseId);
        Channel.Send();
    }
}
