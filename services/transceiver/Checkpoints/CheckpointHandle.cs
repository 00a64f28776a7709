namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>The checkpoint of one session in the store, as far as this process knows it. <see cref="CheckpointWriter"/> uses it.</summary>
/// <param name="mayExist">False for a session that began here: nobody has written a checkpoint of it.</param>
/// <param name="etag">The ETag of the checkpoint from which the session goes on. Null if it began here, or was handed over.</param>
internal sealed class CheckpointHandle(string callId, bool mayExist, string? etag = null)
{
    private int _isAbandoned;

    public string CallId { get; } = callId;

    /// <summary>One call to the store at a time.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>The store may have a checkpoint of the session. Whoever holds <see cref="Gate"/> may change it.</summary>
    public bool MayExist { get; set; } = mayExist;

    /// <summary>
    /// The ETag of the checkpoint from which the session goes on, until a checkpoint of our own has replaced it. If it has another one by
    /// then, our numbers may be used up (docs/decisions/0037). Whoever holds <see cref="Gate"/> may change it.
    /// </summary>
    public string? ETag { get; set; } = etag;

    /// <summary>The epoch of the first checkpoint that was tried here. 0 before that.</summary>
    public long FirstEpoch { get; set; }

    /// <summary>The number of the last checkpoint that was tried. Whoever holds <see cref="Gate"/> may change it.</summary>
    public long Version { get; set; }

    /// <summary>Another transceiver has the session. Nothing is written or deleted any more. Any thread.</summary>
    public void Abandon() => Volatile.Write(ref _isAbandoned, 1);

    public bool IsAbandoned => Volatile.Read(ref _isAbandoned) != 0;
}
