using Dapr.Voice.Wire;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Restores the order of packets. It adds no delay while nothing is missing: a model needs no playout clock, so there is no playout delay.
/// Only a gap holds packets back, for a bounded time, and not if more packets are missing than can be late. After that, the missing frames
/// are reported as lost. All memory is allocated in the constructor.
/// </summary>
public sealed class JitterBuffer
{
    // A step back by more than this is not reordering (RFC 3550, A.1: two seconds at 50 packets/s). Two such packets in order restart the
    // sequence.
    private const int MaximumMisorder = 100;
    private const int NoBadSequence = -1;

    // An Opus packet has at most 120 ms (RFC 6716, section 3.2.5). A longer step for one packet is silence that was not sent.
    private const uint MaximumTicksPerPacket = 5760;

    private readonly JitterBufferOptions _options;
    private readonly byte[] _memory;
    private readonly Slot[] _slots;

    // Slot numbers. The first _count are the packets that are held, in sequence order. The others are free.
    private readonly int[] _order;
    private int _count;

    private bool _hasStarted;
    private ushort _next;
    private uint _lastTimestamp;
    private int _lostLeft;
    private int _badSequence = NoBadSequence;
    private JitterBufferStatistics _statistics;

    public JitterBuffer(JitterBufferOptions? options = null)
    {
        _options = options ?? JitterBufferOptions.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Slots, _options.ReorderPackets, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.ReorderPackets, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.MaximumPayloadBytes, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaximumConsecutiveLost, nameof(options));
        _memory = new byte[_options.Slots * _options.MaximumPayloadBytes];
        _slots = new Slot[_options.Slots];
        _order = new int[_options.Slots];
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
    }

    public JitterBufferStatistics Statistics => _statistics;

    /// <summary>The number of packets that were not accepted for this reason.</summary>
    public long Dropped(JitterInsertResult reason) => reason switch
    {
        JitterInsertResult.Duplicate => _statistics.Duplicates,
        JitterInsertResult.Late => _statistics.Late,
        JitterInsertResult.Oversized => _statistics.Oversized,
        JitterInsertResult.Full => _statistics.Overflows,
        _ => 0,
    };

    /// <summary>The number of packets that are held now.</summary>
    public int Count => _count;

    /// <summary>
    /// When the wait for the current gap ends. Call <see cref="TryTake"/> then. <see cref="Instant.Never"/> if no packet waits.
    /// </summary>
    public Instant NextTimeout
    {
        get
        {
            if (_count == 0) return Instant.Never;
            // A packet that can be returned at once is due at once, because its arrival lies in the past.
            Instant earliest = Instant.Never;
            for (int i = 0; i < _count; i++) earliest = Instant.Min(earliest, _slots[_order[i]].Arrival);
            return HeadIsDue || IsOutage ? earliest : earliest + _options.ReorderWindow;
        }
    }

    private bool HeadIsDue => _lostLeft > 0 || Head.SequenceNumber == _next;

    // So many packets in a row are not late, they are lost. To wait for them would only make the silence longer.
    private bool IsOutage => SerialNumber.Distance(Head.SequenceNumber, _next) > _options.ReorderPackets;

    private ref Slot Head => ref _slots[_order[0]];

    /// <summary>
    /// Drops the packets that are held and starts again with the next packet, because the stream was replaced by another one. Memory and
    /// statistics are kept.
    /// </summary>
    public void Restart()
    {
        Discard();
        _hasStarted = false;
        _lostLeft = 0;
        _badSequence = NoBadSequence;
    }

    /// <summary>Copies a payload into the buffer.</summary>
    public JitterInsertResult Insert(
        ReadOnlySpan<byte> payload, ushort sequenceNumber, uint timestamp, Instant now)
    {
        if (payload.Length > _options.MaximumPayloadBytes)
        {
            _statistics = _statistics with { Oversized = _statistics.Oversized + 1 };
            return JitterInsertResult.Oversized;
        }

        if (!_hasStarted)
        {
            _hasStarted = true;
            _next = sequenceNumber;
            _lastTimestamp = unchecked(timestamp - _options.TicksPerPacket);
        }
        else if (SerialNumber.Distance(sequenceNumber, _next) < 0 && !Restarts(sequenceNumber))
        {
            _statistics = _statistics with { Late = _statistics.Late + 1 };
            return JitterInsertResult.Late;
        }
        _badSequence = NoBadSequence;

        int position = _count;
        while (position > 0 && SerialNumber.IsNewerOrEqual(_slots[_order[position - 1]].SequenceNumber, sequenceNumber)) position--;
        if (position < _count && _slots[_order[position]].SequenceNumber == sequenceNumber)
        {
            _statistics = _statistics with { Duplicates = _statistics.Duplicates + 1 };
            return JitterInsertResult.Duplicate;
        }
        if (_count == _slots.Length)
        {
            _statistics = _statistics with { Overflows = _statistics.Overflows + 1 };
            return JitterInsertResult.Full;
        }
        if (position < _count) _statistics = _statistics with { Reordered = _statistics.Reordered + 1 };

        int slot = _order[_count];
        Array.Copy(_order, position, _order, position + 1, _count - position);
        _order[position] = slot;
        _count++;
        _slots[slot] = new Slot(sequenceNumber, timestamp, payload.Length, now);
        payload.CopyTo(_memory.AsSpan(slot * _options.MaximumPayloadBytes));
        // A packet that was about to be reported as lost arrived, between two lost frames.
        if (_lostLeft > 0) _lostLeft = SerialNumber.Distance(Head.SequenceNumber, _next);
        return JitterInsertResult.Accepted;
    }

    /// <summary>Returns the next frame, if it has arrived or is reported as lost.</summary>
    /// <param name="buffer">At least <see cref="JitterBufferOptions.MaximumPayloadBytes"/> long.</param>
    /// <param name="length">For a lost frame: the length of the next payload if that packet follows directly, else 0.</param>
    public bool TryTake(Span<byte> buffer, out int length, out JitterFrame frame, Instant now)
    {
        length = 0;
        frame = default;
        if (_count == 0) return false;

        if (!HeadIsDue)
        {
            if (_count < _options.ReorderPackets && !IsOutage && now < NextTimeout) return false;
            GiveUpGap();
        }

        ref Slot head = ref Head;
        if (_lostLeft > 0)
        {
            frame = new JitterFrame(JitterFrameKind.Lost, _next, LostTimestamp(head), now);
            _lostLeft--;
            _next++;
            _lastTimestamp = frame.Timestamp;
            if (head.SequenceNumber == _next) length = CopyPayload(_order[0], buffer);
            _statistics = _statistics with { Lost = _statistics.Lost + 1 };
            return true;
        }

        frame = new JitterFrame(JitterFrameKind.Packet, head.SequenceNumber, head.Timestamp, head.Arrival);
        length = CopyPayload(_order[0], buffer);
        _next = (ushort)(head.SequenceNumber + 1);
        _lastTimestamp = head.Timestamp;
        int slot = _order[0];
        _count--;
        Array.Copy(_order, 1, _order, 0, _count);
        _order[_count] = slot;
        _statistics = _statistics with { Delivered = _statistics.Delivered + 1 };
        return true;
    }

    public JitterBufferState ExportState() => new(_hasStarted, _next, _lastTimestamp, _statistics);

    public static JitterBuffer Import(JitterBufferState state, JitterBufferOptions? options = null) => new(options)
    {
        _hasStarted = state.HasStarted,
        _next = state.NextSequenceNumber,
        _lastTimestamp = state.LastTimestamp,
        _statistics = state.Statistics,
    };

    /// <summary>
    /// Returns true for the second of two consecutive packets that are far behind. The sender has started over, and so does the buffer.
    /// </summary>
    private bool Restarts(ushort sequenceNumber)
    {
        if (SerialNumber.Distance(sequenceNumber, _next) >= -MaximumMisorder) return false;
        if (sequenceNumber != _badSequence)
        {
            _badSequence = (ushort)(sequenceNumber + 1);
            return false;
        }
        Discard();
        _lostLeft = 0;
        _next = sequenceNumber;
        _statistics = _statistics with { Resynchronisations = _statistics.Resynchronisations + 1 };
        return true;
    }

    private void Discard()
    {
        _statistics = _statistics with { Discarded = _statistics.Discarded + _count };
        _count = 0;
    }

    private void GiveUpGap()
    {
        int missing = SerialNumber.Distance(Head.SequenceNumber, _next);
        _lostLeft = Math.Min(missing, _options.MaximumConsecutiveLost);
        int skipped = missing - _lostLeft;
        if (skipped == 0) return;

        // The last missing frames before the packet are reported. The very last may be repaired from it, and concealment then leads into
        // real audio.
        _next = (ushort)(_next + skipped);
        uint ticks = unchecked((uint)_lostLeft + 1) * _options.TicksPerPacket;
        _lastTimestamp = unchecked(Head.Timestamp - ticks);
        _statistics = _statistics with { Skipped = _statistics.Skipped + skipped, Resynchronisations = _statistics.Resynchronisations + 1 };
    }

    /// <summary>
    /// Spreads the timestamps of the missing frames evenly between their neighbours, unless there is silence between those.
    /// </summary>
    private uint LostTimestamp(in Slot head)
    {
        uint steps = (uint)SerialNumber.Distance(head.SequenceNumber, _next) + 1;
        uint ticks = unchecked(head.Timestamp - _lastTimestamp) / steps;
        return unchecked(_lastTimestamp + (ticks is 0 or > MaximumTicksPerPacket ? _options.TicksPerPacket : ticks));
    }

    private int CopyPayload(int slot, Span<byte> buffer)
    {
        int length = _slots[slot].Length;
        _memory.AsSpan(slot * _options.MaximumPayloadBytes, length).CopyTo(buffer);
        return length;
    }

    private readonly record struct Slot(
        ushort SequenceNumber, uint Timestamp, int Length, Instant Arrival);
}
