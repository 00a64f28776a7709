using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>A client's address and the session that it belongs to. An entry of <see cref="FlowTable"/>.</summary>
internal struct Flow
{
    public TransportAddress Client;
    public SessionId Session;

    /// <summary>The time of the last packet in either direction.</summary>
    public Instant LastHeard;

    /// <summary>The start of the second in which <see cref="SideRouted"/> counts.</summary>
    public Instant SideRouteWindow;

    /// <summary>When the relay last answered a check of this flow for an owner that was away.</summary>
    public Instant AnsweredAt;

    /// <summary>The link that the last frame came from or went to, or -1.</summary>
    public int Link;

    /// <summary>
    /// The slot of the flow's hint. It is -1 if the flow was learned from a frame to the client and no check has come since.
    /// </summary>
    public int Slot;

    /// <summary>Packets of this second that came from sources without a flow and were forwarded by the session's SSRC.</summary>
    public int SideRouted;

    // The flows of one session form a list.
    public int Next, Previous;

    public uint Ssrc;
    public byte Ingress;
    public bool IsInUse, HasSsrc;

    /// <summary>The SSRC index leads to this flow. False if two sessions use the same SSRC.</summary>
    public bool IsBySsrc;
}
