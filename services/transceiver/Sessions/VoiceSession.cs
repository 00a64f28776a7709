using System.Globalization;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Ice;
using Dapr.Voice.Sctp;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// One session: the caller's end (<see cref="PeerSession"/>), the agent, and the media between them. It is created on any thread and then
/// given to one worker, on whose thread it lives. It ends once, and the worker then removes it.
/// </summary>
internal sealed class VoiceSession : IAgentHost, IDisposable
{
    /// <summary>
    /// How many actions of an agent may wait for the worker. A turn of the worker takes milliseconds, so more than this means that a
    /// backend is out of control.
    /// </summary>
    public const int MaximumPendingPosts = 4096;

    /// <summary>
    /// How many bytes of events may wait for a client that reads slower than they come. Above this the client has stopped reading. A gap
    /// would break the dialect, so the session ends.
    /// </summary>
    public const int MaximumWaitingEventBytes = 1024 * 1024;

    private static readonly TimeSpan ChannelNoticeInterval = TimeSpan.FromSeconds(1);

    private readonly PeerSession _peer;
    private readonly Agent _agent;
    private readonly MediaPump _pump;
    private readonly SessionLifecycle _lifecycle;
    private readonly SessionSetup _setup;
    private readonly SessionWorker _worker;
    private readonly TimeProvider _time;
    private readonly bool _sendsAudio;
    private readonly SilenceWatch? _silence;
    private readonly SessionBudget _budget;
    private readonly SessionCheckpoints _checkpoints;
    private CheckpointContent? _resumed;
    private readonly Queue<byte[]> _waitingEvents = new();
    private int _waitingEventBytes;
    private int _pendingPosts;
    private Instant _nextChannelNotice;

    // The part of this session's drops that the worker's sum already contains.
    private readonly long[] _collectedDrops = new long[Enum.GetValues<SessionDrop>().Length];
    private bool _isChannelOpen;
    private bool _isSayingEnd;
    private volatile bool _isLost;
    private string? _endDetail;
    private string? _endMessage;

    public VoiceSession(SessionParts parts, SessionWorker worker, AgentCatalog agents, string agent, TimeProvider time, ILogger logger)
    {
        (Id, Slot, Session, Now, Logger) = (parts.Id, parts.Record.Slot, parts.Record, parts.CreatedAt, logger);
        Asked = parts.Asked;
        (_peer, _worker, _time, _checkpoints, _resumed) = (parts.Peer, worker, time, parts.Checkpoints, parts.Resumed);
        _lifecycle = parts.Resumed is null ? new SessionLifecycle(parts.Limits, parts.CreatedAt)
            : SessionLifecycle.Resume(parts.Limits, parts.StartedAt, parts.Record.EventSequence, parts.CreatedAt);
        _setup = new SessionSetup(parts.Record, isDone: parts.Resumed is not null);
        _sendsAudio = parts.Record.Offer.AudioReceives;
        AnswerFacts answer = parts.Record.Answer;
        _peer.HasSpare = path => (LinkBase.Ingress(path.Base) == LinkFrame.TcpIngress ? answer.TcpIngresses : answer.UdpIngresses) > 1;
        if (parts.Record.Offer.AudioSends) _silence = new SilenceWatch(parts.Limits.AgentRelease);
        _budget = new SessionBudget(Drops);
        Downlink = new DownlinkQueue(Drops);
        _agent = agents.Create(agent, this);
        _pump = new MediaPump(parts.Codec, _agent, Downlink, worker.Lateness, Drops);
    }

    public SessionId Id { get; }
    public int Slot { get; }

    /// <summary>The session's place in the worker's tables. The worker sets it.</summary>
    public int Index { get; set; } = -1;

    public SessionRecord Session { get; private set; }
    public JsonElement? Asked { get; }
    public DownlinkQueue Downlink { get; }
    public SessionDropCounters Drops { get; } = new();
    public ILogger Logger { get; }
    public Instant Now { get; private set; }

    public bool HasEnded => _lifecycle.HasEnded;
    public SessionEndReason EndReason => _lifecycle.EndReason;

    /// <summary>Another transceiver has the session. It says nothing more, not even goodbye.</summary>
    public bool IsLost => _isLost;

    /// <inheritdoc/>
    public bool IsOwner => !_isLost && _worker.IsCertain;

