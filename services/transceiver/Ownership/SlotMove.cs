namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>What is to be done about one slot.</summary>
internal enum SlotMove
{
    /// <summary>Not ours, and not for us.</summary>
    Leave,

    /// <summary>Ours, and it stays.</summary>
    Keep,

    /// <summary>Write ourselves in, with the next epoch.</summary>
    Claim,

    /// <summary>The record says that it is ours, but we do not serve it: an answer of the store was lost. Serve it.</summary>
    Adopt,

    /// <summary>Ours, but another live transceiver should have it: give it back once it has no sessions.</summary>
    GiveBack,

    /// <summary>We serve it, and another owner has a higher epoch: stop at once.</summary>
    Lost,
}
