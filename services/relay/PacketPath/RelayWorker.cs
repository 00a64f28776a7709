using System.Collections.Concurrent;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Tcp;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// One thread with its public sockets (UDP, TCP or both), its sockets for links, and its flow tables. Each turn waits for packets, decides
/// where each goes, and sends the results of a batch together. Other threads reach it in three ways: they set the list of endpoints, they
/// post to its inbox, and they stop it.
/// </summary>
internal sealed class RelayWorker : IDisposable
{
    /// <summary>
    /// A relay that has just started lets its TCP clients wait until each transceiver has announced its slots, but no longer than this.
    /// </summary>
    private static readonly TimeSpan FirstLinksPatience = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The same for datagrams, which have waited in the kernel since the last relay ended. Audio that is older than this helps nobody.
    /// </summary>
    private static readonly TimeSpan FirstDatagramsPatience = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// The time between the first link of a new relay and its first look at the datagrams: the transceivers name their flows meanwhile.
    /// </summary>
    private static readonly TimeSpan LessonTime = TimeSpan.FromMilliseconds(10);

    private readonly RelaySockets _sockets;
    private readonly UdpBatchSocket? _public;
    private readonly TcpIngress? _tcp;
    private readonly LinkTransport?[] _byScheme;
    private readonly LinkTransport[] _transports;
    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller, _restingPoller;
    private readonly IngressTable _ingresses;
    private readonly FlowTable _flows;
    private readonly Router _router;
    private readonly LinkSet _links;
    private readonly TimeProvider _wallClock;
    private Instant _nextSweep, _datagramsRestUntil;
    private bool _awaitsLinks = true;
    private IReadOnlyList<LinkTarget> _applied = [];

    // Other threads write this field.
    private volatile IReadOnlyList<LinkTarget> _targets = [];
    private volatile RelayKeys _keys;
    private readonly ConcurrentQueue<TaskCompletionSource<WorkerStats>> _inbox = new();

    /// <param name="sockets">The worker owns them from here on.</param>
    public RelayWorker(int number, RelaySockets sockets, RelayOptions options, byte region, int slotCount, ulong incarnation,
        RelayKeys keys, IngressTable ingresses, TimeProvider wallClock)
    {
        Number = number;
        _sockets = sockets;
        _public = sockets.Public;
        _byScheme = [.. sockets.Links];
        _transports = [.. sockets.Links.OfType<LinkTransport>()];
        _ingresses = ingresses;
        _wallClock = wallClock;
        _keys = keys;
        var slots = new SlotTable(region, slotCount);
        _flows = new FlowTable(FlowLimits.From(options), KeyedHash.CreateRandom());
        _router = new Router(_flows, slots, keys);
        _links = new LinkSet(keys.Link, options.Id, number, options.LinkConnections, incarnation, slots, _flows, _byScheme);
        if (sockets.PublicTcp is { } tcp)
        {
            _tcp = new TcpIngress(tcp, options, slots, keys, Verdicts);
            _tcp.Rest(MonotonicClock.Now + FirstLinksPatience);
        }
        _links.LinkForgotten += link => _tcp?.ForgetLink(link);
        _links.LinkChanged += (target, change) => LinkChanged?.Invoke(target, change);
        int[] descriptors = [.. new[] { _public?.Descriptor, _tcp?.Descriptor }.OfType<int>(), .. _transports.Select(l => l.Descriptor)];
        _poller = new SocketPoller(_wakeUp, descriptors);
        _restingPoller = new SocketPoller(_wakeUp, [.. descriptors.Where(d => d != _public?.Descriptor)]);
        _nextSweep = MonotonicClock.Now;
        _datagramsRestUntil = _nextSweep + FirstDatagramsPatience;
    }

    /// <summary>A link came up, went down, or leads to another process. The worker's thread raises it.</summary>
    public event Action<LinkTarget, LinkEventKind>? LinkChanged;

    public int Number { get; }
    public VerdictCounters Verdicts { get; } = new();
    public int FlowCount => _flows.Count + (_tcp?.FlowCount ?? 0);
    public int LinkCount => _links.Count;
    public long LinkDrops(LinkDrop reason) => _links.Drops(reason);
    public UdpSocketCounters? PublicCounters => _public?.Counters;

    /// <summary>Null if the relay does not serve TCP.</summary>
    public TcpSocketCounters? TcpCounters => _tcp?.Counters;
    public long TcpCloses(TcpClose reason) => _tcp?.Closes(reason) ?? 0;

