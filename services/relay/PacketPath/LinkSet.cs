using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>The links of one worker, and the slot table that their announcements add up to. One thread's.</summary>
internal sealed class LinkSet(LinkKey key, string relayId, ulong incarnation, SlotTable slots, FlowTable flows, UdpBatchSocket socket)
{
    /// <summary>Transceiver workers that one relay worker talks to.</summary>
    public const int MaximumLinks = 256;

    private readonly LinkConnector?[] _links = new LinkConnector?[MaximumLinks];
    private readonly OpenDatagram[] _open = new OpenDatagram[MaximumLinks];
    private readonly Dictionary<TransportAddress, int> _byAddress = [];
    private int _end, _upCount;
    private long _strangers, _sendDrops;
    private IReadOnlyList<TransportAddress> _endpoints = [];

    public int Count => Volatile.Read(ref _upCount);

    /// <summary>Datagrams to the link socket from nobody we talk to.</summary>
    public long Strangers => Volatile.Read(ref _strangers);

    /// <summary>Packets whose link went down between the verdict and the sending.</summary>
    public long SendDrops => Volatile.Read(ref _sendDrops);

    /// <summary>Frames that links threw away for a reason; from any thread.</summary>
    public long Drops(LinkDrop reason)
    {
        long sum = 0;
        foreach (var link in _links) sum += link?.Drops[reason] ?? 0;
        return sum;
    }

    public Instant NextTimeout
    {
        get
        {
            var next = Instant.Never;
            for (int i = 0; i < _end; i++)
            {
                if (_links[i] is { } link) next = Instant.Min(next, link.NextTimeout);
            }
            return next;
        }
    }

    /// <summary>Begins links to new endpoints. One that is gone from the list stays as long as it answers: the list may be the one that is wrong.</summary>
    public void Apply(IReadOnlyList<TransportAddress> endpoints, Instant now)
    {
        _endpoints = endpoints;
        for (int i = 0; i < _end; i++) RemoveIfUnwanted(i);
        foreach (var endpoint in endpoints)
        {
            if (_byAddress.ContainsKey(endpoint)) continue;
            int free = Array.IndexOf(_links, null);
            if (free < 0) return;
            _links[free] = new LinkConnector(key, relayId, incarnation, endpoint, slots.Count, now);
            _open[free] = default;
            _byAddress[endpoint] = free;
            _end = Math.Max(_end, free + 1);
        }
    }

    /// <summary>The link to whom a datagram came from, or null: then it is counted and of no interest.</summary>
    public LinkConnector? Find(TransportAddress from, out int link)
    {
        if (_byAddress.TryGetValue(from, out link)) return _links[link];
        _strangers++;
        return null;
    }

    /// <summary>Puts a client's packet into the link's current datagram.</summary>
    public void Send(int link, SessionId session, in TransportAddress client, byte ingress, bool isUnverified, ReadOnlySpan<byte> packet)
    {
        if (_links[link] is not { Cookie: not 0 } connector)
        {
            _sendDrops++;
            return;
        }
        var room = socket.Append(ref _open[link], connector.Remote, LinkFrame.HeaderLength(client) + packet.Length, LinkFrame.CoalescedBytes);
        connector.WriteData(room, session, client, ingress, isUnverified, packet);
    }

    /// <summary>Runs the timers that are due and hands what the links want to say to the socket.</summary>
    public void Drive(Instant now)
    {
        Span<byte> buffer = stackalloc byte[LinkFrame.CoalescedBytes];
        bool isSlotsChanged = false;
        for (int i = 0; i < _end; i++)
        {
            if (_links[i] is not { } link) continue;
            if (now >= link.NextTimeout) link.HandleTimeout(now);
            while (link.TryTakeEvent(out var occurred)) isSlotsChanged |= Handle(i, occurred);
            while (link.TryTransmit(buffer, out int length, now)) buffer[..length].CopyTo(socket.Queue(link.Remote, default, length));
        }
        if (isSlotsChanged) RebuildSlots();
    }

    /// <summary>Tells every transceiver that this relay leaves.</summary>
    public void Drain()
    {
        foreach (var link in _links) link?.Drain();
    }

    public IEnumerable<LinkStats> Describe()
    {
        foreach (var link in _links)
        {
            if (link is null) continue;
            int held = 0;
            foreach (long epoch in link.Epochs) held += epoch >= 0 ? 1 : 0;
            yield return new LinkStats(link.Remote.ToString(), link.IsUp, link.Shard, link.IsUp ? held : 0, link.RoundTripTime?.TotalMilliseconds,
                Enum.GetValues<LinkDrop>().Where(d => link.Drops[d] > 0).ToDictionary(d => d.ToString(), d => link.Drops[d]));
        }
    }

    private bool Handle(int number, LinkEvent occurred)
    {
        switch (occurred.Kind)
        {
            case LinkEventKind.Down:
                // Those who may take over are told; they know by their own means whether to believe it.
                for (int i = 0; i < _end; i++)
                {
                    if (i != number && _links[i] is { IsUp: true } other) other.Suspect(occurred.Shard, occurred.Incarnation);
                }
                RemoveIfUnwanted(number);
                return true;
            default:
                return occurred.Kind is LinkEventKind.Up or LinkEventKind.SlotsChanged;
        }
    }

    private void RemoveIfUnwanted(int number)
    {
        if (_links[number] is not { IsUp: false } link || _endpoints.Contains(link.Remote)) return;
        _byAddress.Remove(link.Remote);
        _links[number] = null;
        flows.ForgetLink(number);
    }

    /// <summary>Where two claim a slot, the higher epoch has it.</summary>
    private void RebuildSlots()
    {
        int up = 0;
        for (int i = 0; i < _end; i++) up += _links[i] is { IsUp: true } ? 1 : 0;
        Volatile.Write(ref _upCount, up);
        for (int slot = 0; slot < slots.Count; slot++)
        {
            long best = -1;
            int owner = -1;
            for (int i = 0; i < _end; i++)
            {
                if (_links[i] is not { IsUp: true } link || link.Region != slots.Region || link.Epochs[slot] <= best) continue;
                best = link.Epochs[slot];
                owner = i;
            }
            slots[slot] = owner;
        }
    }
}
