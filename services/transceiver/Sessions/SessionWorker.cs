using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Ice;
using Dapr.Voice.Links;
using Dapr.Voice.Ownership;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Link;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// One thread with its own link port, the sessions of its slots, and everything that happens to them. In each turn it sends the downlink
/// frames that are due, and then handles arrived packets, timers and commands of other threads. Handling a packet never allocates, locks,
/// logs or waits. A session whose code throws ends, and the worker goes on.
/// </summary>
internal sealed partial class SessionWorker : IDisposable
{
    /// <summary>A session without a record is not looked up again for this long.</summary>
    public static readonly TimeSpan MissLifetime = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For so long after a slot came here, any packet of an unknown session makes us look it up, and not only a check. Clients send a check
    /// every 2.5 to 6 s, and their consent lasts 30 s.
    /// </summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(30);

    /// <summary>Packets of an ended session keep coming until its client notices the end. Its consent takes 30 s to expire.</summary>
    public static readonly TimeSpan GoneLifetime = TimeSpan.FromSeconds(60);

    // How soon a fenced worker looks again whether it is confirmed.
    private static readonly TimeSpan FencedTurn = TimeSpan.FromMilliseconds(10);

    // A command is rare, but an agent's audio comes in bursts. Frames that become due meanwhile are sent after each command.
    private const int CommandsPerTurn = 256;

    // Those of twenty calls at once were heard: a gap of 80 to 100 ms (./voice drill store-lost-3s).
    private static readonly TimeSpan BetweenCheckpoints = TimeSpan.FromMilliseconds(30);

    // What may come for the few sessions of a step while they stand still, in all workers. In base64 it has a megabyte at most, and
    // a sidecar takes requests of four.
    private const int MaximumHeldPackets = 512;

    // Collecting the drops of 100 sessions takes about 20 µs.
    private static readonly TimeSpan CollectionInterval = TimeSpan.FromSeconds(1);

    // A pause is noticed by a turn that comes late, so turns come often enough.
    private readonly TimeSpan _longestWait;
    private readonly SendFence _fence;

    private readonly SlotTable _slots;
    private readonly SessionDirectory _directory;
    private readonly SessionReporter _reporter;
    private readonly HintKeyRing _hintKeys;
    private readonly KeyRing _passwordKeys;
    private readonly byte _region;
    private readonly int _workerCount;
    private readonly Func<bool> _isAdmitting;
    private readonly LinkNews _news;
    private readonly Func<int, bool> _isIngressLost;
    private readonly ILogger _logger;
    private readonly LinkPort _port;
    private readonly LinkAcceptor _acceptor;
    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<WorkerCommand> _inbox = new();
    private readonly SessionScratch _scratch = new();
    private readonly Dictionary<SessionId, VoiceSession> _sessions = [];

    // The sessions that stand still or have been given away in the hand-over that runs, and what came for them.
    private readonly Dictionary<SessionId, Handing> _handing = [];
    private readonly List<HandedPacket> _held = [];
    private readonly List<Standstill> _standstills = [];
    private readonly VoiceSession?[] _byIndex;
    private readonly Stack<int> _freeIndices;
    private readonly DeadlineHeap _timers;
    private readonly DeadlineHeap _frames;
    private readonly DatagramShelf _shelf = new();
    private readonly RecentIds _gone = new();
    private RecordLoader? _loader;
    private readonly long[] _epochs;
    private volatile string[] _relays = [];
    private int _slotVersion = -1;
    private Instant _slotsSettleAt = Instant.Zero;
    private Instant _announcedAt;
    private Instant _nextCollection;
    private volatile bool _isStopping, _isFenced;
    private long _ranAt;
    private long _relaysHeardAt = Instant.Never.Ticks;

    /// <param name="index">0 to <paramref name="workerCount"/> - 1. The worker has the slots whose number leaves that remainder.</param>
    /// <param name="endpoint">The endpoint of <paramref name="port"/> that relays are told.</param>
    /// <param name="port">Bound to a private address. The worker owns it from here on.</param>
    /// <param name="isAdmitting">Says whether new sessions may come. The worker's thread calls it, and it must not wait.</param>
    public SessionWorker(
        int index, int workerCount, LinkEndpoint endpoint, LinkPort port, HintKeyRing hintKeys, KeyRing passwordKeys, byte region,
        SlotTable slots, SessionDirectory directory, SessionReporter reporter, Func<bool> isAdmitting, LinkNews news, ILogger logger)
    {
        (Index, _workerCount, Endpoint, _port, _acceptor, _hintKeys, _passwordKeys, _region) = (
            index, workerCount, endpoint, port, port.Acceptor, hintKeys, passwordKeys, region);
        (_slots, _directory, _reporter, _isAdmitting, _news, _logger) = (slots, directory, reporter, isAdmitting, news, logger);
        _isIngressLost = @base => _acceptor.IsLost(LinkBase.Link(@base));
        _longestWait = slots.Timing.Fence / 3;
        _fence = new SendFence(slots.Timing, MonotonicClock.Now);
        _poller = new SocketPoller(_wakeUp, port.Transport.Descriptor);
        _byIndex = new VoiceSession?[directory.Capacity];
        _epochs = new long[slots.SlotCount];
        _freeIndices = new Stack<int>(Enumerable.Range(0, directory.Capacity).Reverse());
        _timers = new DeadlineHeap(directory.Capacity);
        _frames = new DeadlineHeap(directory.Capacity);
        _thread = new Thread(Loop) { Name = $"worker-{index}", IsBackground = true };
        slots.Changed += _wakeUp.Signal;
    }

