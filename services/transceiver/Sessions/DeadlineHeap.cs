using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Finds the earliest of many deadlines, one for each index of a fixed table. Setting, moving and removing a deadline costs O(log n) and
/// allocates nothing. It is a binary heap of indices, and <c>_position</c> tells where an index is in it.
/// </summary>
internal sealed class DeadlineHeap
{
    private const int Absent = -1;

    private readonly Instant[] _deadline;
    private readonly int[] _heap;
    private readonly int[] _position;
    private int _count;

    /// <param name="capacity">Indices are 0 to capacity - 1.</param>
    public DeadlineHeap(int capacity)
    {
        _deadline = new Instant[capacity];
        _heap = new int[capacity];
        _position = new int[capacity];
        Array.Fill(_position, Absent);
    }

    public int Count => _count;

    /// <summary>The earliest deadline. <see cref="Instant.Never"/> if there is none.</summary>
    public Instant Earliest => _count == 0 ? Instant.Never : _deadline[_heap[0]];

    /// <summary>Adds or moves a deadline. <see cref="Instant.Never"/> removes it.</summary>
    public void Set(int index, Instant deadline)
    {
        if (deadline == Instant.Never)
        {
            Remove(index);
            return;
        }
        int at = _position[index];
        if (at == Absent)
        {
            _deadline[index] = deadline;
            at = _count++;
            Place(at, index);
            Rise(at);
            return;
        }
        Instant before = _deadline[index];
        if (before == deadline) return;
        _deadline[index] = deadline;
        if (deadline < before) Rise(at);
        else Sink(at);
    }

    public void Remove(int index)
    {
        int at = _position[index];
        if (at == Absent) return;
        _position[index] = Absent;
        int last = _heap[--_count];
        if (at == _count) return;
        Place(at, last);
        Rise(at);
        Sink(_position[last]);
    }

    /// <summary>
    /// Returns the index with the earliest deadline, if that is at or before <paramref name="now"/>. The deadline stays. Set or remove it.
    /// </summary>
    public bool TryPeekDue(Instant now, out int index, out Instant deadline)
    {
        if (_count == 0 || _deadline[_heap[0]] > now)
        {
            index = Absent;
            deadline = Instant.Never;
            return false;
        }
        index = _heap[0];
        deadline = _deadline[index];
        return true;
    }

    private void Rise(int at)
    {
        int index = _heap[at];
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (_deadline[_heap[parent]] <= _deadline[index]) break;
            Place(at, _heap[parent]);
            at = parent;
        }
        Place(at, index);
    }

    private void Sink(int at)
    {
        int index = _heap[at];
        while (true)
        {
            int child = 2 * at + 1;
            if (child >= _count) break;
            if (child + 1 < _count && _deadline[_heap[child + 1]] < _deadline[_heap[child]]) child++;
            if (_deadline[index] <= _deadline[_heap[child]]) break;
            Place(at, _heap[child]);
            at = child;
        }
        Place(at, index);
    }

    private void Place(int at, int index)
    {
        _heap[at] = index;
        _position[index] = at;
    }
}
