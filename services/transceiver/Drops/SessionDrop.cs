namespace Dapr.Voice.Transceiver.Drops;

/// <summary>
/// Why a packet, a frame, a message or an event was given up: one vocabulary for everything between a relay's link and an agent's backend.
/// The word in snake case is the tag <c>reason</c> of <c>voice.transceiver.drops</c>; docs/drops.md says what each means to an operator. A
/// group begins with the word of its layer. Where a library has reasons of its own, the group has exactly these
/// (<see cref="PeerDropTable"/>).
/// </summary>
internal enum SessionDrop : byte
{
    // The worker: packets of a client, before any session sees them.

    /// <summary>No session, and not a STUN request that could name one.</summary>
    UnknownSession,
    /// <summary>The session ended a moment ago, or has no record.</summary>
    SessionGone,
    /// <summary>No session, and the request's hint is missing or forged, or names another session than the frame.</summary>
    BadHint,
    /// <summary>The hint names a slot that this worker does not serve.</summary>
    NotOurSlot,
    /// <summary>We take no new sessions: draining, or the state store is away.</summary>
    NotAdmitting,
    /// <summary>Too many records are being read already.</summary>
    TooManyLoads,
    /// <summary>The record is being read, and as many packets as fit are waiting for it.</summary>
    ShelfFull,
    /// <summary>It waited for a record that made no session.</summary>
    ShelfAbandoned,
    /// <summary>Longer than any datagram a client may send.</summary>
    Oversized,
    /// <summary>A packet for a relay that we have no link to.</summary>
    NoLink,

    // PeerSession (PeerDrop).

    PeerClosed,
    PeerUnknownKind,
    PeerDtlsBeforeIce,
    PeerMediaBeforeDtls,
    PeerMediaNotNegotiated,
    PeerUnknownPayloadType,
    PeerStreamRestarted,
    PeerAudioBeforeDtls,
    PeerAudioNotNegotiated,
    PeerAudioTooLong,
    PeerTransmitRingFull,
    PeerSctpPacketUnsent,
    PeerOtherChannel,
    PeerStrayMessage,
    PeerChannelRefused,
    PeerMessageAbandoned,

    // ICE (IceDropReason).

    IceMalformed,
    IceNotBinding,
    IceNoFingerprint,
    IceBadFingerprint,
    IceNoCredentials,
    IceUnknownUfrag,
    IceBadIntegrity,
    IceUnexpectedResponse,
    IceOutputQueueFull,
    IceEnded,

    // DTLS (DtlsDropReason).

    DtlsNotDtls,
    DtlsTooLong,
    DtlsTruncated,
    DtlsUnfetched,
    DtlsUnsafe,
    DtlsMalformed,
    DtlsWrongEpoch,
    DtlsReplayed,
    DtlsNotAuthentic,
    DtlsEnded,

    // SRTP and SRTCP (SrtpError).

    SrtpTooShort,
    SrtpBadHeader,
    SrtpReplayed,
    SrtpTooOld,
    SrtpAuthenticationFailed,
    SrtpTooManySources,
    SrtcpTooShort,
    SrtcpBadHeader,
    SrtcpReplayed,
    SrtcpTooOld,
    SrtcpAuthenticationFailed,
    SrtcpTooManySources,

    // RTP and RTCP (RtpParseError, RtcpParseError).

    RtpTooShort,
    RtpBadVersion,
    RtpCsrcListTruncated,
    RtpExtensionTruncated,
    RtpBadPadding,
    RtcpTooShort,
    RtcpBadVersion,
    RtcpBadPacketType,
    RtcpLengthBeyondEnd,
    RtcpBadPadding,

    // The jitter buffer (JitterInsertResult).

    JitterDuplicate,
    JitterLate,
    JitterOversized,
    JitterFull,

    // SCTP (SctpDropReason).

    SctpPacketTooShort,
    SctpWrongPorts,
    SctpBadChecksum,
    SctpWrongVerificationTag,
    SctpMalformedChunk,
    SctpUnknownChunk,
    SctpUnexpectedChunk,
    SctpUnknownCookie,
    SctpInvalidStream,
    SctpTooManyStreams,
    SctpDuplicateData,
    SctpReceiveBufferFull,
    SctpTooManyGaps,
    SctpTsnTooFarAhead,
    SctpStaleSack,
    SctpHeartbeatTooLarge,
    SctpEventQueueFull,
    SctpMessageTooLarge,
    SctpAbandonedByPeer,
    SctpAssociationEnded,

    // Media, in frames of 20 ms or packets.

    /// <summary>A packet of the caller that is no Opus.</summary>
    MediaNotOpus,
    /// <summary>A frame of the caller that nobody took from the decoder in time.</summary>
    MediaUplinkOverflow,
    /// <summary>A frame of the agent that the encoder refused.</summary>
    MediaEncoderRefused,
    /// <summary>A frame to a client that wants to hear nothing (<c>sendonly</c>).</summary>
    MediaNotWanted,
    /// <summary>A frame of the agent beyond the five minutes that may wait to be played.</summary>
    MediaDownlinkFull,
    /// <summary>The oldest waiting frame of the echo, dropped to stay close to the caller's voice.</summary>
    MediaDownlinkTrimmed,

    // The client's events channel.

    /// <summary>A binary message; the dialect is text.</summary>
    ClientMessageBinary,
    /// <summary>A message longer than a client may send.</summary>
    ClientMessageTooLong,
    /// <summary>A message that is not an event.</summary>
    ClientMessageNotAnEvent,
    /// <summary>An event for a client that has no data channel, or whose channel is not open any more.</summary>
    ClientEventNoChannel,
    /// <summary>An event larger than the client takes; it gets an error event instead.</summary>
    ClientEventTooLarge,
    /// <summary>More events than may wait for the channel to open, or for a client that stopped reading.</summary>
    ClientEventQueueFull,

    // The agent and its backend.

    /// <summary>A frame of the caller while no connection to the backend exists.</summary>
    AgentAudioNoBackend,
    /// <summary>A frame of the caller beyond the two seconds that may wait for the backend.</summary>
    AgentAudioQueueFull,
    /// <summary>An event for the backend that did not fit into the queue, or found no connection.</summary>
    AgentEventUnsent,
    /// <summary>What still waited for a backend whose connection ended.</summary>
    AgentConnectionLost,
    /// <summary>A message of the backend beyond the largest that we read.</summary>
    AgentMessageTooLarge,
    /// <summary>A binary message of the backend; the dialect is text.</summary>
    AgentMessageBinary,
    /// <summary>A message of the backend that is not an event, or audio that is not Base64.</summary>
    AgentMessageMalformed,
    /// <summary>Audio of a response that the caller has interrupted.</summary>
    AgentAudioInterrupted,
    /// <summary>Work for a session that had as much waiting as may be; it ends the session.</summary>
    AgentPostsFull,
}
