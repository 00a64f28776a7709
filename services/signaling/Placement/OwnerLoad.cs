using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>An owner, and what it carries as far as we know: its own report and what we have placed since.</summary>
/// <param name="maximumLatenessMilliseconds">A later p99 than this refuses new sessions; see <see cref="SignalingOptions.MaximumLatenessMilliseconds"/>.</param>
internal sealed class OwnerLoad(TransceiverRecord record, int[] slots, double maximumLatenessMilliseconds)
{
    /// <summary>With fewer sessions than this, lateness tells of the machine's hiccups and not of load: refusing would make nothing better.</summary>
    public const int LatenessCountsFromSessions = 8;

    private int _placed;

    public TransceiverRecord Record => record;
    public IReadOnlyList<int> Slots => slots;

    /// <summary>Sessions that this replica has sent there and that its report can't show yet.</summary>
    public int Placed => Volatile.Read(ref _placed);

    public bool HasRoom => !record.Draining && (record.Sessions < LatenessCountsFromSessions || record.LatenessP99Milliseconds < maximumLatenessMilliseconds) && record.Sessions + Placed < record.Capacity;

    /// <summary>0 is idle, 1 is full in either sense: sessions of its capacity, or lateness of the bound.</summary>
    public double Load => Math.Max((record.Sessions + Placed) / (double)Math.Max(1, record.Capacity), record.LatenessP99Milliseconds / maximumLatenessMilliseconds);

    public void NotePlaced(int sessions = 1) => Interlocked.Add(ref _placed, sessions);
}
