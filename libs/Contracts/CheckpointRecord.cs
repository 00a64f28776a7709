namespace Dapr.Voice.Contracts;

/// <summary>
/// The checkpoint of a session, stored under <see cref="StateKeys.Checkpoint"/> in <see cref="ComponentNames.Checkpoints"/>. The owner of
/// the session's slot writes it by compare-and-set. A writer that finds a higher epoch than its own is no longer the owner, and stops.
/// </summary>
/// <param name="Epoch">The epoch of the slot under which it was written.</param>
/// <param name="Version">Grows with each checkpoint that this owner writes. It identifies the write, so that a lost answer is no conflict.
/// </param>
/// <param name="Sealed">The content in base64, encrypted and bound to the session and to <paramref name="Epoch"/>.</param>
public sealed record CheckpointRecord(long Epoch, long Version, string Sealed);
