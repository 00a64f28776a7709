namespace Dapr.Voice.Ownership;

/// <summary>What happened to the fleet through this process.</summary>
public enum OwnershipEventKind
{
    /// <summary>This process has registered.</summary>
    Joined,

    /// <summary>This process takes no new sessions.</summary>
    Draining,

    /// <summary>This process has given back its slots.</summary>
    Left,

    /// <summary>Another process, of this shard, counts as dead from now on.</summary>
    PeerDied,

    /// <summary>Records that were there are gone: the store has lost its data. Told once for each loss.</summary>
    StoreLost,

    /// <summary>A slot has another owner. Whoever wrote that into its record tells it, so it is told once.</summary>
    SlotMoved,
}

/// <summary>Why a slot has moved.</summary>
public enum SlotMoveCause
{
    None,

    /// <summary>It had no owner.</summary>
    Unowned,

    /// <summary>Its owner's process is gone: its port is closed, or another process has its place.</summary>
    OwnerGone,

    /// <summary>Its owner's lease ran out, and a probe stayed unanswered.</summary>
    OwnerSilent,

    /// <summary>Its owner handed it over.</summary>
    HandedOver,
}

/// <summary>One event.</summary>
/// <param name="Slot">-1 for events of the process.</param>
/// <param name="FromShard">The owner before, or -1 if there was none.</param>
/// <param name="ToShard">The shard that the event is about, or the new owner of the slot.</param>
/// <param name="Epoch">The epoch of the new ownership.</param>
public readonly record struct OwnershipEvent(
    OwnershipEventKind Kind, int ToShard, int Slot = -1, int FromShard = -1, long Epoch = 0, SlotMoveCause Cause = SlotMoveCause.None);

/// <summary>Why the ownership does not go on.</summary>
public enum OwnershipProblem
{
    None,
    NotRegistered,
    StoreUnreadable,
    RecordUnwritable,

    /// <summary>Another process of our shard is alive, as far as is known.</summary>
    PredecessorAlive,

    /// <summary>Another process has taken our shard over.</summary>
    Superseded,
    Left,
}
