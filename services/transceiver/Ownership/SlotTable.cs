using Dapr.Voice.Ownership;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>
/// The slots that this process serves, and the number of sessions in each. The ownership loop changes it, and workers and HTTP threads read
/// it, without locks. A slot is returned only without sessions, and the order of operations ensures this. Whoever enters counts first and
/// looks second. Whoever withdraws closes first and counts second. So one of the two sees the other.
/// </summary>
internal sealed class SlotTable
{
    // The epoch of a served slot, or 0 for a slot that is not served. Epochs start at 1.
    private readonly long[] _epochs;
    private readonly int[] _sessions;
    private readonly bool[] _isClosed;
    private readonly long[] _highest;
    private int _version;
    private long _confirmedAt = long.MinValue;

    /// <param name="slotCount">The number of slots of the region.</param>
    /// <param name="timing">The times of ownership. The default suits the default settings.</param>
    public SlotTable(int slotCount, OwnershipTiming? timing = null)
    {
        _epochs = new long[slotCount];
        _sessions = new int[slotCount];
        _highest = new long[slotCount];
        _isClosed = new bool[slotCount];
        Timing = timing ?? OwnershipTiming.Default;
    }

    public int SlotCount => _epochs.Length;

    public OwnershipTiming Timing { get; }

    /// <summary>
    /// When the last read began that showed all served slots as ours. A worker whose <see cref="SendFence"/> has closed waits for a later
    /// one.
    /// </summary>
    public Instant ConfirmedAt => new(Volatile.Read(ref _confirmedAt));

    /// <summary>Changes whenever the served slots change. A worker that sees another number looks again.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Raised after a change, on the thread that made it.</summary>
    public event Action? Changed;

    /// <summary>Raised on the thread of a worker that stood still and wants to know whether its slots are still ours.</summary>
    public event Action? ConfirmationWanted;

    /// <summary>Returns null if the slot is not served.</summary>
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
        Volatile.Write(ref _highest[slot], epoch);
        if (Interlocked.Exchange(ref _epochs[slot], epoch) != epoch) NoteChange();
    }

    /// <summary>Serves a slot that its owner before has handed over.</summary>
    /// <returns>False if it was served under this epoch or a higher one before, and no longer is. The word comes too late then.</returns>
    public bool TryServe(int slot, long epoch)
    {
        if ((uint)slot >= (uint)_epochs.Length || epoch < 1) return false;
        if (Volatile.Read(ref _epochs[slot]) == epoch) return true;
        if (epoch <= Volatile.Read(ref _highest[slot])) return false;
        Serve(slot, epoch);
        return true;
    }

    /// <summary>Stops serving a slot, even if it has sessions. They end.</summary>
    public void Drop(int slot)
    {
        if (Interlocked.Exchange(ref _epochs[slot], 0) != 0) NoteChange();
    }

    /// <summary>Stops serving a slot that somebody has been seen to own under a higher epoch. Any thread.</summary>
    public void DropBelow(int slot, long epoch)
    {
        if ((uint)slot >= (uint)_epochs.Length) return;
        long served = Volatile.Read(ref _epochs[slot]);
        if (served != 0 && served < epoch && Interlocked.CompareExchange(ref _epochs[slot], 0, served) == served) NoteChange();
    }

    /// <summary>
    /// Stops serving a slot if it has no sessions. A slot that has some is served all the time: the workers look when they like.
    /// </summary>
    public bool TryWithdraw(int slot)
    {
        long epoch = Volatile.Read(ref _epochs[slot]);
        if (epoch == 0) return true;
        if (Volatile.Read(ref _sessions[slot]) > 0) return false;
        // No session comes in between the look at the count and the end of serving. If one was counted before, this one gives up.
        Volatile.Write(ref _isClosed[slot], true);
        Interlocked.MemoryBarrier();
        bool isWithdrawn = Volatile.Read(ref _sessions[slot]) == 0
            && Interlocked.CompareExchange(ref _epochs[slot], 0, epoch) == epoch;
        Volatile.Write(ref _isClosed[slot], false);
        if (isWithdrawn) NoteChange();
        return isWithdrawn;
    }

    /// <summary>Counts a session in if the slot is served.</summary>
    public bool TryEnter(int slot)
    {
        if ((uint)slot >= (uint)_epochs.Length) return false;
        Interlocked.Increment(ref _sessions[slot]);
        if (!Volatile.Read(ref _isClosed[slot]) && IsServed(slot)) return true;
        Interlocked.Decrement(ref _sessions[slot]);
        return false;
    }

    /// <summary>
    /// Counts a session in that is to come: its slot is about to be handed over. Return it with <see cref="Exit"/>.
    /// </summary>
    public void Hold(int slot) => Interlocked.Increment(ref _sessions[slot]);

    public void Exit(int slot) => Interlocked.Decrement(ref _sessions[slot]);

    /// <summary>All slots that are served were ours in a read that began then.</summary>
    public void Confirm(Instant began) => Volatile.Write(ref _confirmedAt, began.Ticks);

    public void WantConfirmation() => ConfirmationWanted?.Invoke();

    private void NoteChange()
    {
        Interlocked.Increment(ref _version);
        Changed?.Invoke();
    }
}
