using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>An owner, and what it carries as far as we know: its own report and what we have placed since.</summary>
/// <param name="maximumLatenessMilliseconds">A later p99 than this refuses new sessions; see
/// <see cref="SignalingOptions.MaximumLatenessMilliseconds"/>.</param>
internal sealed class OwnerLoad(TransceiverRecord record, int[] slots, double maximumLatenessMilliseconds)
{
    /// <summary>
    /// With fewer sessions than this, lateness tells of the machine's hiccups and not of load: refusing would make nothing better.
    /// </summary>
    public const int LatenessCountsFromSessions = 8;

    private int _placed, _onTheWay;

    public TransceiverRecord Record => record;
    public IReadOnlyList<int> Slots => slots;

    /// <summary>Sessions that this replica has sent there and that its report may not show yet.</summary>
    public int Placed => Volatile.Read(ref _placed) + _onTheWay;

    public bool HasRoom => !record.Draining
        && (record.Sessions < LatenessCountsFromSessions || record.LatenessP99Milliseconds < maximumLatenessMilliseconds)
        && record.Sessions + Placed < record.Capacity;

    /// <summary>
    /// 0 is idle, 1 is full. Sessions of its capacity; lateness counts from half the bound on, since below that it is noise, and all
    /// callers would follow the noise of the same second to the same owner.
    /// </summary>
    public double Load => (record.Sessions + Placed) / (double)Math.Max(1, record.Capacity)
        + Math.Max(0, record.LatenessP99Milliseconds / maximumLatenessMilliseconds - 0.5);

    public void NotePlaced() => Interlocked.Increment(ref _placed);

    /// <summary>
    /// Takes over what was placed on the same owner as the last snapshot showed it; before anybody places on this one. The same report
    /// shows none of it. A newer one need not show what was placed since the one before: that may have been on its way when the owner
    /// counted. It counts once more, and so for one report at most some sessions count twice; better than to promise a full owner's room
    /// again to everybody who asks in that second.
    /// </summary>
    public void CarryFrom(OwnerLoad before)
    {
        bool isSameReport = before.Record.LeaseUntil == record.LeaseUntil;
        _placed = isSameReport ? Volatile.Read(ref before._placed) : 0;
        _onTheWay = isSameReport ? before._onTheWay : Volatile.Read(ref before._placed);
    }
}
