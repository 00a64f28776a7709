using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// Which session a client's address belongs to. It finds flows by address, by session and by SSRC. It sweeps flows that were silent for
/// their lifetime, a part of the table at a time. One thread uses it. It allocates all of its memory at construction.
/// </summary>
internal sealed class FlowTable
{
    /// <summary>The table is swept in this many parts.</summary>
    public const int SweepParts = 64;

    /// <summary>The time between two sweeps. A sweep of all parts takes 6.4 s.</summary>
    public static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(100);

    private const int None = -1;

    private readonly FlowLimits _limits;
    private readonly Flow[] _flows;
    private readonly int[] _free;
    private readonly HashIndex<TransportAddress, AddressHash> _byClient, _perPrefix;
    private readonly HashIndex<ulong, NumberHash> _bySession, _bySsrc;
    private int _freeCount, _sweepAt;
    private RateLimit _newFlows;

    public FlowTable(FlowLimits limits, KeyedHash hash)
    {
        _limits = limits;
        _flows = new Flow[limits.Flows];
        _free = new int[limits.Flows];
        for (int i = 0; i < limits.Flows; i++) _free[i] = limits.Flows - 1 - i;
        _freeCount = limits.Flows;
        _byClient = new(limits.Flows, new AddressHash(hash));
        _perPrefix = new(limits.Flows, new AddressHash(hash));
        _bySession = new(limits.Flows, new NumberHash(hash));
        _bySsrc = new(limits.Flows, new NumberHash(hash));
        _newFlows = new RateLimit(limits.NewPerSecond, limits.NewPerSecond);
    }

    /// <summary>The number of flows. Another thread may read it and gets an approximate value.</summary>
    public int Count => _flows.Length - Volatile.Read(ref _freeCount);

    public ref Flow this[int flow] => ref _flows[flow];

    /// <summary>Returns the flow of a client's address, or -1.</summary>
    public int Find(in TransportAddress client) => _byClient.Find(client);

    /// <summary>Returns the only flow whose RTP packets have this SSRC, or -1 if there is no such flow or more than one.</summary>
    public int FindBySsrc(uint ssrc) => _bySsrc.Find(ssrc);

    /// <summary>Returns the first flow of a session, or -1. <see cref="Flow.Next"/> leads to the others.</summary>
    public int FirstOf(SessionId session) => _bySession.Find(session.Value);

    /// <summary>
    /// Makes <paramref name="client"/> a flow of <paramref name="session"/> if the limits allow it and no other session is active at that
    /// address.
    /// </summary>
    /// <param name="flow">The flow, or -1 if the change was refused.</param>
    /// <param name="isFromOwner">True if a transceiver named the flow. The rate of new flows is not limited then, because a restarted relay
    /// learns all of its flows within a moment.</param>
    public FlowChange TrySet(in TransportAddress client, SessionId session, Instant now, out int flow, bool isFromOwner = false)
    {
        flow = _byClient.Find(client);
        if (flow >= 0)
        {
            ref Flow known = ref _flows[flow];
            if (known.Session == session)
            {
                known.LastHeard = now;
                return FlowChange.Kept;
            }
            if (now - known.LastHeard < FlowLimits.ContestedFor) { flow = None; return FlowChange.Contested; }
            if (!MakeRoom(session, now)) { flow = None; return FlowChange.SessionLimit; }
            ForgetSsrc(flow);
            Unlink(flow);
            known.Link = known.Slot = None;
            known.SideRouted = 0;
            known.LastHeard = now;
            Link(flow, session);
            return FlowChange.Moved;
        }

        TransportAddress prefix = PrefixOf(client);
        int inPrefix = Math.Max(0, _perPrefix.Find(prefix));
        if (_freeCount == 0) return FlowChange.TableFull;
        if (inPrefix >= _limits.PerPrefix) return FlowChange.PrefixLimit;
        // Evicting a silent flow of the session may lower the prefix's count, so the count is read again below.
        if (!MakeRoom(session, now)) return FlowChange.SessionLimit;
        if (!isFromOwner && !_newFlows.TryTake(now)) return FlowChange.NewFlowRate;
        flow = _free[--_freeCount];
        _flows[flow] = new Flow { Client = client, LastHeard = now, Link = None, Slot = None, IsInUse = true };
        _byClient.Set(client, flow);
        _perPrefix.Set(prefix, Math.Max(0, _perPrefix.Find(prefix)) + 1);
        Link(flow, session);
        return FlowChange.Created;
    }

