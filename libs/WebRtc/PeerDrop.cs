namespace Dapr.Voice.WebRtc;

/// <summary>
/// Why <see cref="PeerSession"/> itself dropped a packet or a message. The protocols below it have their own reasons.
/// </summary>
public enum PeerDrop : byte
{
    /// <summary>The session has ended.</summary>
    Closed,
    /// <summary>The datagram is neither STUN nor DTLS nor RTP nor RTCP (RFC 7983).</summary>
    UnknownKind,
    /// <summary>DTLS arrived on a path without a successful check.</summary>
    DtlsBeforeIce,
    /// <summary>RTP or RTCP arrived before its keys were available.</summary>
    MediaBeforeDtls,
    /// <summary>RTP or RTCP arrived in a session without audio.</summary>
    MediaNotNegotiated,
    /// <summary>RTP arrived with a payload type that was not negotiated.</summary>
    UnknownPayloadType,
    /// <summary>An RTP packet waited in the jitter buffer when the peer started its stream again.</summary>
    StreamRestarted,
    /// <summary>Our audio was ready before DTLS was done. Nobody can receive it yet.</summary>
    AudioBeforeDtls,
    /// <summary>Our audio was ready in a session without audio.</summary>
    AudioNotNegotiated,
    /// <summary>Our payload does not fit into a packet.</summary>
    AudioTooLong,
    /// <summary>
    /// The ring was full when our RTP or RTCP packet was ready, because the owner did not drain <see cref="PeerSession.TryTransmit"/>.
    /// </summary>
    TransmitRingFull,
    /// <summary>
    /// Our packet was for a path that is not proven yet and has not sent enough for it (docs/protocols/webrtc.md 1).
    /// </summary>
    PathUnproven,
    /// <summary>
    /// Our RTP or RTCP packet needs a number that belongs to a successor until the next checkpoint is in the store (<see
    /// cref="PeerSession.CommitCheckpoint"/>).
    /// </summary>
    IndexLeaseEnded,
    /// <summary>DTLS did not accept our SCTP packet. SCTP repeats it.</summary>
    SctpPacketUnsent,
    /// <summary>A message arrived on a data channel that is not the events channel.</summary>
    OtherChannel,
    /// <summary>A message arrived for a channel that is not open, or with an unknown payload protocol.</summary>
    StrayMessage,
    /// <summary>The opening of a data channel was rejected.</summary>
    ChannelRefused,
    /// <summary>Our message was abandoned because of the limits of its channel (RFC 3758).</summary>
    MessageAbandoned,
}
