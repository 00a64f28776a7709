namespace Dapr.Voice.Relay.PacketPath;

/// <summary>What the relay did with a packet. The member in snake case is a tag of the counter <c>voice.relay.packets</c>.</summary>
internal enum Verdict : byte
{
    /// <summary>The packet was forwarded to a transceiver by its hint or by its flow.</summary>
    Forward,
    /// <summary>
    /// The packet was forwarded by its SSRC, because its source has no flow (NAT rebinding). It is marked as unverified. The relay sends
    /// nothing to that source until the transceiver does.
    /// </summary>
    ForwardUnverified,
    /// <summary>
    /// The slot has just lost its owner. The relay answered the Binding request of a flow that it knows, so that the client keeps the path
    /// while another transceiver takes over.
    /// </summary>
    AnswerAsCaretaker,
    /// <summary>The frame had no packet. It named a flow, so that this relay knows it again after a restart.</summary>
    Learn,
    /// <summary>The frame was sent to the client.</summary>
    Deliver,
    /// <summary>The frame was sent to the client, and its flow, which was not known, was learned from it.</summary>
    DeliverAndLearn,
    /// <summary>
    /// The frame was sent to the client without a flow: a limit is reached, or another session is active at that address.
    /// </summary>
    DeliverWithoutFlow,

    /// <summary>The packet is empty, comes from port 0, is too long, or looks like STUN and is not.</summary>
    DropMalformed,
    /// <summary>The packet is neither STUN nor DTLS nor RTP nor RTCP.</summary>
    DropUnknownKind,
    /// <summary>The source has no flow, and the packet is not a Binding request.</summary>
    DropUnknownFlow,
    /// <summary>The Binding request has no USERNAME.</summary>
    DropMissingHint,
    /// <summary>The USERNAME holds no hint of this fleet, or a forged one.</summary>
    DropBadHint,
    /// <summary>The hint has expired, and its session has no flow at this source.</summary>
    DropExpiredHint,
    /// <summary>The hint belongs to another region.</summary>
    DropForeignRegion,
    /// <summary>
    /// The request would create a flow, and its MESSAGE-INTEGRITY is missing or wrong. So it does not come from the client that received
    /// the answer.
    /// </summary>
    DropBadIntegrity,
    /// <summary>No link announces the slot, so its owner is unknown.</summary>
    DropOwnerUnknown,
    /// <summary>Another session used this source less than a second ago.</summary>
    DropFlowContested,
    DropFlowTableFull,
    /// <summary>The source's address or /64 has too many flows.</summary>
    DropPrefixLimit,
    /// <summary>The session has too many active flows.</summary>
    DropSessionLimit,
    /// <summary>Too many flows were created in this second.</summary>
    DropNewFlowRate,
    /// <summary>Too many packets followed the session's SSRC in this second.</summary>
    DropSideRouteRate,
    /// <summary>The frame's client address is not an address that packets can be sent to.</summary>
    DropBadDestination,
    /// <summary>
    /// The frame came from a transceiver that has lost the session's slot: another one has announced it with a higher epoch.
    /// </summary>
    DropStaleEpoch,
    /// <summary>The first packet of a TCP connection was not a Binding request.</summary>
    DropNotACheck,
    /// <summary>A TCP connection brought a check of another session than its own. The connection is closed.</summary>
    DropOtherSession,
    /// <summary>The frame is for a TCP connection that has ended, or for a UDP client of a relay that does not serve UDP.</summary>
    DropNoConnection,
    /// <summary>The queue of the frame's TCP connection has no room.</summary>
    DropNoRoom,
}
