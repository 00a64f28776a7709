using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Tcp;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// The clients that connect over TCP (ICE-TCP, RFC 6544, with passive candidates; frames of RFC 4571). The <see cref="Router"/> decides
/// about each packet, as it does for UDP, with a separate flow table. Over TCP, a flow is a connection: it has to prove itself with its
/// first packet, it belongs to one session, and it ends. One thread uses it.
/// </summary>
internal sealed class TcpIngress : IDisposable
{
    /// <summary>
    /// The largest frame of a client. ICE-TCP carries packets that are made for UDP, so none is longer than an Ethernet frame.
    /// </summary>
    public const int MaximumFrameBytes = 1500;

    /// <summary>
    /// How many packets of a call a connection may send before its first check. All of them are dropped. A client that connects again
    /// during a call goes on sending audio, and sends a check when the next one is due: within 6 s in Firefox (RFC 7675). That is 50 audio
    /// packets a second, and DTLS retransmissions.
    /// </summary>
    public const int MaximumEarlyPackets = 512;

    private const int None = -1;

    private readonly TcpFrameSocket _socket;
    private readonly FlowTable _flows;
    private readonly SlotTable _slots;
    private readonly Router _router;
    private readonly RelayOptions _options;
    private readonly int _maximumConnections;
    private readonly TcpClient[] _clients;
    private readonly TcpConnectionId[] _connectionOfFlow;
    private readonly HashIndex<TransportAddress, AddressHash> _perPrefix;
    private readonly VerdictCounters _verdicts;
    private readonly long[] _closes = new long[Enum.GetValues<TcpClose>().Length];
    private int _oldestUnproven = None, _newestUnproven = None, _sweepAt;

    /// <param name="socket">Listens already, and was created with <see cref="SocketOptions"/>. This object owns it from here on.</param>
    /// <param name="verdicts">The counters of the worker.</param>
    public TcpIngress(TcpFrameSocket socket, RelayOptions options, SlotTable slots, RelayKeys keys, VerdictCounters verdicts)
    {
        (_socket, _options, _slots, _verdicts) = (socket, options, slots, verdicts);
        _maximumConnections = ConnectionsPerWorker(options);
        int places = SocketOptions(options).MaximumConnections;
        var hash = KeyedHash.CreateRandom();
        // Connections per prefix are counted here, from the moment of accepting, because a flow exists only after the first check.
        _flows = new FlowTable(
            new FlowLimits(places, int.MaxValue, options.MaximumTcpConnectionsPerSession, options.NewFlowsPerSecond, options.FlowLifetime),
            hash);
        _router = new Router(_flows, slots, keys);
        _clients = new TcpClient[places];
        _connectionOfFlow = new TcpConnectionId[places];
        _perPrefix = new(places, new AddressHash(hash));
    }

    public int Descriptor => _socket.Descriptor;
    public TransportAddress LocalAddress => _socket.LocalAddress;

    /// <summary>The socket's counters. Any thread.</summary>
    public TcpSocketCounters Counters => _socket.Counters;

    /// <summary>The number of flows. Any thread.</summary>
    public int FlowCount => _flows.Count;

    /// <summary>
    /// The number of connections that ended for this reason. Connections refused because all places were taken count as <see
    /// cref="TcpClose.TooMany"/>. Any thread.
    /// </summary>
    public long Closes(TcpClose reason)
        => Volatile.Read(ref _closes[(int)reason]) + (reason == TcpClose.TooMany ? _socket.Counters.Closes(TcpCloseReason.Limit) : 0);

    /// <summary>
    /// Leaves new connections in the kernel's backlog until this time. Their first check would find no owner yet, and the next check may
    /// follow seconds later.
    /// </summary>
    public void Rest(Instant until) => _socket.Rest(until);

    /// <summary>Accepts connections again before the time of <see cref="Rest"/> is over.</summary>
    public void Wake() => _socket.Wake();

    public uint NowMinutes
    {
        set => _router.NowMinutes = value;
    }

    public RelayKeys Keys
    {
        set => _router.Keys = value;
    }

    public Instant NextTimeout
        => Instant.Min(_socket.NextTimeout, _oldestUnproven >= 0 ? _clients[_oldestUnproven].AcceptedAt + _options.TcpFirstCheckTime
        : Instant.Never);

    /// <summary>
    /// The socket options for one worker. The socket can hold one turn's new connections beyond the limit, so that a new connection can
    /// replace an older one.
    /// </summary>
    public static TcpFrameSocketOptions SocketOptions(RelayOptions options)
    {
        var defaults = new TcpFrameSocketOptions();
        return defaults with { MaximumFrameBytes = MaximumFrameBytes,
            MaximumConnections = ConnectionsPerWorker(options) + defaults.AcceptsPerTurn };
    }

