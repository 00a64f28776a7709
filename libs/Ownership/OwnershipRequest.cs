namespace Dapr.Voice.Ownership;

/// <summary>
/// What <see cref="SlotOwner"/> wants to be done. The comment of each kind names the fields that it uses, and its answer.
/// </summary>
public enum OwnershipRequestKind
{
    /// <summary>
    /// Read the records of the transceivers, all of them if <see cref="OwnershipRequest.IsFull"/>, else those that exist, as far as is
    /// known. Answer: <see cref="SlotOwner.FleetRead"/> or <see cref="SlotOwner.FleetUnreadable"/>.
    /// </summary>
    ReadFleet,

    /// <summary>
    /// Write our own record with beat <see cref="OwnershipRequest.Epoch"/>, over <see cref="OwnershipRequest.ETag"/>, or create it if that
    /// is null. Answer: <see cref="SlotOwner.RecordWritten"/>.
    /// </summary>
    WriteRecord,

    /// <summary>
    /// Read the records of all slots. Answer: <see cref="SlotOwner.SlotsRead"/> or <see cref="SlotOwner.SlotsUnreadable"/>.
    /// </summary>
    ReadSlots,

    /// <summary>
    /// Write <see cref="OwnershipRequest.Owner"/> and <see cref="OwnershipRequest.Epoch"/> into the record of <see
    /// cref="OwnershipRequest.Slot"/>, by compare-and-set over <see cref="OwnershipRequest.ETag"/>, or create it if that is null. Answer:
    /// <see cref="SlotOwner.SlotWritten"/>.
    /// </summary>
    WriteSlot,

    /// <summary>
    /// Ask <see cref="OwnershipRequest.Owner"/> at its link port for a sign of life. Answer: <see cref="SlotOwner.Probed"/>.
    /// </summary>
    Probe,

    /// <summary>Serve <see cref="OwnershipRequest.Slot"/> under <see cref="OwnershipRequest.Epoch"/> from now on. No answer.</summary>
    Serve,

    /// <summary>
    /// Stop serving <see cref="OwnershipRequest.Slot"/>, at once and in silence: another owner has its sessions. No answer.
    /// </summary>
    Drop,

    /// <summary>
    /// Stop serving <see cref="OwnershipRequest.Slot"/> if it has no session. Answer, before the next request is taken: <see
    /// cref="SlotOwner.Withdrawn"/>.
    /// </summary>
    Withdraw,

    /// <summary>
    /// All slots that are served were ours in a read that began at <see cref="OwnershipRequest.Began"/>. No answer.
    /// </summary>
    Confirm,

    /// <summary>
    /// The hand-over of <see cref="OwnershipRequest.Slot"/> is over. <see cref="OwnershipRequest.IsFull"/>: its record names
    /// <see cref="OwnershipRequest.Owner"/>, with <see cref="OwnershipRequest.Epoch"/>. Otherwise it is still ours. No answer.
    /// </summary>
    HandedOver,
}

/// <summary>One request. See <see cref="OwnershipRequestKind"/>.</summary>
/// <param name="CanWait">No session waits for this write: it gives a slot back, or takes one that nobody had.</param>
public readonly record struct OwnershipRequest(
    OwnershipRequestKind Kind, int Slot = -1, OwnerIdentity Owner = default, long Epoch = 0, string? ETag = null,
    Wire.Instant Began = default,
    bool IsFull = false, bool CanWait = false);

/// <summary>The result of a write, as far as the writer knows.</summary>
public enum StoreWrite
{
    Written,

    /// <summary>Another value was there. Nothing was written.</summary>
    Conflict,

    /// <summary>The store did not say. The value may have been written, and it may be written later.</summary>
    Unknown,
}

/// <summary>What a probe has shown of a process.</summary>
public enum ProbeAnswer
{
    /// <summary>The process has answered.</summary>
    Alive,

    /// <summary>Another process has answered at its port.</summary>
    OtherProcess,

    /// <summary>Nobody listens at its port.</summary>
    PortClosed,

    /// <summary>No answer within <see cref="OwnershipTiming.Probe"/>.</summary>
    Silent,
}

/// <summary>What a read of one record has shown.</summary>
public enum RecordState
{
    /// <summary>It was not read, or could not be read.</summary>
    Unread,
    Missing,
    Present,
}

/// <summary>The record of a transceiver as it was read.</summary>
/// <param name="Beat">Grows with each renewal. 0 in records of versions that did not write it.</param>
/// <param name="IsName">Its link endpoint is a name. Another process may answer at it while this one is alive, so only silence
/// counts.</param>
/// <param name="IsOurPlace">Its link ports are ports that this process has bound, so its process is gone.</param>
public readonly record struct TransceiverView(
    RecordState State, ulong Incarnation = 0, string ETag = "", long Beat = 0, bool IsDraining = false, bool IsName = false,
    bool IsOurPlace = false);

/// <summary>The record of a slot as it was read.</summary>
/// <param name="Owner"><see cref="OwnerIdentity.Nobody"/> if its owner gave it back.</param>
public readonly record struct SlotView(RecordState State, OwnerIdentity Owner = default, long Epoch = 0, string ETag = "");