    public int Index { get; }
    public LinkEndpoint Endpoint { get; }
    public WorkerCounters Counters { get; } = new();
    public LatenessHistogram Lateness { get; } = new();
    public LinkTransportCounters LinkCounters => _port.Transport.Counters;
    /// <summary>The number of link connections that ended, by reason.</summary>
    public IEnumerable<KeyValuePair<string, long>> LinkCloses => _port.Transport.Closes;
    public LinkDropCounters LinkDrops => _acceptor.Drops;

    /// <summary>The number of links that were up in the last turn of the loop.</summary>
    public int LinksUp { get; private set; }

    /// <summary>When a relay was heard last. <see cref="Instant.Never"/> before the first time. Any thread.</summary>
    public Instant RelaysHeardAt => new(Volatile.Read(ref _relaysHeardAt));

    /// <summary>
    /// False if the thread stands still, or stood still and its slots are not confirmed. Somebody else may have them then. Any thread.
    /// </summary>
    public bool IsCertain => !_isFenced && MonotonicClock.Now.Ticks - Volatile.Read(ref _ranAt) <= _slots.Timing.Fence.Ticks;

    /// <param name="loader">Reads the records of sessions whose first packet comes before their record.</param>
    public void Start(RecordLoader loader)
    {
        _loader = loader;
        _thread.Start();
    }

    /// <summary>Ends the loop after queued packets are sent, and waits for its end. All sessions should have ended before.</summary>
    public void Stop()
    {
        _isStopping = true;
        _wakeUp.Signal();
        if (_thread.IsAlive) _thread.Join(TimeSpan.FromSeconds(2));
    }

    /// <summary>Gives a session and its reservation to the worker. Any thread.</summary>
    public void Add(VoiceSession session) => Enqueue(null, () => Admit(session, MonotonicClock.Now));

    /// <summary>
    /// The record of a session does not exist, or no session can be made from it. If it has ended, its client is told now. Any thread.
    /// </summary>
    /// <param name="lifetime">The session is not looked up again for this long.</param>
    public void NoteNotLoaded(SessionId id, TimeSpan lifetime) => Enqueue(null, () =>
    {
        Instant now = MonotonicClock.Now;
        bool hasEnded = _directory.HasEnded(id);
        for (int i = 0; hasEnded && _shelf.TryGet(id.Value, i, out Span<byte> datagram, out TransportPath from); i++)
            Refuse(new LinkData(id, from, false, datagram), now);
        AbandonShelf(id.Value);
        _gone.Add(id.Value, now + (hasEnded ? GoneLifetime : lifetime));
    });

    /// <summary>Ends a session if it is here. Any thread.</summary>
    public void End(SessionId id, SessionEndReason reason) => Enqueue(null, () =>
    {
        if (_sessions.TryGetValue(id, out VoiceSession? session)) Bury(session, reason, MonotonicClock.Now);
    });