    /// <summary>Its state was taken for a hand-over. It does nothing more here.</summary>
    public bool IsFrozen { get; private set; }

    public bool CanBeHandedOver => _peer.IsConnected && !HasEnded && !IsLost && !IsFrozen;

    /// <summary>The path that packets to the client take. Null before the first check and after the end.</summary>
    public TransportPath? Path => _peer.SelectedPath;

    /// <summary>When <see cref="HandleTimeout"/> is due.</summary>
    public Instant NextTimeout
    {
        get
        {
            var next = Instant.Min(Instant.Min(_peer.NextTimeout, _lifecycle.NextTimeout), _agent.NextTimeout);
            next = Instant.Min(next, Instant.Min(_budget.EventsGoOnAt, _checkpoints.NextTimeout));
            return _silence is not null && _peer.LastHeard is { } heard ? Instant.Min(next, _silence.NextTimeout(heard)) : next;
        }
    }

    /// <summary>When <see cref="SendFrame"/> is due.</summary>
    public Instant NextFrameAt => HasEnded ? Instant.Never : _pump.NextFrameAt;

    /// <inheritdoc cref="MediaPump.UplinkAt"/>
    public Instant LastUplinkAt => _pump.UplinkAt;

    /// <summary>The worker has the session now.</summary>
    public void Start(Instant now)
    {
        Now = now;
        if (_resumed is { } resumed) Continue(resumed, now);
        else _agent.Start();
    }

    /// <summary>Receives a packet of the client. SRTP is decrypted in place. Call <see cref="Advance"/> afterwards.</summary>
    public void Receive(Span<byte> datagram, TransportPath from, Instant now)
    {
        Now = now;
        if (_budget.TryTakePacket(now)) _peer.Receive(datagram, from, now);
    }

    /// <summary>Sends the downlink frame that is due, and moves <see cref="NextFrameAt"/> on.</summary>
    public void SendFrame(SessionScratch scratch, Instant now)
    {
        Now = now;
        if (!_pump.TryNextFrame(now, scratch.Payload, out DownlinkFrame frame)) return;
        if (_sendsAudio) _peer.SendAudio(scratch.Payload.AsSpan(0, frame.Length), frame.RtpTimestampStep, frame.Marker, now);
        else Drops.Count(SessionDrop.MediaNotWanted);
        KeepCheckpoint(now);
    }

    public void HandleTimeout(Instant now)
    {
        Now = now;
        if (_peer.NextTimeout <= now) _peer.HandleTimeout(now);
        _lifecycle.HandleTimeout(now);
        if (!HasEnded && _agent.NextTimeout <= now) _agent.OnTimer(now);
    }

    /// <summary>Says which ingresses are lost or leave.</summary>
    public Func<int, bool> IsIngressLost
    {
        set => _peer.IsBaseLost = value;
    }

    /// <summary>Sends by another ingress if that of the present path is lost. Call <see cref="Advance"/> afterwards.</summary>
    public void LeaveLostIngress(Instant now)
    {
        Now = now;
        _peer.LeaveLostBase(now);
    }

    /// <summary>Passes on what the last input brought: events, the caller's audio and messages.</summary>
    public void Advance(SessionScratch scratch, Instant now)
    {
        Now = now;
        TakeEvents(now);
        WatchSilence(now);
        while (_peer.TryReceiveAudio(scratch.Packet, out int length, out AudioFrameInfo frame, now))
        {
            if (frame.IsLost)
            {
                _pump.OnUplinkLost(now);
                continue;
            }
            if (_budget.TryTakeAudio(now)) _budget.NoteAudio(_pump.OnUplinkPacket(scratch.Packet.AsSpan(0, length), now), now);
            _setup.Note(SetupStep.FirstAudio);
        }
        _budget.BeginEvents();
        while (!HasEnded && _budget.MayReadEvent(_peer.HasMessage, now) && _peer.TryReceiveMessage(out DataChannelMessage message, now))
        {
            _budget.NoteEvent(message.Payload.Length, now);
            // A binary message is read as text: some clients send the bytes of their JSON.
            Span<byte> copy = scratch.Message.AsSpan(0, message.Payload.Length);
            message.Payload.CopyTo(copy);
            // The message may have come together with the opening of its channel.
            TakeEvents(now);
            _agent.OnClientEvent(copy, now);
        }
        TakeEvents(now);
        SendWaitingEvents(now);
        if (_isChannelOpen && !HasEnded && _budget.TryTakeNotice(_peer.Dropped(SctpDropReason.TooManyChunks), now, out string notice))
            _agent.Tell("rate_limit_exceeded", notice);
        KeepCheckpoint(now);
    }

