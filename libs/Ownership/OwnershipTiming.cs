namespace Dapr.Voice.Ownership;

/// <summary>
/// All times of ownership in one place, with the inequalities that they have to fulfil (docs/decisions/0035). Two settings determine the
/// rest, so that a test may run the same rules faster.
/// </summary>
/// <param name="Renew">Time between two looks at the fleet. Each look renews our own record.</param>
/// <param name="Lease">An owner without a sign of life for this long, seen on the observer's own clock, has lost its lease.</param>
public sealed record OwnershipTiming(TimeSpan Renew, TimeSpan Lease)
{
    /// <summary>A silent owner's slots have another owner after this time.</summary>
    public static readonly TimeSpan TakeoverLimit = TimeSpan.FromSeconds(3);

    /// <summary>An owner that stands still for no longer than this keeps its slots.</summary>
    public static readonly TimeSpan ToleratedPause = TimeSpan.FromSeconds(2);

    public static OwnershipTiming Default { get; } = new(TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(2400));

    /// <summary>The longest time that one read or write of a store takes that is well.</summary>
    public TimeSpan StoreDelay => Lease / 24;

    /// <summary>
    /// All slots are read again after this time, whatever is known about them. It is less than a lease: an owner that has not noticed a
    /// loss of data writes its slots again before anybody may take them.
    /// </summary>
    public TimeSpan FullLook => Lease * 5 / 6;

    /// <summary>A probe without an answer for this long is unanswered. It is repeated meanwhile.</summary>
    public TimeSpan Probe => Lease / 6;

    /// <summary>An owner whose record did not change for this long is probed: it may be dead without anybody having seen it.</summary>
    public TimeSpan Doubt => Lease / 3;

    /// <summary>A read or write of a store without an answer for this long has failed, so that the next renewal is not late.</summary>
    public TimeSpan Operation => Lease / 3;

    /// <summary>
    /// A loop that stood still for longer sends nothing, and believes no answer from before, until its ownership is confirmed.
    /// </summary>
    public TimeSpan Fence => Lease / 2;

    /// <summary>As many renewals as an owner makes in a lease.</summary>
    public int RenewalsInALease => (int)(Lease / Renew);

    /// <summary>
    /// If nobody could be seen for this long, everybody gets a new lease, since they could not renew either. One lost answer is no gap.
    /// </summary>
    public TimeSpan Gap => Operation + (Renew * 2);

    /// <summary>
    /// The shortest time between the beginning of an owner's pause and the moment when somebody else may take its slots. Its last renewal
    /// may have been written one interval earlier, and was seen when it was written.
    /// </summary>
    public TimeSpan EarliestTakeover => Lease - Renew - StoreDelay;

    /// <summary>
    /// The longest such time. Its last renewal was on its way when the pause began, was seen one interval later, and the successor reads
    /// the fleet and the slots, and writes.
    /// </summary>
    public TimeSpan LatestTakeover => StoreDelay + Renew + StoreDelay + Lease + StoreDelay;

    /// <summary>
    /// Nobody sends under a slot that another one may have: a loop that stood still notices it before anybody may take its slots.
    /// </summary>
    public bool IsSafe => Fence < EarliestTakeover && Probe < Fence && Doubt >= Renew + (2 * StoreDelay);
}
