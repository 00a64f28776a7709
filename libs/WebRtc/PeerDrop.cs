namespace Dapr.Voice.WebRtc;

/// <summary>Why <see cref="PeerSession"/> itself gave up a packet or a message. The protocols below it have reasons of their own.</summary>
public enum PeerDrop : byte
{
    /// <summary>The session is over.</summary>
    Closed,
    /// <summary>A datagram that is neither STUN nor DTLS nor RTP nor RTCP (RFC 7983).</summary>
    UnknownKind,
    /// <summary>DTLS from a path that has passed no check.</summary>
    DtlsBeforeIce,
    /// <summary>RTP or RTCP before there are keys for it.</summary>
    MediaBeforeDtls,
    /// <summary>RTP or RTCP in a session without audio.</summary>
    MediaNotNegotiated,
    /// <summary>RTP of another payload type than the one agreed.</summary>
    UnknownPayloadType,
    /// <summary>A held RTP packet when the peer started its stream over.</summary>
    StreamRestarted,
    /// <summary>Audio of ours before DTLS is done: there is nobody to hear it.</summary>
    AudioBeforeDtls,
    /// <summary>Audio of ours in a session without audio.</summary>
    AudioNotNegotiated,
    /// <summary>A payload of ours that does not fit into a packet.</summary>
    AudioTooLong,
    /// <summary>An RTP or RTCP packet of ours that found the ring full: nobody drained <see cref="PeerSession.TryTransmit"/>.</summary>
    TransmitRingFull,
    /// <summary>An SCTP packet of ours that DTLS did not accept. SCTP repeats it.</summary>
    SctpPacketUnsent,
    /// <summary>A message on a data channel that is not the events channel.</summary>
    OtherChannel,
    /// <summary>A message for no open channel, or of an unknown payload protocol.</summary>
    StrayMessage,
    /// <summary>The opening of a data channel that was refused.</summary>
    ChannelRefused,
    /// <summary>A message of ours that its channel's limits gave up (RFC 3758).</summary>
    MessageAbandoned,
}