    /// <param name="buffer">At least <see cref="PeerSession.MaximumDatagramBytes"/>.</param>
    public bool TryTransmit(Span<byte> buffer, out int length, out TransportPath to, Instant now)
        => _peer.TryTransmit(buffer, out length, out to, now);

    /// <summary>Continues with new ICE credentials (RFC 8839, section 4.4). Everything above ICE goes on. Worker thread only.</summary>
    public void RestartIce(IceCredentials local, IceCredentials remote, string sealedPassword)
    {
        _peer.RestartIce(local, remote);
        Session = Session with
        {
            LocalUfrag = local.Ufrag,
            Offer = Session.Offer with { IceUfrag = remote.Ufrag, SealedIcePwd = sealedPassword },
        };
        SessionLog.IceRestarted(Logger, Session.CallId);
    }

    /// <inheritdoc/>
    public void NoteConversation(bool isTurnOver) => _checkpoints.Request(isTurnOver ? Now : Now + CheckpointSchedule.TurnWait);

    /// <summary>Another transceiver has the session.</summary>
    public void NoteLost() => _isLost = true;

    /// <summary>What a successor needs, with the state of the peer as it is to be continued. Worker thread only.</summary>
    public CheckpointContent Export(PeerSessionState peer, Instant now, DownlinkState? downlink = null)
        => new(new SessionFacts
        {
            LocalUfrag = Session.LocalUfrag,
            RemoteUfrag = Session.Offer.IceUfrag,
            SealedIcePwd = Session.Offer.SealedIcePwd,
            ConnectedAt = Session.ConnectedAt ?? _time.GetUtcNow(),
            WrittenAt = _time.GetUtcNow(),
            ElapsedMilliseconds = (long)(now - _lifecycle.StartedAt).TotalMilliseconds,
            EventSequence = _lifecycle.EventSequence,
            Relays = _worker.RelaysOf(peer),
            Agent = _agent.ExportState(),
        }, peer, downlink);

    /// <summary>
    /// The exact state without the audio that waits. The session goes on, so nothing may go on from it. Worker thread only.
    /// </summary>
    public FrozenSession Copy(Instant now) => new(Snapshot(now), Export(_peer.ExportState(now), now, new DownlinkState([])));

    /// <summary>Stops the session and returns its exact state. Worker thread only.</summary>
    public FrozenSession Freeze(Instant now)
    {
        FrozenSession exact = new(Snapshot(now), Export(_peer.ExportState(now), now, Downlink.ExportState()));
        IsFrozen = true;
        return exact;
    }

    /// <summary>Nobody has taken the session. It can say goodbye. Worker thread only.</summary>
    public void Thaw() => IsFrozen = false;

    /// <summary>Writes a checkpoint if one is due. Worker thread only.</summary>
    public void KeepCheckpoint(Instant now)
    {
        if (!HasEnded && !IsLost) _checkpoints.Keep(this, _peer, _worker.EpochOf(Slot), now);
    }

    /// <summary>The store may have lost the checkpoint. Worker thread only.</summary>
    public void RenewCheckpoint(Instant at) => _checkpoints.Request(at);

    /// <summary>Deletes the session's checkpoint: it has ended, and nobody continues it. Worker thread only.</summary>
    public void DeleteCheckpoint() => _checkpoints.Delete(_worker.EpochOf(Slot));

    /// <summary>Leaves the session's checkpoint to its next owner. Worker thread only.</summary>
    public void AbandonCheckpoint() => _checkpoints.Abandon();

    /// <inheritdoc/>
    public void End(SessionEndReason reason, string? detail = null, string? message = null)
    {
        if (_lifecycle.TryEnd(reason, Now)) (_endDetail, _endMessage) = (detail, message);
    }

