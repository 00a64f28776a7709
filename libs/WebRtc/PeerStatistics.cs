namespace Dapr.Voice.WebRtc;

/// <summary>
/// Counters of one session, plain numbers. <see cref="PeerSession.Dropped(PeerDrop)"/> and its siblings have what was dropped.
/// </summary>
public struct PeerStatistics
{
    /// <summary>RTP packets that authenticated.</summary>
    public long RtpReceived;
    public long RtpSent;

    /// <summary>From sequence numbers (RFC 3550, A.3); negative if more duplicates came than were lost.</summary>
    public long RtpLost;
    public long RtcpReceived;
    public long RtcpSent;
    public double JitterMilliseconds;

    /// <summary>From RTCP where the peer reports, else from our own checks. Null until known.</summary>
    public double? RoundTripMilliseconds;

    /// <summary>What the peer's reports say of our stream.</summary>
    public long PeerReportsLost;
}
