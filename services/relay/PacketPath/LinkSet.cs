using System.Security.Cryptography;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// The links of one worker, over datagrams and over connections, and the slot table that their announcements add up to. One thread's. A
/// slot belongs to a link; where that has siblings (connections to the same endpoint), each session takes its own of them.
/// </summary>
/// <param name="transports">By <see cref="LinkScheme"/>, null where there are no links of that kind; not owned.</param>
internal sealed class LinkSet(LinkKey key, string relayId, int worker, int connections, ulong incarnation, SlotTable slots, FlowTable flows,
    LinkTransport?[] transports)
{
    /// <summary>Transceiver workers that one relay worker talks to.</summary>
    public const int MaximumEndpoints = 256;

    public const int MaximumLinks = MaximumEndpoints * LinkRelayId.MaximumConnections;

    private readonly RelayLink?[] _links = new RelayLink?[MaximumLinks];
    private readonly Dictionary<TransportAddress, int> _byPeer = new(MaximumEndpoints);
    private int _end, _upCount;
    private long _strangers, _sendDrops;
    private IReadOnlyList<LinkTarget> _targets = [];
    private volatile IReadOnlyList<LinkTarget> _reached = [];

    /// <summary>A link's number is free for another.</summary>
    public event Action<int>? LinkForgotten;

    /// <summary>Links that are up. From any thread, as is all up to <see cref="NextTimeout"/>.</summary>
    public int Count => Volatile.Read(ref _upCount);

    /// <summary>Targets that a link is up to.</summary>
    public IReadOnlyList<LinkTarget> Reached => _reached;

    /// <summary>Units that came from nobody we talk to.</summary>
    public long Strangers => Volatile.Read(ref _strangers);

    /// <summary>Packets whose link went down between the verdict and the sending.</summary>
    public long SendDrops => Volatile.Read(ref _sendDrops);

    /// <summary>Frames that links threw away for a reason.</summary>
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
    /// Begins links to new targets. One that is gone from the list stays as long as it answers: the list may be the one that is wrong.
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
        RebuildSlots();
    }

    /// <summary>The link to whom a unit came from, or null: then it is counted and of no interest.</summary>
    public LinkConnector? Find(TransportAddress from, out int link)
    {
        if (_byPeer.TryGetValue(from, out link)) return _links[link]!.Connector;
        _strangers++;
        return null;
    }

    /// <summary>Puts a client's packet into the current unit of the link, or of the sibling that is the session's.</summary>
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
    /// Runs the timers that are due, takes note of connections, and hands what the links want to say to what carries them.
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
            while (link.Connector.TryTransmit(buffer, out int length, now)) link.Transport.SendControl(link.Peer, buffer[..length], now);
        }
        if (isSlotsChanged) RebuildSlots();
    }

    /// <summary>Tells every transceiver that this relay leaves.</summary>
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
        // Discovery has said so already.
        if (transports[(int)target.Scheme] is not { } transport) return;
        int count = target.Scheme == LinkScheme.Tcp ? connections : 1;
        var added = new RelayLink[count];
        for (int i = 0; i < count; i++)
        {
            int free = Array.IndexOf(_links, null);
            if (free < 0) return;
            string id = target.Scheme == LinkScheme.Tcp ? LinkRelayId.Of(relayId, worker, i) : LinkRelayId.Of(relayId, worker);
            added[i] = _links[free] = new RelayLink(free, target, transport,
                new LinkConnector(key, id, incarnation, target.Address, slots.Count, RandomNumberGenerator.Fill, now), now);
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
            if (occurred.Kind == LinkTransportEventKind.Connected)
            {
                link.OnConnected(now);
            }
            else
            {
                _byPeer.Remove(occurred.Peer);
                link.OnClosed(now);
            }
        }
    }

    private void Connect(RelayLink link, Instant now)
    {
        TransportAddress peer = link.Transport.Connect(link.Target.Address, now);
        if (peer == default)
        {
            // No place or no descriptor: perhaps after a pause.
            link.OnClosed(now);
            return;
        }
        link.OnConnecting(peer, now);
        _byPeer[peer] = link.Number;
    }

    /// <summary>Gives a connection up; another one follows.</summary>
    private void Close(RelayLink link, Instant now)
    {
        link.Transport.Close(link.Peer);
        _byPeer.Remove(link.Peer);
        link.OnClosed(now);
    }

    private bool Handle(RelayLink link, LinkEvent occurred, Instant now)
    {
        switch (occurred.Kind)
        {
            case LinkEventKind.Up:
                // A connection that broke in the turn in which it was welcomed has gone down since, and waits to be made again.
                if (link.Connector.IsUp) link.OnUp();
                return true;
            case LinkEventKind.Down:
                // A connection with nobody at its other end is of no use, whatever the kernel thinks of it.
                if (link.Target.Scheme == LinkScheme.Tcp && link.Peer != default) Close(link, now);
                if (!link.Siblings.Any(s => s.Connector.IsUp && s.Connector.Incarnation == occurred.Incarnation)) Suspect(link, occurred);
                RemoveIfUnwanted(link.Number);
                return true;
            default:
                return occurred.Kind == LinkEventKind.SlotsChanged;
        }
    }

    /// <summary>Those who may take over are told; they know by their own means whether to believe it.</summary>
    private void Suspect(RelayLink link, LinkEvent down)
    {
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is { Connector.IsUp: true } other && other != link) other.Connector.Suspect(down.Shard, down.Incarnation);
        }
    }

    /// <summary>Siblings go together, once none of them is up.</summary>
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

    /// <summary>Where two claim a slot, the higher epoch has it.</summary>
    private void RebuildSlots()
    {
        int up = 0;
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
            }
            slots[slot] = owner;
        }
    }
}
