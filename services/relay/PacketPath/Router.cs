using System.Buffers.Binary;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// Where a packet goes (docs/design.md 5). Binding requests follow the hint in their username, so that a takeover reaches the packets; all
/// else
/// follows the flow of its source. One thread's; allocates nothing, never throws.
/// </summary>
internal sealed class Router(FlowTable flows, SlotTable slots, HintKeyRing hintKeys, KeyRing passwordKeys)
{
    /// <summary>Packets per second that one session's SSRC lets through from sources without a flow: an Opus call has 50 to 100.</summary>
    public const int SideRoutedPerSecond = 150;

    private const int SsrcOffset = 8;
    private const int RtpHeaderLength = 12;

    /// <summary>Minutes since <see cref="RoutingHint.Epoch"/>, kept up to date by the worker.</summary>
    public uint NowMinutes { get; set; }

    /// <summary>A client's packet: which link, which session.</summary>
    /// <param name="ingress">The number of the local address that it came to.</param>
    /// <param name="link">The link to send it on, where the verdict is one of forwarding.</param>
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

    /// <summary>A frame for a client. It goes out in any case but one; and it teaches a relay that has just started who is who.</summary>
    public Verdict RouteDown(TransportAddress client, SessionId session, byte ingress, int link, Instant now)
    {
        if (!IsSendable(client)) return Verdict.DropBadDestination;
        FlowChange change = flows.TrySet(client, session, now, out int number, isFromOwner: true);
        if (number < 0) return Verdict.DeliverWithoutFlow;
        ref Flow flow = ref flows[number];
        flow.Link = link;
        flow.Ingress = ingress;
        return change == FlowChange.Kept ? Verdict.Deliver : Verdict.DeliverAndLearn;
    }

    private Verdict FollowHint(StunMessage request, TransportAddress from, byte ingress, Instant now, out int link, out SessionId session)
    {
        link = -1;
        session = default;
        if (!RoutingHint.TryDecode(request.Username, hintKeys, out RoutingHint hint, out HintError error))
            return error == HintError.Missing ? Verdict.DropMissingHint : Verdict.DropBadHint;
        if (hint.Region != slots.Region) return Verdict.DropForeignRegion;
        link = slots[hint.Slot];
        if (link < 0) return Verdict.DropOwnerUnknown;
        session = hint.SessionId;

        int number = flows.Find(from);
        if (number < 0 || flows[number].Session != hint.SessionId)
        {
            // Only what opens a flow or takes one over has to prove more than a hint, which anyone on the way can read.
            if (hint.IsExpired(NowMinutes)) return Verdict.DropExpiredHint;
            Span<byte> password = stackalloc byte[IcePassword.TextLength];
            if (!IcePassword.TryDerive(passwordKeys, request.Username, password) || !request.VerifyMessageIntegrity(password))
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
    /// RTP from a source without a flow, whose SSRC is a session's: its NAT has rebound. Passed up for the transceiver to authenticate;
    /// nothing is stored for the source.
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
    /// By the slot where it is known, so that one announcement moves all flows of a slot; else where the last frame came from.
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
        // 0.0.0.0/8, multicast, reserved and broadcast; and for IPv6 unspecified and multicast.
        if (client.IsIPv4) return client.IPv4 >> 24 is > 0 and < 224;
        return (client.High | client.Low) != 0 && client.High >> 56 != 0xFF;
    }
}
