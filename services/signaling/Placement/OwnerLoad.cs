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

    /// <summary>
    /// 0 is idle, 1 is full. Sessions of its capacity; lateness counts from half the bound on, since below that it is noise, and all callers would follow
    /// the noise of the same second to the same owner.
    /// </summary>
    public double Load => (record.Sessions + Placed) / (double)Math.Max(1, record.Capacity) + Math.Max(0, record.LatenessP99Milliseconds / maximumLatenessMilliseconds - 0.5);

    public void NotePlaced(int sessions = 1) => Interlocked.Add(ref _placed, sessions);
}
