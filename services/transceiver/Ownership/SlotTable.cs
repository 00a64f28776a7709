namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>
/// The slots that this process serves, and how many sessions each has. The ownership loop changes it, workers and HTTP threads read
/// it; no locks. That a slot is given back only without sessions holds by order: who enters counts first and looks second, who
/// withdraws closes first and counts second, so one of the two sees the other.
/// </summary>
internal sealed class SlotTable
{
    // Epoch of a served slot; 0 for one that is not (epochs start at 1).
    private readonly long[] _epochs;
    private readonly int[] _sessions;
    private int _version;

    /// <param name="slotCount">Slots of the region.</param>
    public SlotTable(int slotCount)
    {
        _epochs = new long[slotCount];
        _sessions = new int[slotCount];
    }

    public int SlotCount => _epochs.Length;

    /// <summary>Changes with every change of what is served: a worker that sees another number looks again.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Raised after a change, on the thread that made it.</summary>
    public event Action? Changed;

    /// <summary>Null if it is not served.</summary>
    public long? EpochOf(int slot)
    {
        if ((uint)slot >= (uint)_epochs.Length) return null;
        long epoch = Volatile.Read(ref _epochs[slot]);
        return epoch == 0 ? null : epoch;
    }

    public bool IsServed(int slot) => (uint)slot < (uint)_epochs.Length && Volatile.Read(ref _epochs[slot]) != 0;

    public int ServedCount
    {
        get
        {
            int count = 0;
            for (int slot = 0; slot < _epochs.Length; slot++)
            {
                if (IsServed(slot)) count++;
            }
            return count;
        }
    }

    public int SessionsOf(int slot) => Volatile.Read(ref _sessions[slot]);

    public void Serve(int slot, long epoch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epoch, 1);
        if (Interlocked.Exchange(ref _epochs[slot], epoch) != epoch) NoteChange();
    }

    /// <summary>Stops serving, whatever sessions there are: they end.</summary>
    public void Drop(int slot)
    {
        if (Interlocked.Exchange(ref _epochs[slot], 0) != 0) NoteChange();
    }

    /// <summary>Stops serving if the slot has no sessions.</summary>
    public bool TryWithdraw(int slot)
    {
        long epoch = Interlocked.Exchange(ref _epochs[slot], 0);
        if (epoch == 0) return true;
        if (Volatile.Read(ref _sessions[slot]) > 0)
        {
            Volatile.Write(ref _epochs[slot], epoch);
            return false;
        }
        NoteChange();
        return true;
    }

    /// <summary>Counts a session in, if the slot is served.</summary>
    public bool TryEnter(int slot)
    {
        if ((uint)slot >= (uint)_epochs.Length) return false;
        Interlocked.Increment(ref _sessions[slot]);
        if (IsServed(slot)) return true;
        Interlocked.Decrement(ref _sessions[slot]);
        return false;
    }

    public void Exit(int slot) => Interlocked.Decrement(ref _sessions[slot]);

    private void NoteChange()
    {
        Interlocked.Increment(ref _version);
        Changed?.Invoke();
    }
}
