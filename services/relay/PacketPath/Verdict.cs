namespace Dapr.Voice.Relay.PacketPath;

/// <summary>What became of a packet. The word is the tag of the counter <c>voice.relay.packets</c>.</summary>
internal enum Verdict : byte
{
    /// <summary>Up, by hint or flow.</summary>
    Forward,
    /// <summary>
    /// Up, by its SSRC: the source has no flow (NAT rebinding). Flagged; nothing goes down to there until the transceiver sends.
    /// </summary>
    ForwardUnverified,
    /// <summary>Down.</summary>
    Deliver,
    /// <summary>Down, and its flow was not known: learned from the frame.</summary>
    DeliverAndLearn,
    /// <summary>Down, without a flow: a limit is reached, or another session's flow is alive there.</summary>
    DeliverWithoutFlow,

    /// <summary>Empty, from port 0, longer than any packet of ours, or STUN that is none.</summary>
    DropMalformed,
    /// <summary>Neither STUN, DTLS, RTP nor RTCP.</summary>
    DropUnknownKind,
    /// <summary>No flow for the source, and no Binding request.</summary>
    DropUnknownFlow,
    /// <summary>A Binding request without USERNAME.</summary>
    DropMissingHint,
    /// <summary>Its username is no hint of ours, or forged.</summary>
    DropBadHint,
    /// <summary>The hint's time is over, and there is no flow of its session.</summary>
    DropExpiredHint,
    /// <summary>The hint is another region's.</summary>
    DropForeignRegion,
    /// <summary>It would make a flow, and its MESSAGE-INTEGRITY is missing or wrong: it is not from the one who got the answer.</summary>
    DropBadIntegrity,
    /// <summary>No transceiver holds the slot, as far as the links say.</summary>
    DropOwnerUnknown,
    /// <summary>Another session had this source less than a second ago.</summary>
    DropFlowContested,
    DropFlowTableFull,
    /// <summary>Too many flows from the source's address or /64.</summary>
    DropPrefixLimit,
    /// <summary>Too many living flows of the session.</summary>
    DropSessionLimit,
    /// <summary>Too many new flows this second.</summary>
    DropNewFlowRate,
    /// <summary>Too many packets by SSRC from sources without a flow.</summary>
    DropSideRouteRate,
    /// <summary>A frame down whose client is no address to send to.</summary>
    DropBadDestination,
    /// <summary>A new TCP connection began with something else than a Binding request. It is closed.</summary>
    DropNotACheck,
    /// <summary>A check on a TCP connection that belongs to another session. It is closed.</summary>
    DropOtherSession,
    /// <summary>A frame down for a TCP connection that is gone, or for a UDP client of a relay without UDP.</summary>
    DropNoConnection,
    /// <summary>A frame down that the queue of its TCP connection has no room for.</summary>
    DropNoRoom,
}
