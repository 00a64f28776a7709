using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// The first datagrams of sessions whose record is being read: at most <see cref="MaximumPending"/> sessions of
/// <see cref="MaximumDatagrams"/> datagrams. Fixed memory, taken once needed and kept.
/// </summary>
internal sealed class DatagramShelf
{
    /// <summary>Records read at the same time per worker; the rest comes again with the client's next check, 50 ms later.</summary>
    public const int MaximumPending = 32;

    /// <summary>A few checks and a DTLS ClientHello in pieces.</summary>
    public const int MaximumDatagrams = 8;

    public const int MaximumDatagramBytes = 1500;

    private readonly Box?[] _boxes = new Box?[MaximumPending];
    private int _pending;

    public int Pending => _pending;

    public bool IsFull => _pending == MaximumPending;

    public bool Contains(ulong sessionId) => Find(sessionId) is not null;

    /// <summary>Opens a box for a session; false if there are <see cref="MaximumPending"/> already, or one for it.</summary>
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

    /// <summary>Keeps a copy; false if there is no box for the session, or no room in it.</summary>
    public bool TryAdd(ulong sessionId, ReadOnlySpan<byte> datagram, TransportPath from)
        => Find(sessionId) is { } box && box.TryAdd(datagram, from);

    /// <summary>
    /// The datagram number <paramref name="index"/> of a session, in the order of arrival; writable, since receivers decrypt in place.
    /// </summary>
    public bool TryGet(ulong sessionId, int index, out Span<byte> datagram, out TransportPath from)
    {
        datagram = default;
        from = default;
        return Find(sessionId) is { } box && box.TryGet(index, out datagram, out from);
    }

    /// <summary>Forgets what waits for a session.</summary>
    /// <returns>How many datagrams there were.</returns>
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
