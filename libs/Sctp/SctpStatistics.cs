namespace Dapr.Voice.Sctp;

/// <summary>Counters and current values of an association.</summary>
/// <param name="ChunksRetransmitted">DATA chunks that were sent again for any reason.</param>
/// <param name="FastRetransmissions">Fast retransmissions, each after three reports of a gap (RFC 9260, section 7.2.4).</param>
/// <param name="TimeoutRetransmissions">How often the timer T3 expired.</param>
/// <param name="SmoothedRoundTripTime">Zero until the first measurement.</param>
/// <param name="CongestionWindowBytes">The bytes that may be in flight.</param>
/// <param name="PeerWindowBytes">The bytes that the peer can still receive.</param>
/// <param name="SendQueueBytes">User data that is queued or not yet acknowledged.</param>
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
