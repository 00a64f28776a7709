namespace Dapr.Voice.WebRtc;

/// <summary>
/// Counters of one session. <see cref="PeerSession.Dropped(PeerDrop)"/> and its overloads return the numbers of dropped packets.
/// </summary>
public struct PeerStatistics
{
    /// <summary>RTP packets that passed authentication.</summary>
    public long RtpReceived;
    public long RtpSent;

    /// <summary>Computed from sequence numbers (RFC 3550, A.3). Negative if there were more duplicates than losses.</summary>
    public long RtpLost;
    public long RtcpReceived;
    public long RtcpSent;
    public double JitterMilliseconds;

    /// <summary>From RTCP if the peer reports, else from our own checks. Null until it is known.</summary>
    public double? RoundTripMilliseconds;

    /// <summary>Lost packets of our stream, as the peer reports them.</summary>
    public long PeerReportsLost;
}