    /// <summary>The number of link connections that ended, by reason.</summary>
    public IEnumerable<KeyValuePair<string, long>> LinkCloses => _transports.SelectMany(t => t.Closes);

    /// <summary>The number of packets that clients sent and that were passed on. Any thread.</summary>
    public long Passed => Verdicts[Verdict.Forward] + Verdicts[Verdict.ForwardUnverified];

    public LinkTransportCounters LinkCounters(LinkScheme scheme) => _byScheme[(int)scheme]?.Counters ?? default;

    /// <summary>The targets that a link is up to. Any thread.</summary>
    public IReadOnlyList<LinkTarget> ReachedTargets => _links.Reached;

    /// <summary>Sets the link endpoints to connect to. Any thread.</summary>
    public void SetTargets(IReadOnlyList<LinkTarget> targets)
    {
        _targets = targets;
        _wakeUp.Signal();
    }

    /// <summary>Sets new keys after a rotation. Links that are up keep theirs. Any thread.</summary>
    public void SetKeys(RelayKeys keys)
    {
        _keys = keys;
        _wakeUp.Signal();
    }

    /// <summary>Reads the worker's statistics on the worker's thread. Any thread may call it.</summary>
    public Task<WorkerStats> GetStatsAsync()
    {
        var answer = new TaskCompletionSource<WorkerStats>(TaskCreationOptions.RunContinuationsAsynchronously);
        _inbox.Enqueue(answer);
        _wakeUp.Signal();
        return answer.Task;
    }

    /// <summary>Ends the wait of a turn. Any thread.</summary>
    public void Wake() => _wakeUp.Signal();

    /// <summary>Tells the transceivers that this relay is shutting down. Worker thread only.</summary>
    public void Drain()
    {
        _router.Caretaker.IsDraining = true;
        _tcp?.Drain();
        _links.Drain();
    }

    /// <summary>Runs one turn: it waits for packets for at most this long, then handles all that have arrived.</summary>
    public void Turn(TimeSpan patience)
    {
        Instant now = MonotonicClock.Now;
        var wakeAt = Instant.Min(Instant.Min(Instant.Min(_links.NextTimeout, _tcp?.NextTimeout ?? Instant.Never), _nextSweep),
            now + patience);
        bool isResting = _datagramsRestUntil > now;
        if (isResting) wakeAt = Instant.Min(wakeAt, _datagramsRestUntil);
        (isResting ? _restingPoller : _poller).Wait(wakeAt - now);
        now = MonotonicClock.Now;
        if (!ReferenceEquals(_keys, _router.Keys)) Apply(_keys);
        if (now >= _nextSweep)
        {
            _flows.Sweep(now);
            _nextSweep = now + FlowTable.SweepInterval;
            _router.NowMinutes = RoutingHint.ToMinutes(_wallClock.GetUtcNow());
            if (_tcp is not null)
            {
                _tcp.Sweep(now);
                _tcp.NowMinutes = _router.NowMinutes;
            }
        }
        if (!ReferenceEquals(_applied, _targets))
        {
            _applied = _targets;
            _links.Apply(_applied, now);
        }
        // Packets from the links come first, because they may announce the slots that a client's packet needs.
        foreach (LinkTransport transport in _transports) ReceiveFromLinks(transport, now);
        _links.Drive(now);
        if (_awaitsLinks && _applied.Count > 0 && _links.Reached.Count >= _applied.Count)
        {
            _awaitsLinks = false;
            _tcp?.Wake();
            _datagramsRestUntil = Instant.Min(_datagramsRestUntil, now + LessonTime);
        }
        if (_public is not null && now >= _datagramsRestUntil) ReceiveFromClients(_public, now);
        if (_tcp is not null) ReceiveFromTcpClients(_tcp, now);
        foreach (LinkTransport transport in _transports) transport.Flush(now);
        _public?.Flush();
        _tcp?.Flush(now);
        while (_inbox.TryDequeue(out TaskCompletionSource<WorkerStats>? asked)) asked.TrySetResult(Describe());
    }

    public void Dispose()
    {
        while (_inbox.TryDequeue(out TaskCompletionSource<WorkerStats>? asked)) asked.TrySetCanceled();
        _poller.Dispose();
        _restingPoller.Dispose();
        _wakeUp.Dispose();
        _sockets.Dispose();
    }

