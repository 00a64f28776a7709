using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>An owner, and what it carries as far as we know: its own report and what we have placed since.</summary>
internal sealed class OwnerLoad(TransceiverRecord record, int[] slots)
{
    /// <summary>A later p99 than this means that callers begin to hear it; a quarter of a 20 ms frame.</summary>
    public const double MaximumLatenessMilliseconds = 5;

    private int _placed;

    public TransceiverRecord Record => record;
    public IReadOnlyList<int> Slots => slots;

    /// <summary>Sessions that this replica has sent there and that its report can't show yet.</summary>
    public int Placed => Volatile.Read(ref _placed);

    public bool HasRoom => !record.Draining && record.LatenessP99Milliseconds < MaximumLatenessMilliseconds && record.Sessions + Placed < record.Capacity;

    /// <summary>0 is idle, 1 is full in either sense: sessions of its capacity, or lateness of the bound.</summary>
    public double Load => Math.Max((record.Sessions + Placed) / (double)Math.Max(1, record.Capacity), record.LatenessP99Milliseconds / MaximumLatenessMilliseconds);

    public void NotePlaced(int sessions = 1) => Interlocked.Add(ref _placed, sessions);
}
