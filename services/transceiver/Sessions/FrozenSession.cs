using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Checkpoints;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>A session that stands still, with its exact state.</summary>
internal sealed record FrozenSession(SessionRecord Record, CheckpointContent Content);
