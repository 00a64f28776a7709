using Dapr.Voice.Wire;

namespace Dapr.Voice.TestKit.Network;

/// <summary>
/// One direction of an impaired network: a bounded queue before a bottleneck, then a line with delay. It has no sockets and no clock. Call
/// <see cref="Offer"/> with each packet, call <see cref="TryTake"/> until it returns false, and come back at <see cref="NextTimeout"/>. Use
/// it from one thread at a time.
/// </summary>
/// <remarks>
/// A stream loses, doubles and reorders nothing. A segment that would be lost or overtaken delays itself and everything behind it, as TCP's
/// receiver sees it. A stall stops the bottleneck. What has passed the bottleneck still arrives.
/// </remarks>
public sealed class ImpairedLink
{
    /// <summary>The most packets under way. Further packets are counted as dropped by a full queue.</summary>
    public const int MaximumPackets = 16_384;

    private readonly ImpairmentOptions _options;
    private readonly bool _isStream;
    private readonly Impairment _impairment;
    private readonly Queue<(byte[] Packet, PacketFate Fate, Instant Arrival)> _waiting = new();
    private readonly PriorityQueue<byte[], (long Departure, long Number)> _underWay = new();
    private LinkCounters _counters;
    private int _waitingBytes;
    private long _number;
    private Instant _freeAt = new(long.MinValue);
    private Instant _lastDeparture = new(long.MinValue);

    public ImpairedLink(ImpairmentOptions options, ulong seed, bool isStream)
    {
        _options = options;
        _isStream = isStream;
        _impairment = new Impairment(options, seed);
    }

    public LinkCounters Counters => _counters;
    public bool IsStalled { get; private set; }
    public bool IsEmpty => _waiting.Count == 0 && _underWay.Count == 0;

    /// <summary>Returns true if a chunk of this length would not be dropped now.</summary>
    public bool HasRoom(int bytes, Instant now)
    {
        Serve(now);
        return _waitingBytes + bytes <= _options.QueueBytes && _underWay.Count + _waiting.Count < MaximumPackets;
    }

    /// <summary>Adds a copy of one packet or chunk.</summary>
    public void Offer(ReadOnlySpan<byte> packet, Instant now)
    {
        _counters = _counters with { Offered = _counters.Offered + 1 };
        PacketFate fate = _impairment.Next();
        if (_isStream)
            fate = new PacketFate(null, fate.ExtraDelay + (fate.Loss is null ? TimeSpan.Zero : _options.RetransmissionTime),
                IsOvertaken: false, IsDuplicated: false);
        if (fate.Loss is null && !HasRoom(packet.Length, now)) fate = fate with { Loss = LossReason.QueueFull };
        switch (fate.Loss)
        {
            case LossReason.Random: _counters = _counters with { LostAtRandom = _counters.LostAtRandom + 1 }; return;
            case LossReason.Burst: _counters = _counters with { LostInBursts = _counters.LostInBursts + 1 }; return;
            case LossReason.QueueFull: _counters = _counters with { QueueFull = _counters.QueueFull + 1 }; return;
        }
        _waiting.Enqueue((packet.ToArray(), fate, now));
        _waitingBytes += packet.Length;
        Serve(now);
    }

    /// <summary>Returns the next packet that has arrived at the other end.</summary>
    public bool TryTake(Instant now, out byte[] packet)
    {
        Serve(now);
        if (!_underWay.TryPeek(out packet!, out (long Departure, long Number) at) || at.Departure > now.Ticks) return false;
        _underWay.Dequeue();
        _counters = _counters with { Delivered = _counters.Delivered + 1 };
        return true;
    }

    /// <summary>When the next packet arrives or leaves the queue, or <see cref="Instant.Never"/> if nothing moves by itself.</summary>
    public Instant NextTimeout
    {
        get
        {
            Instant next = _underWay.TryPeek(out _, out (long Departure, long Number) at) ? new Instant(at.Departure) : Instant.Never;
            return IsStalled || !_waiting.TryPeek(out (byte[] Packet, PacketFate Fate, Instant Arrival) head) ? next
                : Instant.Min(next, ServedAt(head.Packet, head.Arrival));
        }
    }

    /// <summary>Stops the bottleneck until <see cref="Resume"/>. Packets that arrive meanwhile wait in the queue.</summary>
    public void Stall(Instant now)
    {
        Serve(now);
        IsStalled = true;
    }

    public void Resume(Instant now)
    {
        if (!IsStalled) return;
        IsStalled = false;
        _freeAt = Instant.Max(_freeAt, now);
        Serve(now);
    }

    private void Serve(Instant now)
    {
        while (!IsStalled && _waiting.TryPeek(out (byte[] Packet, PacketFate Fate, Instant Arrival) head))
        {
            Instant served = ServedAt(head.Packet, head.Arrival);
            if (served > now) return;
            _waiting.Dequeue();
            _waitingBytes -= head.Packet.Length;
            _freeAt = served;
            Instant departure = served + _options.Delay + head.Fate.ExtraDelay;
            if (!head.Fate.IsOvertaken) departure = _lastDeparture = Instant.Max(departure, _lastDeparture);
            _underWay.Enqueue(head.Packet, (departure.Ticks, _number++));
            if (!head.Fate.IsDuplicated) continue;
            _counters = _counters with { Duplicated = _counters.Duplicated + 1 };
            _underWay.Enqueue(head.Packet, (departure.Ticks, _number++));
        }
    }

    private Instant ServedAt(byte[] packet, Instant arrival)
    {
        var start = Instant.Max(arrival, _freeAt);
        return _options.BitsPerSecond == 0 ? start : start + TimeSpan.FromSeconds(packet.Length * 8.0 / _options.BitsPerSecond);
    }
}