    /// <summary>Ends every session. The task completes when all have ended. Any thread.</summary>
    public Task EndAllAsync(SessionEndReason reason)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(null, () =>
        {
            foreach (VoiceSession session in _sessions.Values.ToArray()) Bury(session, reason, MonotonicClock.Now);
            done.TrySetResult();
        });
        return done.Task;
    }

    /// <summary>Returns the record of a live session with its statistics, or null if it is not here. Any thread.</summary>
    public Task<SessionRecord?> InspectAsync(SessionId id)
    {
        var result = new TaskCompletionSource<SessionRecord?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(null, () => result.TrySetResult(
            _sessions.TryGetValue(id, out VoiceSession? session) ? session.Snapshot(MonotonicClock.Now) : null));
        return result.Task;
    }

    /// <summary>Hands the records of all live sessions, as they are now, to an action. It never waits. Any thread.</summary>
    public void NoteStoreLost(Action<IEnumerable<SessionRecord>> take) => Enqueue(null, () =>
    {
        Instant now = MonotonicClock.Now;
        VoiceSession[] sessions = [.. _sessions.Values];
        take(sessions.Select(session => session.Snapshot(now)).ToArray());
        for (int i = 0; i < sessions.Length; i++)
        {
            sessions[i].RenewCheckpoint(now + (i + 1) * BetweenCheckpoints);
            Settle(sessions[i], now);
        }
    });

    /// <summary>
    /// Continues a session with new ICE credentials of its caller. Returns our new ufrag, or null if the session is not here. Any thread.
    /// </summary>
    /// <param name="sealedPassword">The caller's password, sealed for the record.</param>
    public Task<string?> RestartIceAsync(SessionId id, IceCredentials remote, string sealedPassword, SessionFactory factory)
    {
        var result = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(null, () =>
        {
            string? ufrag = null;
            if (_sessions.TryGetValue(id, out VoiceSession? session)
                && factory.NextLocal(session.Session.LocalUfrag) is { } local)
            {
                session.RestartIce(local, remote, sealedPassword);
                ufrag = local.Ufrag;
            }
            result.TrySetResult(ufrag);
        });
        return result.Task;
    }

    /// <summary>The epoch under which a slot is served, or null if it is not. Any thread.</summary>
    public long? EpochOf(int slot) => _slots.EpochOf(slot);

    /// <summary>
    /// The relays' workers on the paths of a session, by the number of their links here. The numbers differ from transceiver to
    /// transceiver, and the names do not. Any thread.
    /// </summary>
    public IReadOnlyDictionary<int, string> RelaysOf(PeerSessionState peer)
    {
        string[] relays = _relays;
        return peer.Ice.Paths.Select(path => LinkBase.Link(path.Path.Base)).Distinct().Where(link => (uint)link < (uint)relays.Length)
            .ToDictionary(link => link, link => relays[link]);
    }

    /// <summary>
    /// Finds the number here of a relay's worker that another transceiver named. Returns -1 if it has no link here. Any thread.
    /// </summary>
    public int FindRelay(string name)
    {
        string[] relays = _relays;
        int same = Array.IndexOf(relays, name);
        return same >= 0 ? same : Array.FindIndex(relays, relay => LinkRelayId.FamilyOf(relay).SequenceEqual(LinkRelayId.FamilyOf(name)));
    }

    /// <summary>The slots with a session that can be handed over. Any thread.</summary>
    public Task<int[]> ConnectedSlotsAsync()
    {
        var result = new TaskCompletionSource<int[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(null, () =>
        {
            HashSet<int> connected = [];
            foreach (VoiceSession session in _sessions.Values)
            {
                if (session.CanBeHandedOver) connected.Add(session.Slot);
            }
            result.TrySetResult([.. connected]);
        });
        return result.Task;
    }

    /// <summary>
    /// The states of the sessions of some slots that can be handed over, without the audio that waits. They go on. Any thread.
    /// </summary>
    public Task<IReadOnlyList<FrozenSession>> CopyAsync(IReadOnlySet<int> slots)
    {
        var result = new TaskCompletionSource<IReadOnlyList<FrozenSession>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(null, () =>
        {
            var copies = new List<FrozenSession>();
            foreach (VoiceSession session in SessionsOf(slots))
            {
                if (session.CanBeHandedOver) copies.Add(session.Copy(MonotonicClock.Now));
            }
            result.TrySetResult(copies);
        });
        return result.Task;
    }

    /// <summary>
    /// Stops the sessions of some slots that can be handed over, at a good moment within a frame, and returns their exact states. They send
    /// nothing from then on. Any thread.
    /// </summary>
    /// <param name="isLate">There is no time to wait for a good moment.</param>
    public Task<IReadOnlyList<FrozenSession>> FreezeAsync(IReadOnlySet<int> slots, bool isLate = false)
    {
        var result = new TaskCompletionSource<IReadOnlyList<FrozenSession>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(null, () =>
        {
            var moment = new StandstillMoment(MonotonicClock.Now);
            foreach (VoiceSession session in SessionsOf(slots))
            {
                if (session.CanBeHandedOver && !isLate) moment.Add(session.NextFrameAt, session.LastUplinkAt);
            }
            _standstills.Add(new Standstill(slots, moment.Choose(), result));
        });
        return result.Task;
    }

    private void BeginStandstills(Instant until)
    {
        if (_standstills.Count == 0) return;
        SendDueFrames();
        for (int i = _standstills.Count - 1; i >= 0; i--)
        {
            Standstill due = _standstills[i];
            if (due.At > until) continue;
            _standstills.RemoveAt(i);
            due.Frozen.TrySetResult(Freeze(due.Slots));
        }
    }

    private List<FrozenSession> Freeze(IReadOnlySet<int> slots)
    {
        Instant now = MonotonicClock.Now;
        var frozen = new List<FrozenSession>();
        foreach (VoiceSession session in SessionsOf(slots))
        {
            if (!session.CanBeHandedOver) continue;
            try
            {
                Transmit(session, now);
                frozen.Add(session.Freeze(now));
                _handing[session.Id] = new Handing(session.Session.CallId, session.Slot, session.Path);
                _timers.Remove(session.Index);
                _frames.Remove(session.Index);
            }
            catch (Exception e)
            {
                session.Thaw();
                Fail(session, e, now);
            }
        }
        _port.FlushPackets(now);
        return frozen;
    }

    // A list, because whoever asks may take sessions away.
    private List<VoiceSession> SessionsOf(IReadOnlySet<int> slots)
    {
        var found = new List<VoiceSession>();
        foreach (VoiceSession session in _sessions.Values)
        {
            if (slots.Contains(session.Slot)) found.Add(session);
        }
        return found;
    }

    /// <summary>
    /// What came for stopped sessions since the last call, in the order in which it came. Any thread.
    /// </summary>
    public Task<IReadOnlyList<HandedPacket>> TakeHeldAsync()
    {
        var result = new TaskCompletionSource<IReadOnlyList<HandedPacket>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(null, () =>
        {
            result.TrySetResult([.. _held]);
            _held.Clear();
        });
        return result.Task;
    }

    /// <summary>
    /// A packet that came to the owner before, while it handed the session over. It is dropped if the session is not here. Any thread.
    /// </summary>
    public void Deliver(SessionId id, byte[] packet) => Enqueue(null, () =>
    {
        if (_sessions.TryGetValue(id, out VoiceSession? session) && session.Path is { } path)
            Deliver(session, packet, path, MonotonicClock.Now);
        else Counters.CountDrop(SessionDrop.HandingOver);
    });

    /// <summary>
    /// The hand-over of some slots is over. The sessions of those that were given away are dropped in silence, and the others end. Any
    /// thread.
    /// </summary>
    public void EndFrozen(IReadOnlySet<int> slots, IReadOnlySet<int> given) => Enqueue(null, () =>
    {
        Instant now = MonotonicClock.Now;
        foreach (VoiceSession session in SessionsOf(slots))
        {
            if (!session.IsFrozen) continue;
            if (given.Contains(session.Slot))
            {
                Lose(session, now);
                continue;
            }
            session.Thaw();
            Bury(session, SessionEndReason.Drain, now);
        }
        // A rehearsal has no slots. A real hand-over may run beside it.
        if (slots.Count == 0) return;
        foreach ((SessionId id, Handing handing) in _handing)
        {
            if (slots.Contains(handing.Slot)) _handing.Remove(id);
        }
        foreach (HandedPacket _ in _held) Counters.CountDrop(SessionDrop.HandingOver);
        _held.Clear();
    });

    /// <summary>Runs an action of a session's agent. Any thread.</summary>
    public void Post(VoiceSession session, Action action) => Enqueue(session, action);

    /// <summary>A session of this worker has become connected. Worker thread only.</summary>
    public void OnConnected(VoiceSession session, SessionRecord record)
    {
        _directory.NoteConnected();
        _reporter.Report(record);
        LogConnected(_logger, record.CallId, record.Agent);
    }

    /// <summary>A session of another transceiver goes on in this worker. Worker thread only.</summary>
    /// <param name="isHandedOver">Its owner has handed it over, and did not die.</param>
    public void OnResumed(SessionRecord record, bool isHandedOver)
    {
        _directory.NoteResumed();
        _reporter.Report(record, isHandedOver ? LifecycleEventTypes.SessionMoved : LifecycleEventTypes.SessionResumed);
    }

    public void Dispose()
    {
        Stop();
        _slots.Changed -= _wakeUp.Signal;
        foreach (VoiceSession session in _sessions.Values) session.Dispose();
        _poller.Dispose();
        _wakeUp.Dispose();
        _port.Dispose();
    }

    private void Enqueue(VoiceSession? session, Action action)
    {
        _inbox.Enqueue(new WorkerCommand(session, action));
        _wakeUp.Signal();
    }

    private void Loop()
    {
        MediaThread.TryRaise();
        while (!_isStopping)
        {
            try
            {
                Turn();
            }
            catch (Exception e)
            {
                // The code of sessions is caught where it is called. So this is a fault of the loop itself, and the next turn starts anew.
                Counters.CountLoopFault();
                LogLoopFault(_logger, Index, e);
            }
        }
        for (int left = _inbox.Count; left > 0; left -= CommandsPerTurn) DrainInbox();
        BeginStandstills(Instant.Never);
        _port.Flush(MonotonicClock.Now);
    }

    private void Turn()
    {
        CheckFence(MonotonicClock.Now);
        SendDueFrames();
        int received = _port.Receive(MonotonicClock.Now);
        for (int i = 0; i < received; i++)
        {
            ReadLink(i);
            SendDueFrames();
        }
        Volatile.Write(ref _relaysHeardAt, _acceptor.LastHeard.Ticks);
        // Whoever stood still must not hold the silence against anybody, nor end what another owner may have.
        if (_fence.IsOpen) RunTimers();
        SyncSlots();
        DrainInbox();
        Instant now = MonotonicClock.Now;
        BeginStandstills(now);
        _port.HandleTimeout(now);
        TakeLinkEvents();
        CollectDrops(now);
        _port.Flush(now);
        Counters.NoteTurn(GC.GetAllocatedBytesForCurrentThread());
        if (received > 0 || !_inbox.IsEmpty) return;

        var wakeAt = Instant.Min(Instant.Min(_frames.Earliest, _fence.IsOpen ? _timers.Earliest : now + FencedTurn), _port.NextTimeout);
        foreach (Standstill waiting in _standstills) wakeAt = Instant.Min(wakeAt, waiting.At);
        now = MonotonicClock.Now;
        TimeSpan wait = wakeAt > now + _longestWait ? _longestWait : wakeAt - now;
        if (wait > TimeSpan.Zero) _poller.Wait(wait);
    }

    /// <summary>
    /// Notices that this thread stood still. Its slots may have another owner then, so it sends nothing until the store, or a relay that
    /// acknowledges the announcement of the slots, confirms that they are ours.
    /// </summary>
    private void CheckFence(Instant now)
    {
        if (_fence.Run(now, _slots.ConfirmedAt))
        {
            _slots.WantConfirmation();
            // Announces the slots again.
            _slotVersion = -1;
            LogStoodStill(_logger, Index);
        }
        else if (!_fence.IsOpen && _slotVersion >= 0 && _acceptor.IsAcknowledged) _fence.Confirm(_announcedAt);
        _isFenced = !_fence.IsOpen;
        Volatile.Write(ref _ranAt, now.Ticks);
    }

    private void SendDueFrames()
    {
        Instant now = MonotonicClock.Now;
        if (_frames.Earliest > now) return;
        CheckFence(now);
        while (_frames.TryPeekDue(now, out int index, out _))
        {
            VoiceSession session = _byIndex[index]!;
            try
            {
                session.SendFrame(_scratch, now);
                Settle(session, now);
            }
            catch (Exception e)
            {
                Fail(session, e, now);
            }
            now = MonotonicClock.Now;
        }
        _port.FlushPackets(now);
    }

    private void RunTimers()
    {
        Instant now = MonotonicClock.Now;
        while (_timers.TryPeekDue(now, out int index, out _))
        {
            VoiceSession session = _byIndex[index]!;
            try
            {
                session.HandleTimeout(now);
                session.Advance(_scratch, now);
                Settle(session, now);
                // A timer that stays due would make this loop endless and delay all other sessions. So it waits for the next turn.
                if (session.Index >= 0 && session.NextTimeout <= now) _timers.Set(session.Index, now + TimeSpan.FromMilliseconds(1));
            }
            catch (Exception e)
            {
                Fail(session, e, now);
            }
            SendDueFrames();
        }
    }

    private void ReadLink(int unit)
    {
        Instant now = MonotonicClock.Now;
        LinkAcceptor.Frames frames = _port.Read(unit, now);
        while (frames.TryRead(out LinkData data))
        {
            if (_handing.Count > 0 && _handing.TryGetValue(data.SessionId, out Handing? handing)) Hold(handing, data);
            else if (_sessions.TryGetValue(data.SessionId, out VoiceSession? session)) Deliver(session, data.Payload, data.Path, now);
            else OnUnknownSession(data, now);
        }
    }

    /// <summary>The caller's voice and events go after the session. Checks are sent again, and belong to a path.</summary>
    private void Hold(Handing handing, in LinkData data)
    {
        bool isCheck = DatagramDemultiplexer.Classify(data.Payload) == DatagramKind.Stun;
        if (!isCheck && data.Path == handing.Path && _held.Count < MaximumHeldPackets / _workerCount)
            _held.Add(new HandedPacket(handing.CallId, data.Payload.ToArray()));
        else Counters.CountDrop(SessionDrop.HandingOver);
    }

    private void Deliver(VoiceSession session, Span<byte> packet, TransportPath from, Instant now)
    {
        if (session.IsFrozen)
        {
            Counters.CountDrop(SessionDrop.HandingOver);
            return;
        }
        // What came while this thread stood still has gone to another owner, too, if there is one. Its agent would hear it twice.
        if (!_fence.IsOpen)
        {
            Counters.CountDrop(SessionDrop.Fenced);
            return;
        }
        Counters.CountPacketIn();
        try
        {
            session.Receive(packet, from, now);
            session.Advance(_scratch, now);
            Settle(session, now);
        }
        catch (Exception e)
        {
            Fail(session, e, now);
        }
    }

    /// <summary>
    /// Runs after anything that happened to a session. Sends its packets, and sets its timer again or removes it if it has ended.
    /// </summary>
    private void Settle(VoiceSession session, Instant now)
    {
        if (session.IsFrozen) return;
        if (session.IsLost)
        {
            Lose(session, now);
            return;
        }
        if (session.HasEnded)
        {
            Bury(session, session.EndReason, now);
            return;
        }
        Transmit(session, now);
        _timers.Set(session.Index, session.NextTimeout);
        _frames.Set(session.Index, session.NextFrameAt);
    }

    private void Transmit(VoiceSession session, Instant now)
    {
        while (session.TryTransmit(_scratch.Packet, out int length, out TransportPath to, now))
        {
            if (!_fence.IsOpen) Counters.CountDrop(SessionDrop.Fenced);
            else if (_port.TrySend(session.Id, to, _scratch.Packet.AsSpan(0, length), now)) Counters.CountPacketOut();
            else Counters.CountDrop(SessionDrop.NoLink);
        }
    }

    /// <summary>Tells the client of an ended session that it has ended.</summary>
    private void Refuse(in LinkData data, Instant now)
    {
        if (CheckRefusal.TryWrite(data.Payload, data.SessionId, _hintKeys, _passwordKeys, _scratch.Packet, out int length)
            && !_port.TrySend(data.SessionId, data.Path, _scratch.Packet.AsSpan(0, length), now))
            Counters.CountDrop(SessionDrop.NoLink);
    }

    private void OnUnknownSession(in LinkData data, Instant now)
    {
        ulong id = data.SessionId.Value;
        if (data.Payload.Length > DatagramShelf.MaximumDatagramBytes) Counters.CountDrop(SessionDrop.Oversized);
        else if (_shelf.Contains(id))
        {
            if (!_shelf.TryAdd(id, data.Payload, data.Path)) Counters.CountDrop(SessionDrop.ShelfFull);
        }
        else if (_directory.HasEnded(data.SessionId))
        {
            Counters.CountDrop(SessionDrop.SessionGone);
            Refuse(data, now);
        }
        // A session without a record may still get one.
        else if (_gone.Contains(id, now)) Counters.CountDrop(SessionDrop.SessionGone);
        else if (!StunMessage.TryParse(data.Payload, out StunMessage stun, out _) || stun.Class != StunClass.Request)
        {
            // The client of a session whose owner was lost sends audio long before its next check. A relay passes on only what belongs to a
            // flow that a check has opened, and the shelf limits what it costs.
            if (now < _slotsSettleAt && _isAdmitting()) Load(data, isProven: false);
            else Counters.CountDrop(SessionDrop.UnknownSession);
        }
        else if (!RoutingHint.TryDecode(stun.Username, _hintKeys, out RoutingHint hint, out _) || hint.SessionId != data.SessionId)
        Counters.CountDrop(SessionDrop.BadHint);
        else if (!CheckRefusal.IsAuthentic(stun, _passwordKeys, _scratch.Packet.AsSpan(0, IcePassword.TextLength)))
        Counters.CountDrop(SessionDrop.UnauthenticCheck);
        else if (hint.Region != _region || hint.Slot % _workerCount != Index || !_slots.IsServed(hint.Slot))
        Counters.CountDrop(SessionDrop.NotOurSlot);
        else if (!_isAdmitting()) Counters.CountDrop(SessionDrop.NotAdmitting);
        else Load(data, isProven: true);
    }

    /// <param name="isProven">The packet is a valid check of the session. Others can only continue a session that is connected.</param>
    private void Load(in LinkData data, bool isProven)
    {
        if (!_shelf.TryOpen(data.SessionId.Value))
        {
            Counters.CountDrop(SessionDrop.TooManyLoads);
            return;
        }
        _shelf.TryAdd(data.SessionId.Value, data.Payload, data.Path);
        _loader!.Start(data.SessionId, this, data.Path, isProven);
    }

    private void Admit(VoiceSession session, Instant now)
    {
        if (_isStopping || _sessions.ContainsKey(session.Id) || _freeIndices.Count == 0)
        {
            Discard(session);
            return;
        }
        // The session came and ended while a second look-up of it was running.
        if (!_directory.TryNoteLiving(session.Id, this))
        {
            AbandonShelf(session.Id.Value);
            Discard(session);
            return;
        }
        session.Index = _freeIndices.Pop();
        session.IsIngressLost = _isIngressLost;
        _byIndex[session.Index] = session;
        _sessions.Add(session.Id, session);
        try
        {
            session.Start(now);
            Settle(session, now);
        }
        catch (Exception e)
        {
            Fail(session, e, now);
        }
        DeliverShelved(session, now);
    }

    private void DeliverShelved(VoiceSession session, Instant now)
    {
        for (int i = 0; _shelf.TryGet(session.Id.Value, i, out Span<byte> datagram, out TransportPath from); i++)
        {
            // One of the datagrams may have ended the session.
            if (session.Index >= 0) Deliver(session, datagram, from, now);
            else Counters.CountDrop(SessionDrop.SessionGone);
        }
        _shelf.Close(session.Id.Value);
    }

    private void AbandonShelf(ulong id) => Counters.Drops.Count(SessionDrop.ShelfAbandoned, _shelf.Close(id));

    private void CollectDrops(Instant now)
    {
        if (now < _nextCollection) return;
        _nextCollection = now + CollectionInterval;
        foreach (VoiceSession session in _sessions.Values) session.CollectDrops(_scratch.Drops, Counters.Drops);
    }

    private void Discard(VoiceSession session)
    {
        _directory.Release(session.Slot);
        session.Dispose();
    }

    /// <summary>The session's own code threw. The session ends, and the others do not notice.</summary>
    private void Fail(VoiceSession session, Exception exception, Instant now)
    {
        Counters.CountSessionFault();
        LogSessionFault(_logger, session.Session.CallId, exception);
        Bury(session, SessionEndReason.Error, now);
    }

    /// <summary>Completes the end of a session, once: it says goodbye to the client, tells the relays, and reports the end.</summary>
    private void Bury(VoiceSession session, SessionEndReason reason, Instant now)
    {
        if (session.Index < 0) return;
        session.End(reason);
        // The goodbye drops what is still queued, so the reason is sent first.
        Try(session, session.SayEnd, now);
        Try(session, session.Close, now);
        _acceptor.SendGone(session.Id);
        session.DeleteCheckpoint();
        Remove(session);
        _gone.Add(session.Id.Value, now + GoneLifetime);

        SessionRecord record = session.Snapshot(now);
        _directory.NoteEnded(session.Id, record);
        _directory.Release(session.Slot);
        _reporter.Report(record);
        LogEnded(_logger, record.CallId, record.EndReason, record.Statistics!.DurationMilliseconds, record.Statistics.PacketsReceived,
            record.Statistics.PacketsSent);
        Discard(session, record.CallId);
    }

    /// <summary>
    /// Another transceiver has the session: it is dropped in silence. Its client must not hear of it, nor a relay forget its flows, and its
    /// record and its end are the other one's.
    /// </summary>
    private void Lose(VoiceSession session, Instant now)
    {
        if (session.Index < 0) return;
        bool isHandedOver = session.IsFrozen;
        if (!isHandedOver) session.NoteLost();
        session.AbandonCheckpoint();
        Remove(session);
        _directory.NoteLost(session.Id, isHandedOver);
        _directory.Release(session.Slot);
        SessionRecord record = session.Snapshot(now);
        if (!isHandedOver) LogLost(_logger, record.CallId, session.Slot, record.Statistics!.DurationMilliseconds);
        Discard(session, record.CallId);
    }

    private void Remove(VoiceSession session)
    {
        _timers.Remove(session.Index);
        _frames.Remove(session.Index);
        _byIndex[session.Index] = null;
        _freeIndices.Push(session.Index);
        session.Index = -1;
        _sessions.Remove(session.Id);
    }

    private void Discard(VoiceSession session, string callId)
    {
        try
        {
            session.Dispose();
            session.CollectDrops(_scratch.Drops, Counters.Drops);
        }
        catch (Exception e)
        {
            Counters.CountSessionFault();
            LogSessionFault(_logger, callId, e);
        }
    }

    // One part of a goodbye. If it throws, the other parts still run.
    private void Try(VoiceSession session, Action<Instant> part, Instant now)
    {
        try
        {
            part(now);
            Transmit(session, now);
        }
        catch (Exception e)
        {
            Counters.CountSessionFault();
            LogSessionFault(_logger, session.Session.CallId, e);
        }
    }

    private void SyncSlots()
    {
        int version = _slots.Version;
        if (version == _slotVersion) return;
        _slotVersion = version;
        var owned = new List<SlotOwnership>();
        Instant now = MonotonicClock.Now;
        for (int slot = Index; slot < _slots.SlotCount; slot += _workerCount)
        {
            long epoch = _slots.EpochOf(slot) ?? 0;
            if (epoch != 0) owned.Add(new SlotOwnership((ushort)slot, (uint)epoch));
            if (epoch > _epochs[slot]) _slotsSettleAt = now + SettleTime;
            _epochs[slot] = epoch;
        }
        _acceptor.SetSlots(owned.ToArray(), now);
        _announcedAt = now;
        foreach (VoiceSession session in _sessions.Values.Where(s => !_slots.IsServed(s.Slot)).ToArray()) Lose(session, now);
    }

    private void DrainInbox()
    {
        // Only the commands that are there now run. A command may queue another one, which then waits for packets and timers as all others
        // do.
        int waiting = _inbox.IsEmpty ? 0 : Math.Min(_inbox.Count, CommandsPerTurn);
        for (int i = 0; i < waiting && _inbox.TryDequeue(out WorkerCommand command); i++)
        {
            if (command.Session is { } session)
            {
                Instant now = MonotonicClock.Now;
                try
                {
                    session.Run(command.Action, now);
                    if (session.Index >= 0) Settle(session, now);
                }
                catch (Exception e)
                {
                    Fail(session, e, now);
                }
            }
            else
            {
                command.Action();
            }
            SendDueFrames();
        }
    }

    private void TakeLinkEvents()
    {
        bool areIngressesChanged = false;
        while (_port.TryTakeEvent(out LinkEvent occurred))
        {
            if (occurred.Kind is LinkEventKind.Up or LinkEventKind.Replaced or LinkEventKind.Down or LinkEventKind.Draining)
            {
                LogLink(_logger, Index, occurred.Link, _acceptor.RelayId(occurred.Link), occurred.Kind);
            }
            if (occurred.Kind is LinkEventKind.Up or LinkEventKind.Replaced) NameFlows(occurred.Link, MonotonicClock.Now);
            if (occurred.Kind is LinkEventKind.Up or LinkEventKind.Replaced or LinkEventKind.Down or LinkEventKind.Draining)
                areIngressesChanged = true;
            else if (occurred.Kind == LinkEventKind.Suspected)
            {
                LogSuspected(_logger, _acceptor.RelayId(occurred.Link), occurred.Shard);
                _news.Suspected(occurred.Shard, occurred.Incarnation);
            }
            int up = 0;
            string[] relays = new string[_acceptor.LinkCount];
            for (int link = 0; link < relays.Length; link++)
            {
                up += _acceptor.IsUp(link) ? 1 : 0;
                relays[link] = _acceptor.RelayId(link);
            }
            LinksUp = up;
            _relays = relays;
        }
        if (areIngressesChanged)
        {
            _news.UpChanged(Index, [.. Enumerable.Range(0, _acceptor.LinkCount).Where(_acceptor.IsUp).Select(_acceptor.RelayId)]);
            LeaveLostIngresses(MonotonicClock.Now);
        }
        while (_acceptor.TryTakeEpoch(out ushort slot, out uint epoch))
        {
            // The next turn loses its sessions. The ownership loop may be late.
            _slots.DropBelow(slot, epoch);
            _news.EpochSeen(slot, epoch);
        }
        if (_acceptor.TryTakeView()) _news.ViewTold();
    }

    /// <summary>Sends by spare paths what would have gone by a relay that is lost or leaves.</summary>
    private void LeaveLostIngresses(Instant now)
    {
        foreach (VoiceSession session in _sessions.Values.ToArray())
        {
            try
            {
                session.LeaveLostIngress(now);
                session.Advance(_scratch, now);
                Settle(session, now);
            }
            catch (Exception e)
            {
                Fail(session, e, now);
            }
        }
    }

    /// <summary>
    /// Names the clients of our sessions to a relay that has just come, by frames without a packet. A relay that was restarted would
    /// otherwise drop what they send until it has something for them, or until their next check.
    /// </summary>
    private void NameFlows(int link, Instant now)
    {
        foreach (VoiceSession session in _sessions.Values)
        {
            if (session.Path is { } path && _acceptor.IsOf(link, path)) _port.TrySend(session.Id, path, [], now);
        }
    }

    private sealed record Standstill(
        IReadOnlySet<int> Slots, Instant At, TaskCompletionSource<IReadOnlyList<FrozenSession>> Frozen);

    private sealed record Handing(string CallId, int Slot, TransportPath? Path);

    [LoggerMessage(LogLevel.Warning, "Worker {Worker} stood still. It sends nothing until its slots are confirmed")]
    private static partial void LogStoodStill(ILogger logger, int worker);

    [LoggerMessage(LogLevel.Information, "{CallId}: connected, agent {Agent}")]
    private static partial void LogConnected(ILogger logger, string callId, string agent);

    [LoggerMessage(LogLevel.Information, "{CallId}: ended, {Reason}, after {DurationMilliseconds} ms; {PacketsReceived} packets in, "
        + "{PacketsSent} out")]
    private static partial void LogEnded(
        ILogger logger, string callId, SessionEndReason reason, long durationMilliseconds, long packetsReceived, long packetsSent);

    [LoggerMessage(LogLevel.Warning, "{CallId}: another transceiver has slot {Slot} now. The session is dropped here without a word, after "
        + "{DurationMilliseconds} ms")]
    private static partial void LogLost(ILogger logger, string callId, int slot, long durationMilliseconds);

    [LoggerMessage(LogLevel.Error, "{CallId}: the session ends because of an internal error")]
    private static partial void LogSessionFault(ILogger logger, string callId, Exception exception);

    [LoggerMessage(LogLevel.Error, "Worker {Worker}: a turn of the loop failed")]
    private static partial void LogLoopFault(ILogger logger, int worker, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Relay {Relay} suspects shard {Shard}")]
    private static partial void LogSuspected(ILogger logger, string relay, int shard);

    [LoggerMessage(LogLevel.Information, "Worker {Worker}, link {Link} to {Relay}: {Change}")]
    private static partial void LogLink(ILogger logger, int worker, int link, string relay, LinkEventKind change);
}