    /// <summary>Receives the clients' packets and passes them to the links.</summary>
    public void Receive(LinkSet links, Instant now)
    {
        int count = _socket.Receive(now);
        // Frames are handled before events. A connection's last packets arrive in the turn in which it ends, and none arrives in the turn
        // in which it begins.
        for (int i = 0; i < count; i++)
        {
            _socket.Get(i, out Span<byte> frame, out TcpConnectionId from);
            if (_clients[from.Index].Generation != from.Generation) continue;
            Verdict verdict = RouteUp(frame, from, now, out int link, out SessionId session);
            _verdicts.Count(verdict);
            if (verdict == Verdict.Forward)
                links.Send(link, session, _clients[from.Index].Remote, LinkFrame.TcpIngress, isUnverified: false, frame, now);
            else if (verdict == Verdict.AnswerAsCaretaker)
                _socket.Send(from, _router.Caretaker.Answer, TcpFrameClass.Control, now);
        }
        TakeEvents(now);
    }

    /// <summary>Sends a frame from a link to its client.</summary>
    public Verdict Deliver(
        TransportAddress client, SessionId session, int link, in SlotClaims sender, ReadOnlySpan<byte> packet, Instant now)
    {
        int flow = _flows.Find(client);
        if (flow < 0 || _flows[flow].Session != session) return Verdict.DropNoConnection;
        if (_slots.IsStale(_flows[flow].Slot, sender)) return Verdict.DropStaleEpoch;
        // A connection is a flow already, so there is nothing to learn.
        if (packet.IsEmpty) return Verdict.Learn;
        _flows[flow].Link = link;
        _flows[flow].LastHeard = now;
        // Audio and its RTCP are useless when they are late, so they may be dropped.
        TcpFrameClass frameClass = LinkTransport.IsAudio(packet) ? TcpFrameClass.Media : TcpFrameClass.Control;
        return _socket.Send(_connectionOfFlow[flow], packet, frameClass, now) ? Verdict.Deliver : Verdict.DropNoRoom;
    }

    /// <summary>Closes the connections of a session that has ended, after the packets queued for them are written.</summary>
    public void EndSession(SessionId session, Instant now)
    {
        for (int flow = _flows.FirstOf(session); flow >= 0; flow = _flows[flow].Next)
        {
            TcpConnectionId connection = _connectionOfFlow[flow];
            ref TcpClient client = ref _clients[connection.Index];
            if (client.Generation != connection.Generation) continue;
            client.CloseReason = TcpClose.SessionGone;
            _socket.CloseWhenSent(connection, now);
        }
        _flows.RemoveSession(session);
    }

    /// <summary>Ends the answers for owners that are away.</summary>
    public void Drain() => _router.Caretaker.IsDraining = true;

    /// <summary>Clears a link's number from all flows, because another link will get the number.</summary>
    public void ForgetLink(int link) => _flows.ForgetLink(link);

    /// <summary>Closes connections that proved nothing in time, and runs the socket's own deadlines.</summary>
    public void HandleTimeout(Instant now)
    {
        while (_oldestUnproven >= 0 && now - _clients[_oldestUnproven].AcceptedAt >= _options.TcpFirstCheckTime)
            Close(_oldestUnproven, TcpClose.NoFirstCheck);
        if (now >= _socket.NextTimeout) _socket.HandleTimeout(now);
        TakeEvents(now);
    }

    /// <summary>Sweeps the next part of the flows and of the connections, and closes connections that were silent for too long.</summary>
    public void Sweep(Instant now)
    {
        _flows.Sweep(now);
        for (int i = (_clients.Length + FlowTable.SweepParts - 1) / FlowTable.SweepParts; i > 0; i--)
        {
            if (_sweepAt >= _clients.Length) _sweepAt = 0;
            ref readonly TcpClient client = ref _clients[_sweepAt];
            if (client is { Generation: > 0, IsBound: true, CloseReason: null } && _flows.Find(client.Remote) < 0)
                Close(_sweepAt, TcpClose.Idle);
            _sweepAt++;
        }
        TakeEvents(now);
    }

    public void Flush(Instant now) => _socket.Flush(now);

    public void Dispose() => _socket.Dispose();

    private static int ConnectionsPerWorker(RelayOptions options)
        => (options.TcpConnections + options.WorkerCount - 1) / options.WorkerCount;

    private static TransportAddress PrefixOf(in TransportAddress client)
        => client.IsIPv4 ? new(client.High, client.Low, 0) : new(client.High, 0, 0);

    /// <summary>Recognises a Binding request by its first two bytes. The router checks whether it is valid.</summary>
    private static bool IsBindingRequest(ReadOnlySpan<byte> frame) => frame.Length >= 2 && frame[0] == 0 && frame[1] == 1;

