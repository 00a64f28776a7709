using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.WebRtc;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>Buffers that all sessions of a worker share, since one of them runs at a time.</summary>
internal sealed class SessionScratch
{
    /// <summary>The longest message a client may send (docs/protocols/webrtc.md 6).</summary>
    public const int MaximumMessageBytes = 256 * 1024;

    /// <summary>A datagram to be sent, or a received payload.</summary>
    public byte[] Packet { get; } = new byte[2048];

    /// <summary>An encoded downlink frame.</summary>
    public byte[] Payload { get; } = new byte[MediaPump.MaximumPayloadBytes];

    /// <summary>A message, so that the agent may send while it reads.</summary>
    public byte[] Message { get; } = new byte[MaximumMessageBytes];

    /// <summary>Totals of one session's drops.</summary>
    public long[] Drops { get; } = new long[Enum.GetValues<SessionDrop>().Length];

    static SessionScratch() => ArgumentOutOfRangeException.ThrowIfGreaterThan(PeerSession.MaximumDatagramBytes, 2048);
}
