namespace Dapr.Voice.Transceiver.Drops;

/// <summary>
/// Why a packet, a frame, a message or an event was dropped. It covers everything between a relay's link and an agent's backend. The member
/// in snake case is the tag <c>reason</c> of <c>voice.transceiver.drops</c>. docs/drops.md explains each member to operators. The members
/// of a group begin with the name of their layer. If a library has its own reasons, the group has exactly these (<see
/// cref="PeerDropTable"/>).
/// </summary>
internal enum SessionDrop : byte
{
    // The worker: packets of a client that no session has seen.

    /// <summary>There is no such session, and the packet is not a STUN request that could name one.</summary>
    UnknownSession,
    /// <summary>The session ended a moment ago, or has no record.</summary>
    SessionGone,
    /// <summary>There is no such session, and the request's hint is missing, forged, or names another session than the frame.</summary>
    BadHint,
    /// <summary>There is no such session, and the check does not know the password of its hint.</summary>
    UnauthenticCheck,
    /// <summary>The hint names a slot that this worker does not serve.</summary>
    NotOurSlot,
    /// <summary>The transceiver takes no new sessions, because it is draining or the state store is down.</summary>
    NotAdmitting,
    /// <summary>Too many records are being read already.</summary>
    TooManyLoads,
    /// <summary>The record is being read, and as many packets as allowed are waiting for it.</summary>
    ShelfFull,
    /// <summary>The packet waited for a record from which no session was made.</summary>
    ShelfAbandoned,
    /// <summary>The packet is longer than any datagram that a client may send.</summary>
    Oversized,
    /// <summary>The packet is for a relay to which there is no link.</summary>
    NoLink,
    /// <summary>The session is being handed over to another transceiver, and stands still.</summary>
    HandingOver,
    /// <summary>The worker stood still, and it is not confirmed yet that its slots are still ours.</summary>
    Fenced,

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
    PeerPathUnproven,
    PeerIndexLeaseEnded,
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
    IceIngressLost,
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
    SctpBeginningMissing,
    SctpAssociationEnded,
    SctpTooManyChunks,

    // Media, in frames of 20 ms or packets.

    /// <summary>A packet of the caller that is not Opus.</summary>
    MediaNotOpus,
    /// <summary>A frame of the caller that was not taken from the decoder in time.</summary>
    MediaUplinkOverflow,
    /// <summary>A frame of the agent that the encoder refused.</summary>
    MediaEncoderRefused,
    /// <summary>A frame for a client that does not want to hear anything (<c>sendonly</c>).</summary>
    MediaNotWanted,
    /// <summary>A frame of the agent beyond the five minutes that may wait to be played.</summary>
    MediaDownlinkFull,
    /// <summary>The oldest waiting frame of the echo. It was dropped so that the echo stays close to the caller's voice.</summary>
    MediaDownlinkTrimmed,

    // The budget of a session (SessionBudget). The client is told at most once a second.

    /// <summary>A packet of the client beyond those that a session may receive in a second.</summary>
    BudgetPackets,
    /// <summary>An audio packet of the client beyond twice real time.</summary>
    BudgetAudio,
    /// <summary>No drop: the client's events came too fast, and the next one had to wait.</summary>
    BudgetEventsDelayed,

    // The client's events channel.

    /// <summary>A message that is longer than a client may send.</summary>
    ClientMessageTooLong,
    /// <summary>A message that is not an event.</summary>
    ClientMessageNotAnEvent,
    /// <summary>An event for a client that has no data channel, or whose channel is closed.</summary>
    ClientEventNoChannel,
    /// <summary>An event that is larger than the client accepts. The client gets an error event instead.</summary>
    ClientEventTooLarge,
    /// <summary>An event beyond those that may wait for the channel to open, or for a client that stopped reading.</summary>
    ClientEventQueueFull,

    // The agent and its backend.

    /// <summary>A frame of the caller while there is no connection to the backend.</summary>
    AgentAudioNoBackend,
    /// <summary>A frame of the caller beyond the two seconds that may wait for the backend.</summary>
    AgentAudioQueueFull,
    /// <summary>An event for the backend that did not fit into the queue or found no connection.</summary>
    AgentEventUnsent,
    /// <summary>A frame of the caller that still waited for the backend when the connection ended. Events wait for the next one.</summary>
    AgentConnectionLost,
    /// <summary>A message of the backend that is larger than the largest message accepted.</summary>
    AgentMessageTooLarge,
    /// <summary>A binary message of the backend. Events are text.</summary>
    AgentMessageBinary,
    /// <summary>A message of the backend that is not an event, or audio that is not Base64.</summary>
    AgentMessageMalformed,
    /// <summary>Audio of a response that the caller has interrupted.</summary>
    AgentAudioInterrupted,
    /// <summary>An action for a session for which as many actions as allowed were waiting. It ends the session.</summary>
    AgentPostsFull,
}
