using System.Buffers.Binary;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// Decides where a packet goes (docs/design.md 5). A Binding request follows the hint in its USERNAME, so that packets reach the new owner
/// after a takeover. Every other packet follows the flow of its source. One thread uses it. It allocates nothing and never throws.
/// </summary>
internal sealed class Router(FlowTable flows, SlotTable slots, RelayKeys keys)
{
    /// <summary>
    /// Packets per second that may follow one session's SSRC from sources without a flow. An Opus call has 50 to 100 packets per second.
    /// </summary>
    public const int SideRoutedPerSecond = 150;

    private const int SsrcOffset = 8;
    private const int RtpHeaderLength = 12;

    /// <summary>Answers for an owner that is being replaced.</summary>
    public Caretaker Caretaker { get; } = new(flows, slots);

    /// <summary>The keys that hints and passwords are checked with. The worker sets new ones after a rotation.</summary>
    public RelayKeys Keys { get; set; } = keys;

    /// <summary>Minutes since <see cref="RoutingHint.Epoch"/>. The worker updates it.</summary>
    public uint NowMinutes { get; set; }

    /// <summary>Decides to which link a client's packet goes and to which session it belongs.</summary>
    /// <param name="ingress">The number of the local address that the packet came to.</param>
    /// <param name="link">The link to send the packet on, if the verdict is to forward it.</param>
    public Verdict RouteUp(ReadOnlySpan<byte> datagram, TransportAddress from, byte ingress, Instant now, out int link,
        out SessionId session)
    {
        link = -1;
        session = default;
        if (datagram.IsEmpty || from.Port == 0) return Verdict.DropMalformed;
        DatagramKind kind = DatagramDemultiplexer.Classify(datagram);
        if (kind is DatagramKind.Unknown or DatagramKind.TurnChannel) return Verdict.DropUnknownKind;
        if (kind == DatagramKind.Stun)
        {
            if (!StunMessage.TryParse(datagram, out StunMessage stun, out _)) return Verdict.DropMalformed;
            if (stun.Class == StunClass.Request && stun.Method == StunMethod.Binding)
                return FollowHint(stun, from, ingress, now, out link, out session);
        }

        int number = flows.Find(from);
        if (number < 0) return kind == DatagramKind.Rtp ? FollowSsrc(datagram, now, out link, out session) : Verdict.DropUnknownFlow;
        ref Flow flow = ref flows[number];
        flow.LastHeard = now;
        flow.Ingress = ingress;
        if (kind == DatagramKind.Rtp && datagram.Length >= RtpHeaderLength)
        {
            uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(datagram[SsrcOffset..]);
            if (!flow.HasSsrc) flows.LearnSsrc(number, ssrc);
        }
        session = flow.Session;
        link = LinkOf(flow);
        return link >= 0 ? Verdict.Forward : Verdict.DropOwnerUnknown;
    }

    /// <summary>
    /// Decides about a frame for a client. The frame is sent unless its destination is no address to send to, or the sender has lost the
    /// session's slot to another transceiver. A relay that has just started learns its flows from such frames.
    /// </summary>
    /// <param name="sender">What the transceiver that sent the frame has announced.</param>
    public Verdict RouteDown(TransportAddress client, SessionId session, byte ingress, int link, in SlotClaims sender, Instant now)
    {
        int number = flows.Find(client);
        if (number >= 0 && flows[number].Session == session)
        {
            ref Flow known = ref flows[number];
            if (slots.IsStale(known.Slot, sender)) return Verdict.DropStaleEpoch;
            known.LastHeard = now;
            known.Link = link;
            known.Ingress = ingress;
            return Verdict.Deliver;
        }
        if (!IsSendable(client)) return Verdict.DropBadDestination;
        int slot = SlotOf(session);
        if (slots.IsStale(slot, sender)) return Verdict.DropStaleEpoch;
        flows.TrySet(client, session, now, out number, isFromOwner: true);
        if (number < 0) return Verdict.DeliverWithoutFlow;
        ref Flow flow = ref flows[number];
        flow.Slot = slot;
        flow.Link = link;
        flow.Ingress = ingress;
        return Verdict.DeliverAndLearn;
    }

