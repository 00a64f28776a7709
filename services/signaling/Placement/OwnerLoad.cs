using Dapr.Voice.Contracts;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>An owner and the load that we know of: the owner's own report and the sessions that we have placed since.</summary>
/// <param name="maximumLatenessMilliseconds">An owner whose p99 lateness is above this gets no new sessions. See <see
/// cref="SignalingOptions.MaximumLatenessMilliseconds"/>.</param>
internal sealed class OwnerLoad(TransceiverRecord record, int[] slots, double maximumLatenessMilliseconds)
{
    /// <summary>
    /// With fewer sessions than this, lateness shows short delays of the machine and not load. Refusing sessions would improve nothing.
    /// </summary>
    public const int LatenessCountsFromSessions = 8;

    /// <summary>
    /// Sessions that an owner has not reported hold back at most this many places, or an eighth of its capacity if that is more. Most of
    /// them may be of a caller who never sends a packet, and they must not close the region for the others.
    /// </summary>
    public const int UnreportedThatCount = 8;

    private int _placed, _onTheWay;

    public TransceiverRecord Record => record;
    public IReadOnlyList<int> Slots => slots;

    /// <summary>When its lease runs out on our clock, unless its record changes before.</summary>
    public Instant LeaseEnds { get; init; }

    /// <summary>Sessions that this replica has placed there and that the owner's report may not contain yet.</summary>
    public int Placed => Volatile.Read(ref _placed) + _onTheWay;

    public bool HasRoom => !record.Draining
        && (record.Sessions < LatenessCountsFromSessions || record.LatenessP99Milliseconds < maximumLatenessMilliseconds)
        && record.Sessions + Math.Min(Placed, Math.Max(UnreportedThatCount, record.Capacity / 8)) < record.Capacity;

    /// <summary>
    /// The load: 0 is idle, 1 is full. It is the share of the owner's capacity that sessions use. Lateness counts from half of its limit
    /// on. Below that it is noise, and all callers would follow the noise of the same second to the same owner.
    /// </summary>
    public double Load => (record.Sessions + Placed) / (double)Math.Max(1, record.Capacity)
        + Math.Max(0, record.LatenessP99Milliseconds / maximumLatenessMilliseconds - 0.5);

    public void NotePlaced() => Interlocked.Increment(ref _placed);

    /// <summary>
    /// Takes over the sessions that were placed on the same owner with the last snapshot. Call it before the new snapshot is used. An
    /// unchanged report contains none of them. A newer report may lack the sessions placed since the report before, because they may have
    /// been on their way when the owner counted. So these sessions count for one more report, and some of them count twice. That is better
    /// than to promise the room of a full owner to everybody who asks in that second.
    /// </summary>
    public void CarryFrom(OwnerLoad before)
    {
        bool isSameReport = before.Record.LeaseUntil == record.LeaseUntil && before.Record.Beat == record.Beat;
        _placed = isSameReport ? Volatile.Read(ref before._placed) : 0;
        _onTheWay = isSameReport ? before._onTheWay : Volatile.Read(ref before._placed);
    }
}
