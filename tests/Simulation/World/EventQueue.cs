namespace Dapr.Voice.Tests.Simulation.World;

internal enum SimEventKind : byte
{
    Tick,
    Wake,
    StoreArrive,
    StoreAnswer,
    ProbeArrive,
    ProbeAnswer,
    RelayLearns,
    RelayTells,
    RelayGreets,
    Suspect,
    HandedOver,
    Moved,
    Fault,
    Start,
    Check,
}

/// <summary>One event. What A, B and C are depends on the kind.</summary>
internal struct SimEvent
{
    public long At;
    public int Order;
    public SimEventKind Kind;
    public int A, B;
    public long C;
}

/// <summary>A binary heap of events by time. Events of the same time come in the order in which they were added.</summary>
internal sealed class EventQueue
{
    private SimEvent[] _heap = new SimEvent[256];
    private int _count, _order;

    public void Clear() => (_count, _order) = (0, 0);

    public void Add(long at, SimEventKind kind, int a = 0, int b = 0, long c = 0)
    {
        if (_count == _heap.Length) Array.Resize(ref _heap, _count * 2);
        var added = new SimEvent { At = at, Order = _order++, Kind = kind, A = a, B = b, C = c };
        int i = _count++;
        while (i > 0)
        {
            int parent = (i - 1) >> 1;
            if (!IsBefore(added, _heap[parent])) break;
            _heap[i] = _heap[parent];
            i = parent;
        }
        _heap[i] = added;
    }

    public bool TryTake(out SimEvent next)
    {
        if (_count == 0)
        {
            next = default;
            return false;
        }
        next = _heap[0];
        SimEvent last = _heap[--_count];
        int i = 0;
        while (true)
        {
            int child = (2 * i) + 1;
            if (child >= _count) break;
            if (child + 1 < _count && IsBefore(_heap[child + 1], _heap[child])) child++;
            if (!IsBefore(_heap[child], last)) break;
            _heap[i] = _heap[child];
            i = child;
        }
        _heap[i] = last;
        return true;
    }

    private static bool IsBefore(in SimEvent a, in SimEvent b) => a.At < b.At || (a.At == b.At && a.Order < b.Order);
}
