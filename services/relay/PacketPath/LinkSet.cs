using System.Security.Cryptography;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// The links of one worker, over UDP and over TCP, and the slot table that results from their announcements. A slot belongs to a link. If
/// the link has siblings (connections to the same endpoint), each session uses its own sibling. One thread uses it.
/// </summary>
/// <param name="transports">Indexed by <see cref="LinkScheme"/>. An entry is null if there are no links of that kind. The caller owns
/// them.</param>
internal sealed class LinkSet(LinkKey key, string relayId, int worker, int connections, ulong incarnation, SlotTable slots, FlowTable flows,
    LinkTransport?[] transports)
{
    /// <summary>The largest number of transceiver workers that one relay worker has links to.</summary>
    public const int MaximumEndpoints = 256;

    public const int MaximumLinks = MaximumEndpoints * LinkRelayId.MaximumConnections;

    private readonly RelayLink?[] _links = new RelayLink?[MaximumLinks];
    private readonly Dictionary<TransportAddress, int> _byPeer = new(MaximumEndpoints);
    private int _end, _upCount;
    private long _strangers, _sendDrops;
    private IReadOnlyList<LinkTarget> _targets = [];
    private volatile IReadOnlyList<LinkTarget> _reached = [];

    /// <summary>The key of links that are made from now on.</summary>
    public LinkKey Key { get; set; } = key;

    /// <summary>Raised with the number of a link that was removed. Another link may get that number.</summary>
    public event Action<int>? LinkForgotten;

    /// <summary>A link came up, went down, or leads to another process. The worker's thread raises it.</summary>
    public event Action<LinkTarget, LinkEventKind>? LinkChanged;

    /// <summary>The number of links that are up. Any thread may read it, and every member down to <see cref="NextTimeout"/>.</summary>
    public int Count => Volatile.Read(ref _upCount);

    /// <summary>The targets that at least one link is up to.</summary>
    public IReadOnlyList<LinkTarget> Reached => _reached;

    /// <summary>Units that came from an address that no link belongs to.</summary>
    public long Strangers => Volatile.Read(ref _strangers);

    /// <summary>Packets that were dropped because their link went down after the routing decision.</summary>
    public long SendDrops => Volatile.Read(ref _sendDrops);

    /// <summary>Frames that all links dropped for this reason.</summary>
    public long Drops(LinkDrop reason)
    {
        long sum = 0;
        foreach (RelayLink? link in _links) sum += link?.Connector.Drops[reason] ?? 0;
        return sum;
    }

    public Instant NextTimeout
    {
        get
        {
            Instant next = Instant.Never;
            for (int i = 0; i < _end; i++)
            {
                if (_links[i] is { } link) next = Instant.Min(next, link.NextTimeout);
            }
            return next;
        }
    }

    /// <summary>
    /// Starts links to new targets. A link whose target is no longer in the list stays while the transceiver answers, because the list may
    /// be wrong.
    /// </summary>
    public void Apply(IReadOnlyList<LinkTarget> targets, Instant now)
    {
        _targets = targets;
        for (int i = 0; i < _end; i++) RemoveIfUnwanted(i);
        foreach (LinkTarget target in targets)
        {
            bool isKnown = false;
            for (int i = 0; i < _end && !isKnown; i++) isKnown = _links[i]?.Target == target;
            if (!isKnown) Add(target, now);
        }
        RebuildSlots(now);
    }

    /// <summary>Returns the link that a unit came from. Returns null for an unknown address, and counts the unit.</summary>
    public LinkConnector? Find(TransportAddress from, out int link)
    {
        if (_byPeer.TryGetValue(from, out link)) return _links[link]!.Connector;
        _strangers++;
        return null;
    }

    /// <summary>Appends a client's packet to the current unit of the link, or of the sibling that belongs to the session.</summary>
    public void Send(int number, SessionId session, in TransportAddress client, byte ingress, bool isUnverified, ReadOnlySpan<byte> packet,
        Instant now)
    {
        RelayLink? link = _links[number]?.For(session);
        int length = LinkFrame.HeaderLength(client) + packet.Length;
        if (link is not { Connector.Cookie: not 0 } || !link.Transport.TryAppend(
            ref link.Open, link.Peer, length, LinkTransport.IsAudio(packet), now, out Span<byte> room))
        {
            _sendDrops++;
            return;
        }
        link.Connector.WriteData(room, session, client, ingress, isUnverified, packet);
    }

    /// <summary>
    /// Runs the timers that are due, handles connection events, and passes what the links want to send to their transports.
    /// </summary>
    public void Drive(Instant now)
    {
        Span<byte> buffer = stackalloc byte[LinkFrame.CoalescedBytes];
        bool isSlotsChanged = false;
        foreach (LinkTransport? transport in transports)
        {
            if (transport is not null) TakeEvents(transport, now);
        }
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is not { } link) continue;
            if (link.IsOverdue(now)) Close(link, now);
            if (link.IsConnectionDue(now)) Connect(link, now);
            if (now >= link.Connector.NextTimeout) link.Connector.HandleTimeout(now);
            while (link.Connector.TryTakeEvent(out LinkEvent occurred)) isSlotsChanged |= Handle(link, occurred, now);
        }
        // The loss of one link gives the others something to say at once.
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is not { } link) continue;
            while (link.Connector.TryTransmit(buffer, out int length, now)) link.Transport.SendControl(link.Peer, buffer[..length], now);
        }
        if (isSlotsChanged) RebuildSlots(now);
    }

    /// <summary>Tells every transceiver that this relay is shutting down.</summary>
    public void Drain()
    {
        foreach (RelayLink? link in _links) link?.Connector.Drain();
    }

    public IEnumerable<LinkStats> Describe()
    {
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is not { Connector: var connector } link) continue;
            int held = 0;
            foreach (long epoch in connector.Epochs) held += epoch >= 0 ? 1 : 0;
            yield return new LinkStats(link.Target.ToString(), connector.IsUp, connector.Shard, connector.IsUp ? held : 0,
                connector.RoundTripTime?.TotalMilliseconds,
                Enum.GetValues<LinkDrop>().Where(d => connector.Drops[d] > 0).ToDictionary(MetricTag.Word, d => connector.Drops[d]));
        }
    }

    private void Add(LinkTarget target, Instant now)
    {
        // The discovery has logged this already.
        if (transports[(int)target.Scheme] is not { } transport) return;
        int count = target.Scheme == LinkScheme.Tcp ? connections : 1;
        var added = new RelayLink[count];
        for (int i = 0; i < count; i++)
        {
            int free = Array.IndexOf(_links, null);
            if (free < 0) return;
            string id = target.Scheme == LinkScheme.Tcp ? LinkRelayId.Of(relayId, worker, i) : LinkRelayId.Of(relayId, worker);
            added[i] = _links[free] = new RelayLink(free, target, transport,
                new LinkConnector(Key, id, incarnation, target.Address, slots.Count, RandomNumberGenerator.Fill, now,
                new SlotEpochs(slots.Region, slots.Epochs)), now);
            if (added[i].Peer != default) _byPeer[added[i].Peer] = free;
            _end = Math.Max(_end, free + 1);
        }
        foreach (RelayLink link in added) link.Siblings = added;
    }

    private void TakeEvents(LinkTransport transport, Instant now)
    {
        if (transport.NextTimeout <= now) transport.HandleTimeout(now);
        while (transport.TryTakeEvent(out LinkTransportEvent occurred))
        {
            if (!_byPeer.TryGetValue(occurred.Peer, out int number) || _links[number] is not { } link) continue;
            switch (occurred.Kind)
            {
                case LinkTransportEventKind.Connected:
                    link.OnConnected(now);
                    break;
                case LinkTransportEventKind.Refused:
                    link.Connector.NoteRefused(now);
                    break;
                default:
                    _byPeer.Remove(occurred.Peer);
                    link.OnClosed(now);
                    break;
            }
        }
    }

    private void Connect(RelayLink link, Instant now)
    {
        TransportAddress peer = link.Transport.Connect(link.Target.Address, now);
        if (peer == default)
        {
            // There is no place or no descriptor for a connection. It is tried again after a pause.
            link.OnClosed(now);
            return;
        }
        link.OnConnecting(peer, now);
        _byPeer[peer] = link.Number;
    }

    /// <summary>Closes a connection. The link asks for a new one.</summary>
    private void Close(RelayLink link, Instant now)
    {
        link.Transport.Close(link.Peer);
        _byPeer.Remove(link.Peer);
        link.OnClosed(now);
    }

    private bool Handle(RelayLink link, LinkEvent occurred, Instant now)
    {
        if (occurred.Kind is LinkEventKind.Up or LinkEventKind.Down or LinkEventKind.Replaced)
            LinkChanged?.Invoke(link.Target, occurred.Kind);
        switch (occurred.Kind)
        {
            case LinkEventKind.Up:
                // A connection may break in the turn in which the transceiver accepted it. The link is down again then and waits for a new
                // connection.
                if (link.Connector.IsUp) link.OnUp();
                return true;
            case LinkEventKind.Down:
                // A connection whose other end does not answer is useless, even if the kernel still regards it as open.
                if (link.Target.Scheme == LinkScheme.Tcp && link.Peer != default) Close(link, now);
                if (!link.Siblings.Any(s => s.Connector.IsUp && s.Connector.Incarnation == occurred.Incarnation)) Suspect(link, occurred);
                RemoveIfUnwanted(link.Number);
                return true;
            case LinkEventKind.Replaced:
                // A new process listens at the address of the old one, so the old one is dead.
                Suspect(link, occurred);
                return true;
            default:
                return occurred.Kind == LinkEventKind.SlotsChanged;
        }
    }

    /// <summary>Tells the other transceivers that one of them may be dead. They decide by their own means whether to believe it.</summary>
    private void Suspect(RelayLink link, LinkEvent gone)
    {
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is { Connector.IsUp: true } other && other != link && other.Connector.Incarnation != gone.Incarnation)
                other.Connector.Suspect(gone.Shard, gone.Incarnation);
        }
    }

    /// <summary>Removes an unwanted link and its siblings together, once none of them is up.</summary>
    private void RemoveIfUnwanted(int number)
    {
        if (_links[number] is not { } link || _targets.Contains(link.Target) || link.Siblings.Any(s => s.Connector.IsUp)) return;
        foreach (RelayLink sibling in link.Siblings)
        {
            if (sibling.Target.Scheme == LinkScheme.Tcp && sibling.Peer != default) sibling.Transport.Close(sibling.Peer);
            _byPeer.Remove(sibling.Peer);
            _links[sibling.Number] = null;
            flows.ForgetLink(sibling.Number);
            LinkForgotten?.Invoke(sibling.Number);
        }
    }

    /// <summary>If two transceivers claim a slot, the one with the higher epoch owns it.</summary>
    private void RebuildSlots(Instant now)
    {
        int up = 0;
        bool isHigher = false;
        var reached = new List<LinkTarget>();
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is not { Connector.IsUp: true } link) continue;
            up++;
            if (!reached.Contains(link.Target)) reached.Add(link.Target);
        }
        Volatile.Write(ref _upCount, up);
        _reached = reached;
        for (int slot = 0; slot < slots.Count; slot++)
        {
            long best = -1;
            int owner = -1;
            for (int i = 0; i < _end; i++)
            {
                if (_links[i] is not { Connector: { IsUp: true } link } || link.Region != slots.Region || link.Epochs[slot] <= best)
                    continue;
                best = link.Epochs[slot];
                owner = i;
                isHigher |= slots.Note(slot, best, link.Incarnation);
            }
            slots.Set(slot, owner, now);
        }
        if (!isHigher) return;
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is { Connector: { IsUp: true } link }) link.TellEpochs();
        }
    }
}