    private void Apply(RelayKeys keys)
    {
        _router.Keys = keys;
        _links.Key = keys.Link;
        if (_tcp is not null) _tcp.Keys = keys;
    }

    private void ReceiveFromTcpClients(TcpIngress tcp, Instant now)
    {
        if (now >= tcp.NextTimeout) tcp.HandleTimeout(now);
        tcp.Receive(_links, now);
    }

    private void ReceiveFromClients(UdpBatchSocket clients, Instant now)
    {
        int count = clients.Receive();
        for (int i = 0; i < count; i++)
        {
            clients.Get(i, out Span<byte> datagram, out TransportAddress from, out TransportAddress to);
            byte ingress = _ingresses.NumberOf(to);
            Verdict verdict = _router.RouteUp(datagram, from, ingress, now, out int link, out SessionId session);
            Verdicts.Count(verdict);
            if (verdict is Verdict.Forward or Verdict.ForwardUnverified)
                _links.Send(link, session, from, ingress, verdict == Verdict.ForwardUnverified, datagram, now);
            else if (verdict == Verdict.AnswerAsCaretaker)
                _router.Caretaker.Answer.CopyTo(clients.Queue(from, to, _router.Caretaker.Answer.Length));
        }
    }

    private void ReceiveFromLinks(LinkTransport transport, Instant now)
    {
        int count = transport.Receive(now);
        for (int i = 0; i < count; i++)
        {
            transport.Get(i, out Span<byte> unit, out TransportAddress from);
            if (_links.Find(from, out int link) is not { } connector) continue;
            LinkConnector.Frames frames = connector.Receive(unit, now);
            while (frames.TryRead(out LinkFrame frame))
            {
                if (frame.Kind == LinkFrameKind.Gone)
                {
                    _flows.RemoveSession(frame.SessionId);
                    _tcp?.EndSession(frame.SessionId, now);
                    continue;
                }
                Verdicts.Count(Deliver(frame, link, connector, now));
            }
        }
    }

    private Verdict Deliver(in LinkFrame frame, int link, LinkConnector from, Instant now)
    {
        if (frame.Ingress == LinkFrame.TcpIngress)
            return _tcp?.Deliver(frame.Client, frame.SessionId, link, from.Claims, frame.Payload, now) ?? Verdict.DropNoConnection;
        if (_public is null) return Verdict.DropNoConnection;
        Verdict verdict = _router.RouteDown(frame.Client, frame.SessionId, frame.Ingress, link, from.Claims, now);
        if (frame.Payload.IsEmpty) return verdict is Verdict.Deliver or Verdict.DeliverAndLearn ? Verdict.Learn : verdict;
        if (verdict is not (Verdict.DropBadDestination or Verdict.DropStaleEpoch))
            frame.Payload.CopyTo(_public.Queue(frame.Client, _ingresses.AddressOf(frame.Ingress), frame.Payload.Length));
        return verdict;
    }

    private WorkerStats Describe() => new(
        Number,
        FlowCount,
        Enum.GetValues<Verdict>().Where(v => Verdicts[v] > 0).ToDictionary(MetricTag.Word, v => Verdicts[v]),
        _public is null ? null : Describe(_public.Counters),
        DescribeTcp(),
        Describe(LinkCounters(LinkScheme.Udp)),
        Describe(LinkCounters(LinkScheme.Tcp)),
        _links.Strangers,
        _links.SendDrops,
        [.. _links.Describe()]);

    private TcpStats? DescribeTcp() => _tcp is not { Counters: var c } tcp ? null : new TcpStats(
        c.Open, tcp.FlowCount, c.Accepted, c.AcceptPauses, c.FramesReceived, c.FramesSent, c.EmptyFrames, c.MediaTooOld, c.MediaNoRoom,
        Enum.GetValues<TcpClose>().Where(r => tcp.Closes(r) > 0).ToDictionary(MetricTag.Word, tcp.Closes));

    private static SocketStats Describe(UdpSocketCounters c)
        => new(c.Received, c.Sent, c.ReceiveErrors, c.SendErrors, c.SendQueueFull, c.Oversized, c.KernelDrops);
    private static SocketStats Describe(LinkTransportCounters c)
        => new(c.Received, c.Sent, c.ReceiveErrors, c.SendErrors, c.SendQueueFull, c.Oversized, c.KernelDrops);
}