    /// <summary>
    /// Tells the client of an ended session why it ended, unless the client itself ended it or can't be told. Get the packets with <see
    /// cref="TryTransmit"/>, then call <see cref="Close"/>.
    /// </summary>
    public void SayEnd(Instant now)
    {
        Now = now;
        if (!_peer.IsChannelOpen || !SessionEnding.IsTold(EndReason)) return;
        _isSayingEnd = true;
        string? limit = EndReason == SessionEndReason.LimitReached
            ? string.Create(CultureInfo.InvariantCulture, $"The call has reached its longest duration, {Session.MaximumSeconds} seconds.")
            : null;
        _agent.SayEnd(EndReason, _endMessage ?? limit);
    }

    /// <summary>Says goodbye to the client. Get the packets with <see cref="TryTransmit"/>.</summary>
    public void Close(Instant now)
    {
        Now = now;
        _peer.Close(now);
    }

    /// <summary>Returns the record as it is now, with its statistics.</summary>
    public SessionRecord Snapshot(Instant now)
    {
        PeerStatistics peer = _peer.Statistics;
        Instant until = _lifecycle.EndedAt ?? now;
        return Session with
        {
            State = _lifecycle.State,
            EventSequence = _lifecycle.EventSequence,
            EndReason = _lifecycle.EndReason,
            EndDetail = _endDetail,
            EndedAt = HasEnded ? Session.EndedAt ?? _time.GetUtcNow() : null,
            Statistics = new SessionStatistics(
                peer.RtpReceived, peer.RtpSent, Math.Max(0, peer.RtpLost), Math.Round(peer.JitterMilliseconds, 2),
                peer.RoundTripMilliseconds is { } roundTrip ? Math.Round(roundTrip, 2) : null,
                (long)(until - _lifecycle.StartedAt).TotalMilliseconds),
        };
    }

    /// <inheritdoc/>
    public void SendEvent(ReadOnlySpan<byte> utf8Json)
    {
        if ((HasEnded && !_isSayingEnd) || !_peer.IsChannelOpen)
        {
            Drops.Count(SessionDrop.ClientEventNoChannel);
            return;
        }
        if (_waitingEvents.Count == 0 && _peer.SendText(utf8Json, Now)) return;
        _waitingEventBytes += utf8Json.Length;
        if (_waitingEventBytes <= MaximumWaitingEventBytes)
        {
            _waitingEvents.Enqueue(utf8Json.ToArray());
            return;
        }
        Drops.Count(SessionDrop.ClientEventQueueFull);
        End(SessionEndReason.Error);
    }

    /// <inheritdoc/>
    public void Post(Action action)
    {
        if (Interlocked.Increment(ref _pendingPosts) > MaximumPendingPosts)
        {
            Interlocked.Decrement(ref _pendingPosts);
            Drops.Count(SessionDrop.AgentPostsFull);
            _worker.End(Id, SessionEndReason.AgentFailed);
            return;
        }
        _worker.Post(this, action);
    }

    /// <summary>Runs an action of <see cref="Post"/>, unless the session has ended. Worker thread only.</summary>
    public void Run(Action action, Instant now)
    {
        Interlocked.Decrement(ref _pendingPosts);
        if (HasEnded || IsFrozen) return;
        Now = now;
        action();
    }

    /// <summary>
    /// Adds what this session has dropped since the last call to <paramref name="sum"/>. It allocates nothing. Worker thread only.
    /// </summary>
    /// <param name="scratch">One element for each <see cref="SessionDrop"/>.</param>
    public void CollectDrops(Span<long> scratch, SessionDropCounters sum)
    {
        for (int i = 0; i < scratch.Length; i++) scratch[i] = Drops[(SessionDrop)i];
        PeerDropTable.Read(_peer, scratch);
        for (int i = 0; i < scratch.Length; i++)
        {
            if (scratch[i] == _collectedDrops[i]) continue;
            sum.Count((SessionDrop)i, scratch[i] - _collectedDrops[i]);
            _collectedDrops[i] = scratch[i];
        }
    }

    public void Dispose()
    {
        _setup.End(EndReason);
        _agent.Dispose();
        _pump.Dispose();
        Downlink.Dispose();
        _peer.Dispose();
    }

