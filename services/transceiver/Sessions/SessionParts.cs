using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Opus;
using Dapr.Voice.Steering;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>The checked parts from which a session is made.</summary>
internal sealed record SessionParts(
    SessionRecord Record, SessionId Id, PeerSession Peer, SessionLimits Limits, OpusCodec Codec, Instant CreatedAt)
{
    /// <summary>The session that the caller asked for, which the record has only encrypted.</summary>
    public JsonElement? Asked { get; init; }
}
