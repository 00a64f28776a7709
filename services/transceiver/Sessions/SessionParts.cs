using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Opus;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>The checked parts from which a session is made.</summary>
/// <param name="CreatedAt">When it is made here.</param>
/// <param name="StartedAt">When the session began, here or at another transceiver, on our clock.</param>
/// <param name="Checkpoints">Keeps the session's checkpoint.</param>
/// <param name="Resumed">What the owner before left, for a session that is continued here.</param>
internal sealed record SessionParts(
    SessionRecord Record, SessionId Id, PeerSession Peer, SessionLimits Limits, OpusCodec Codec, Instant CreatedAt, Instant StartedAt,
    SessionCheckpoints Checkpoints, CheckpointContent? Resumed = null)
{
    /// <summary>The session that the caller asked for, which the record has only encrypted.</summary>
    public JsonElement? Asked { get; init; }
}