    /// <summary>Stores the SSRC of a flow's first RTP packet. If two sessions use the same SSRC, it leads to neither.</summary>
    public void LearnSsrc(int flow, uint ssrc)
    {
        ref Flow learned = ref _flows[flow];
        learned.HasSsrc = true;
        learned.Ssrc = ssrc;
        int other = _bySsrc.Find(ssrc);
        if (other >= 0 && _flows[other].Session != learned.Session)
        {
            _flows[other].IsBySsrc = false;
            _bySsrc.Remove(ssrc);
            return;
        }
        if (other >= 0) _flows[other].IsBySsrc = false;
        learned.IsBySsrc = true;
        _bySsrc.Set(ssrc, flow);
    }

    /// <summary>Removes all flows of a session that has ended.</summary>
    public void RemoveSession(SessionId session)
    {
        for (int flow = _bySession.Find(session.Value); flow >= 0; flow = _bySession.Find(session.Value)) Remove(flow);
    }

    /// <summary>Removes one flow.</summary>
    public void Remove(int flow)
    {
        ref Flow removed = ref _flows[flow];
        ForgetSsrc(flow);
        Unlink(flow);
        _byClient.Remove(removed.Client);
        TransportAddress prefix = PrefixOf(removed.Client);
        int rest = _perPrefix.Find(prefix) - 1;
        if (rest > 0) _perPrefix.Set(prefix, rest);
        else _perPrefix.Remove(prefix);
        removed = default;
        _free[_freeCount++] = flow;
    }

    /// <summary>Clears a link's number from all flows, because another link will get the number.</summary>
    public void ForgetLink(int link)
    {
        foreach (ref Flow flow in _flows.AsSpan())
        {
            if (flow.Link == link) flow.Link = None;
        }
    }

    /// <summary>Sweeps the next part of the table and removes flows that were silent for longer than their lifetime.</summary>
    public void Sweep(Instant now)
    {
        int part = (_flows.Length + SweepParts - 1) / SweepParts;
        for (int i = 0; i < part; i++)
        {
            if (_sweepAt >= _flows.Length) _sweepAt = 0;
            ref readonly Flow flow = ref _flows[_sweepAt];
            if (flow.IsInUse && now - flow.LastHeard >= _limits.Lifetime) Remove(_sweepAt);
            _sweepAt++;
        }
    }

    private static TransportAddress PrefixOf(in TransportAddress client)
        => client.IsIPv4 ? new(client.High, client.Low, 0) : new(client.High, 0, 0);

    /// <summary>
    /// Returns true if the session may have one more flow. If the session is at its limit, its flow that was silent for longest is removed,
    /// because a caller who moves leaves old addresses behind.
    /// </summary>
    private bool MakeRoom(SessionId session, Instant now)
    {
        int count = 0, oldest = None;
        for (int flow = _bySession.Find(session.Value); flow >= 0; flow = _flows[flow].Next)
        {
            count++;
            if (oldest < 0 || _flows[flow].LastHeard < _flows[oldest].LastHeard) oldest = flow;
        }
        if (count < _limits.PerSession) return true;
        if (now - _flows[oldest].LastHeard < FlowLimits.ContestedFor) return false;
        Remove(oldest);
        return true;
    }

    private void Link(int flow, SessionId session)
    {
        ref Flow added = ref _flows[flow];
        int head = _bySession.Find(session.Value);
        added.Session = session;
        added.Next = head;
        added.Previous = None;
        if (head >= 0) _flows[head].Previous = flow;
        _bySession.Set(session.Value, flow);
    }

    private void Unlink(int flow)
    {
        ref readonly Flow removed = ref _flows[flow];
        if (removed.Next >= 0) _flows[removed.Next].Previous = removed.Previous;
        if (removed.Previous >= 0) _flows[removed.Previous].Next = removed.Next;
        else if (removed.Next >= 0) _bySession.Set(removed.Session.Value, removed.Next);
        else _bySession.Remove(removed.Session.Value);
    }

    private void ForgetSsrc(int flow)
    {
        ref Flow known = ref _flows[flow];
        if (known.IsBySsrc) _bySsrc.Remove(known.Ssrc);
        known.IsBySsrc = known.HasSsrc = false;
    }
}