    private Verdict RouteUp(ReadOnlySpan<byte> frame, TcpConnectionId from, Instant now, out int link, out SessionId session)
    {
        ref TcpClient client = ref _clients[from.Index];
        link = None;
        session = default;
        if (!client.IsBound)
        {
            if (!IsBindingRequest(frame))
            {
                bool isOfACall = LinkTransport.IsAudio(frame) || DatagramDemultiplexer.Classify(frame) == DatagramKind.Dtls;
                if (!isOfACall || ++client.EarlyPackets > MaximumEarlyPackets) Close(from.Index, TcpClose.NotACheck);
                return Verdict.DropNotACheck;
            }
            Verdict first = _router.RouteUp(frame, client.Remote, LinkFrame.TcpIngress, now, out link, out session);
            if (first == Verdict.Forward) Bind(from, session);
            // The owner may become known in a moment. The client repeats its check, and it has limited time for that anyway.
            else if (first != Verdict.DropOwnerUnknown) Close(from.Index, TcpClose.CheckRefused);
            return first;
        }
        if (_flows.Find(client.Remote) < 0)
        {
            Close(from.Index, TcpClose.SessionLimit);
            return Verdict.DropUnknownFlow;
        }
        Verdict verdict = _router.RouteUp(frame, client.Remote, LinkFrame.TcpIngress, now, out link, out session);
        if (verdict == Verdict.DropFlowContested || (verdict == Verdict.Forward && session != client.Session))
        {
            Close(from.Index, TcpClose.OtherSession);
            return Verdict.DropOtherSession;
        }
        return verdict;
    }

    private void Bind(TcpConnectionId id, SessionId session)
    {
        ref TcpClient client = ref _clients[id.Index];
        RemoveUnproven(id.Index);
        client.IsBound = true;
        client.Session = session;
        _connectionOfFlow[_flows.Find(client.Remote)] = id;
    }

    private void TakeEvents(Instant now)
    {
        while (_socket.TryTakeEvent(out TcpEvent occurred))
        {
            if (occurred.Kind == TcpEventKind.Accepted) OnAccepted(occurred.Connection, now);
            else if (occurred.Kind == TcpEventKind.Closed) OnClosed(occurred);
        }
    }

    private void OnAccepted(TcpConnectionId id, Instant now)
    {
        TransportAddress remote = _socket.RemoteOf(id);
        _clients[id.Index] = new TcpClient { Remote = remote, AcceptedAt = now, Generation = id.Generation, Next = None,
            Previous = _newestUnproven };
        if (_newestUnproven >= 0) _clients[_newestUnproven].Next = id.Index;
        else _oldestUnproven = id.Index;
        _newestUnproven = id.Index;
        TransportAddress prefix = PrefixOf(remote);
        int inPrefix = Math.Max(0, _perPrefix.Find(prefix)) + 1;
        _perPrefix.Set(prefix, inPrefix);
        if (inPrefix > _options.MaximumTcpConnectionsPerPrefix && !_options.TcpClientsAreHidden) Close(id.Index, TcpClose.PrefixLimit);
        // The new connection is the last in the list. So it is closed itself if all others have proved themselves.
        else if (_socket.Counters.Open > _maximumConnections) Close(_oldestUnproven, TcpClose.TooMany);
    }

    private void OnClosed(TcpEvent closed)
    {
        ref TcpClient client = ref _clients[closed.Connection.Index];
        _closes[(int)(client.CloseReason ?? TcpCloses.From(closed.Reason))]++;
        if (!client.IsBound && client.Generation != 0) RemoveUnproven(closed.Connection.Index);
        int flow = client.IsBound ? _flows.Find(client.Remote) : None;
        if (flow >= 0 && _connectionOfFlow[flow] == closed.Connection) _flows.Remove(flow);
        TransportAddress prefix = PrefixOf(client.Remote);
        int rest = _perPrefix.Find(prefix) - 1;
        if (rest > 0) _perPrefix.Set(prefix, rest);
        else _perPrefix.Remove(prefix);
        client = default;
    }

    /// <summary>Closes a connection. The event that follows reads the reason from the entry.</summary>
    private void Close(int index, TcpClose reason)
    {
        ref TcpClient client = ref _clients[index];
        var id = new TcpConnectionId(index, client.Generation);
        if (!client.IsBound) RemoveUnproven(index);
        client.CloseReason ??= reason;
        client.Generation = 0;
        _socket.Close(id);
    }

    private void RemoveUnproven(int index)
    {
        ref TcpClient client = ref _clients[index];
        if (client.Previous >= 0) _clients[client.Previous].Next = client.Next;
        else _oldestUnproven = client.Next;
        if (client.Next >= 0) _clients[client.Next].Previous = client.Previous;
        else _newestUnproven = client.Previous;
        client.Next = client.Previous = None;
    }
}