    /// <summary>The slot of a session, from a check on any of its flows. -1 if there was none.</summary>
    private int SlotOf(SessionId session)
    {
        for (int flow = flows.FirstOf(session); flow >= 0; flow = flows[flow].Next)
        {
            if (flows[flow].Slot >= 0) return flows[flow].Slot;
        }
        return -1;
    }

    private Verdict FollowHint(StunMessage request, TransportAddress from, byte ingress, Instant now, out int link, out SessionId session)
    {
        link = -1;
        session = default;
        if (!RoutingHint.TryDecode(request.Username, Keys.Hints, out RoutingHint hint, out HintError error))
            return error == HintError.Missing ? Verdict.DropMissingHint : Verdict.DropBadHint;
        if (hint.Region != slots.Region) return Verdict.DropForeignRegion;
        link = slots[hint.Slot];
        if (link < 0)
            return Caretaker.TryAnswer(request, hint, Keys.Passwords, from, now) ? Verdict.AnswerAsCaretaker : Verdict.DropOwnerUnknown;
        session = hint.SessionId;

        int number = flows.Find(from);
        if (number < 0 || flows[number].Session != hint.SessionId)
        {
            // Anyone on the way can read a hint. So a packet that creates a flow or takes one over has to prove more than that it knows a
            // hint.
            if (hint.IsExpired(NowMinutes)) return Verdict.DropExpiredHint;
            Span<byte> password = stackalloc byte[IcePassword.TextLength];
            if (!IcePassword.TryDerive(Keys.Passwords, request.Username, password) || !request.VerifyMessageIntegrity(password))
                return Verdict.DropBadIntegrity;
            FlowChange change = flows.TrySet(from, hint.SessionId, now, out number);
            if (number < 0) return Refusal(change);
        }
        ref Flow flow = ref flows[number];
        flow.LastHeard = now;
        flow.Slot = hint.Slot;
        flow.Link = link;
        flow.Ingress = ingress;
        return Verdict.Forward;
    }

    /// <summary>
    /// Handles RTP from a source without a flow whose SSRC belongs to a session: the client's NAT has chosen a new address. The packet is
    /// forwarded, and the transceiver authenticates it. The relay stores nothing about the source.
    /// </summary>
    private Verdict FollowSsrc(ReadOnlySpan<byte> rtp, Instant now, out int link, out SessionId session)
    {
        link = -1;
        session = default;
        if (rtp.Length < RtpHeaderLength) return Verdict.DropMalformed;
        int number = flows.FindBySsrc(BinaryPrimitives.ReadUInt32BigEndian(rtp[SsrcOffset..]));
        if (number < 0) return Verdict.DropUnknownFlow;
        ref Flow flow = ref flows[number];
        if (now - flow.SideRouteWindow >= TimeSpan.FromSeconds(1)) (flow.SideRouteWindow, flow.SideRouted) = (now, 0);
        if (flow.SideRouted >= SideRoutedPerSecond) return Verdict.DropSideRouteRate;
        link = LinkOf(flow);
        if (link < 0) return Verdict.DropOwnerUnknown;
        flow.SideRouted++;
        session = flow.Session;
        return Verdict.ForwardUnverified;
    }

    /// <summary>
    /// Returns the link of the flow's slot if the slot is known, so that one announcement moves all flows of a slot. Otherwise returns the
    /// link that the last frame came from.
    /// </summary>
    private int LinkOf(in Flow flow)
    {
        int owner = slots[flow.Slot];
        return owner >= 0 ? owner : flow.Link;
    }

    private static Verdict Refusal(FlowChange change) => change switch
    {
        FlowChange.Contested => Verdict.DropFlowContested,
        FlowChange.TableFull => Verdict.DropFlowTableFull,
        FlowChange.PrefixLimit => Verdict.DropPrefixLimit,
        FlowChange.SessionLimit => Verdict.DropSessionLimit,
        _ => Verdict.DropNewFlowRate,
    };

    private static bool IsSendable(in TransportAddress client)
    {
        if (client.Port == 0) return false;
        // Refused for IPv4: 0.0.0.0/8, multicast, reserved and broadcast addresses. Refused for IPv6: the unspecified address and
        // multicast.
        if (client.IsIPv4) return client.IPv4 >> 24 is > 0 and < 224;
        return (client.High | client.Low) != 0 && client.High >> 56 != 0xFF;
    }
}
