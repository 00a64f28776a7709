namespace Dapr.Voice.Sctp;

/// <param name="ChunksRetransmitted">DATA chunks sent again for any cause.</param>
/// <param name="FastRetransmissions">Times that three reports of a gap triggered one (RFC 9260, section 7.2.4).</param>
/// <param name="TimeoutRetransmissions">Times that T3 ran out.</param>
/// <param name="SmoothedRoundTripTime">Zero until measured.</param>
/// <param name="CongestionWindowBytes">What may be in flight.</param>
/// <param name="PeerWindowBytes">What the peer still takes.</param>
/// <param name="SendQueueBytes">User data queued or not yet acknowledged.</param>
public readonly record struct SctpStatistics(
    long PacketsSent,
    long PacketsReceived,
    long ChunksRetransmitted,
    long FastRetransmissions,
    long TimeoutRetransmissions,
    long MessagesAbandoned,
    TimeSpan RetransmissionTimeout,
    TimeSpan SmoothedRoundTripTime,
    int CongestionWindowBytes,
    int PeerWindowBytes,
    int BytesInFlight,
    int SendQueueBytes);
