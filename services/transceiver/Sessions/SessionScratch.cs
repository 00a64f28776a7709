using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.WebRtc;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>Buffers that all sessions of a worker share, because only one session runs at a time.</summary>
internal sealed class SessionScratch
{
    /// <summary>The longest message that a client may send (docs/protocols/webrtc.md 6).</summary>
    public const int MaximumMessageBytes = 256 * 1024;

    /// <summary>A datagram to be sent, or a received payload.</summary>
    public byte[] Packet { get; } = new byte[2048];

    /// <summary>An encoded downlink frame.</summary>
    public byte[] Payload { get; } = new byte[MediaPump.MaximumPayloadBytes];

    /// <summary>A copy of a message, so that the agent can send while it reads.</summary>
    public byte[] Message { get; } = new byte[MaximumMessageBytes];

    /// <summary>The totals of one session's drops.</summary>
    public long[] Drops { get; } = new long[Enum.GetValues<SessionDrop>().Length];

    static SessionScratch()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(PeerSession.MaximumDatagramBytes, 2048);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(PeerSession.MaximumMessageBytes, MaximumMessageBytes);
    }
}
