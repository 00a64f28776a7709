using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>What a look for a session's checkpoint has found.</summary>
/// <param name="IsKnown">False if the store did not answer.</param>
/// <param name="Epoch">The epoch of the writer. 0 if there is no checkpoint.</param>
/// <param name="Content">Null if there is none, or if it does not open.</param>
internal readonly record struct FoundCheckpoint(bool IsKnown, long Epoch = 0, CheckpointContent? Content = null, string? ETag = null);

/// <summary>Reads and opens the checkpoint of a session. Any thread.</summary>
internal sealed class CheckpointReader(IStateStore store, CheckpointCodec codec)
{
    public async Task<FoundCheckpoint> ReadAsync(string callId, CancellationToken cancellation = default)
    {
        StateReadResult<CheckpointRecord> read = await store.ReadAsync(
            ComponentNames.Checkpoints, StateKeys.Checkpoint(callId), ContractsJson.Default.CheckpointRecord, cancellation)
            .ConfigureAwait(false);
        // A value that is no checkpoint will be none at the next look.
        if (read.Outcome == StateReadOutcome.Unavailable) return new FoundCheckpoint(false);
        return read.Entry is not { Value: { } record } entry ? new FoundCheckpoint(true)
            : new FoundCheckpoint(true, record.Epoch, codec.TryOpen(callId, record.Epoch, record.Sealed), entry.ETag);
    }
}
