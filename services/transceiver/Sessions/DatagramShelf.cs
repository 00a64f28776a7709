using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Keeps the first datagrams of sessions whose record is being read: <see cref="MaximumDatagrams"/> datagrams for each of at most <see
/// cref="MaximumPending"/> sessions. Its memory is bounded, allocated when it is needed first, and kept.
/// </summary>
internal sealed class DatagramShelf
{
    /// <summary>
    /// Records that one worker reads at the same time. Other sessions come again with the client's next check, 50 ms later, or with its
    /// next frame of audio, if their owner was lost.
    /// </summary>
    public const int MaximumPending = 64;

    /// <summary>Room for a few checks and a DTLS ClientHello in pieces.</summary>
    public const int MaximumDatagrams = 8;

    public const int MaximumDatagramBytes = 1500;

    private readonly Box?[] _boxes = new Box?[MaximumPending];
    private int _pending;

    public int Pending => _pending;

    public bool IsFull => _pending == MaximumPending;

    public bool Contains(ulong sessionId) => Find(sessionId) is not null;

    /// <summary>
    /// Opens a box for a session. Returns false if there are <see cref="MaximumPending"/> boxes, or one for this session.
    /// </summary>
    public bool TryOpen(ulong sessionId)
    {
        if (IsFull || Contains(sessionId)) return false;
        foreach (ref Box? box in _boxes.AsSpan())
        {
            if (box is { IsOpen: true }) continue;
            box ??= new Box();
            box.Open(sessionId);
            _pending++;
            return true;
        }
        return false;
    }

    /// <summary>Keeps a copy of a datagram. Returns false if the session has no box, or if its box is full.</summary>
    public bool TryAdd(ulong sessionId, ReadOnlySpan<byte> datagram, TransportPath from)
        => Find(sessionId) is { } box && box.TryAdd(datagram, from);

    /// <summary>
    /// Returns the datagram number <paramref name="index"/> of a session, in the order of arrival. It is writable, because receivers
    /// decrypt in place.
    /// </summary>
    public bool TryGet(ulong sessionId, int index, out Span<byte> datagram, out TransportPath from)
    {
        datagram = default;
        from = default;
        return Find(sessionId) is { } box && box.TryGet(index, out datagram, out from);
    }

    /// <summary>Removes a session's box.</summary>
    /// <returns>The number of datagrams that it held.</returns>
    public int Close(ulong sessionId)
    {
        if (Find(sessionId) is not { } box) return 0;
        box.Close();
        _pending--;
        return box.Count;
    }

    private Box? Find(ulong sessionId)
    {
        if (_pending == 0) return null;
        foreach (Box? box in _boxes)
        {
            if (box is { IsOpen: true } && box.SessionId == sessionId) return box;
        }
        return null;
    }

    private sealed class Box
    {
        private readonly byte[] _bytes = new byte[MaximumDatagrams * MaximumDatagramBytes];
        private readonly int[] _lengths = new int[MaximumDatagrams];
        private readonly TransportPath[] _from = new TransportPath[MaximumDatagrams];
        private int _count;

        public ulong SessionId { get; private set; }
        public int Count => _count;
        public bool IsOpen { get; private set; }

        public void Open(ulong sessionId)
        {
            SessionId = sessionId;
            IsOpen = true;
            _count = 0;
        }

        public void Close() => IsOpen = false;

        public bool TryAdd(ReadOnlySpan<byte> datagram, TransportPath from)
        {
            if (_count == MaximumDatagrams || datagram.Length > MaximumDatagramBytes) return false;
            datagram.CopyTo(_bytes.AsSpan(_count * MaximumDatagramBytes));
            _lengths[_count] = datagram.Length;
            _from[_count++] = from;
            return true;
        }

        public bool TryGet(int index, out Span<byte> datagram, out TransportPath from)
        {
            if ((uint)index >= (uint)_count)
            {
                datagram = default;
                from = default;
                return false;
            }
            datagram = _bytes.AsSpan(index * MaximumDatagramBytes, _lengths[index]);
            from = _from[index];
            return true;
        }
    }
}
