namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>How the write of a checkpoint ended. The member in snake case is the tag of the counter.</summary>
internal enum CheckpointOutcome
{
    /// <summary>The store has acknowledged it.</summary>
    Written,
    /// <summary>The store did not answer in time, or said no. It is not known whether it was written.</summary>
    Failed,
    /// <summary>The stored checkpoint has a higher epoch: another transceiver has the session.</summary>
    Fenced,
    /// <summary>
    /// The checkpoint from which the session goes on was replaced before ours was written, so its numbers may be used up.
    /// </summary>
    Stale,
    /// <summary>Too many writes wait. Nothing was tried.</summary>
    Busy,
    /// <summary>It does not fit, even without the conversation.</summary>
    TooLarge,
}