    private void Continue(CheckpointContent resumed, Instant now)
    {
        _resumed = null;
        _isChannelOpen = _peer.IsChannelOpen;
        if (resumed.Downlink is { } waiting) Downlink.Import(waiting);
        _agent.Continue(resumed.Facts.Agent, _isChannelOpen);
        _pump.Start(now);
        AgentState agent = resumed.Facts.Agent;
        SessionLog.Resumed(Logger, Session.CallId, $"{(long)(_time.GetUtcNow() - resumed.Facts.WrittenAt).TotalMilliseconds} ms after its "
            + $"last checkpoint; agent {Session.Agent}, {agent.Items.Count + agent.LocalItems.Count} items of the conversation");
        _worker.OnResumed(Snapshot(now), isHandedOver: resumed.Downlink is not null);
        // Nothing is sent before our own checkpoint is in the store, unless the state is exact and leases numbers itself.
        if (resumed is { Downlink: not null, Peer.Lease: not null }) _checkpoints.Defer(now + CheckpointSchedule.AfterHandOver);
        KeepCheckpoint(now);
    }

    private void WatchSilence(Instant now)
    {
        if (_silence is null || HasEnded || _peer.LastHeard is not { } heard) return;
        switch (_silence.Next(heard, now))
        {
            case SilenceStep.Ask:
                _peer.AskForLife(now);
                break;
            case SilenceStep.Release:
                _agent.Release();
                _worker.Counters.CountAgentRelease();
                SessionLog.AgentReleased(Logger, Session.CallId);
                break;
            case SilenceStep.Resume:
                _agent.Resume();
                SessionLog.AgentResumed(Logger, Session.CallId);
                break;
        }
    }

    private void TakeEvents(Instant now)
    {
        while (_peer.TryTakeEvent(out PeerEvent occurred))
        {
            switch (occurred.Kind)
            {
                case PeerEventKind.IceConnected:
                    _setup.Note(SetupStep.IceConnected);
                    if (_lifecycle.NoteIceConnected(now)) OnConnected(now);
                    break;
                case PeerEventKind.DtlsConnected:
                    _setup.Note(SetupStep.DtlsConnected);
                    _pump.Start(now);
                    if (_lifecycle.NoteDtlsConnected(now)) OnConnected(now);
                    break;
                case PeerEventKind.ChannelOpened:
                    if (!_isChannelOpen) _setup.Note(SetupStep.ChannelOpen);
                    _isChannelOpen = true;
                    if (!HasEnded) _agent.OnChannelOpen();
                    break;
                case PeerEventKind.SecondEventsChannel when !HasEnded:
                    _agent.Tell("second_events_channel",
                        $"This call has an events channel. The second channel '{PeerSession.EventsLabel}' is closed.");
                    break;
                case PeerEventKind.MessageOnOtherChannel when !HasEnded && _nextChannelNotice <= now:
                    _nextChannelNotice = now + ChannelNoticeInterval;
                    _agent.Tell("unknown_channel", "Messages on this data channel are not read. Send events on the channel "
                        + $"'{PeerSession.EventsLabel}', or on your first channel if none has that label.");
                    break;
                case PeerEventKind.PathChanged:
                    _checkpoints.NotePathMoved(now);
                    break;
                case PeerEventKind.ChannelClosed:
                    End(SessionEndReason.ClientHangup);
                    break;
                case PeerEventKind.Closed when occurred.Reason != PeerCloseReason.Local:
                    End(ReasonOf(occurred.Reason));
                    break;
            }
        }
    }

    private void SendWaitingEvents(Instant now)
    {
        while (_waitingEvents.TryPeek(out byte[]? next) && _peer.SendText(next, now))
        {
            _waitingEventBytes -= next.Length;
            _waitingEvents.Dequeue();
        }
    }

    private void OnConnected(Instant now)
    {
        SessionSetup.NoteConnected(now - _lifecycle.StartedAt);
        Session = Session with { State = SessionState.Connected, ConnectedAt = _time.GetUtcNow(),
            EventSequence = _lifecycle.EventSequence };
        _worker.OnConnected(this, Snapshot(now));
    }

    private static SessionEndReason ReasonOf(PeerCloseReason reason) => reason switch
    {
        PeerCloseReason.ByPeer => SessionEndReason.ClientHangup,
        PeerCloseReason.ConsentExpired => SessionEndReason.ConsentExpired,
        PeerCloseReason.IceFailed => SessionEndReason.SetupTimeout,
        PeerCloseReason.DtlsFailed => SessionEndReason.DtlsFailed,
        PeerCloseReason.FingerprintMismatch => SessionEndReason.FingerprintMismatch,
        _ => SessionEndReason.Error,
    };
}
