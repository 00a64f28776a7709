using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>A client's address and the session it belongs to. An entry of <see cref="FlowTable"/>.</summary>
internal struct Flow
{
    public TransportAddress Client;
    public SessionId Session;

    /// <summary>The last packet in either direction.</summary>
    public Instant LastHeard;

    /// <summary>Start of the second in which <see cref="SideRouted"/> counts.</summary>
    public Instant SideRouteWindow;

    /// <summary>The link that its last frame came from or went to, or -1.</summary>
    public int Link;

    /// <summary>The slot of its hint, or -1 if it was learned from a frame down and no check has come since.</summary>
    public int Slot;

    /// <summary>Packets passed this second by the session's SSRC from sources without a flow.</summary>
    public int SideRouted;

    // Flows of one session form a list.
    public int Next, Previous;

    public uint Ssrc;
    public byte Ingress;
    public bool IsInUse, HasSsrc;

    /// <summary>The SSRC index leads here; false where two sessions use one SSRC.</summary>
    public bool IsBySsrc;
}
