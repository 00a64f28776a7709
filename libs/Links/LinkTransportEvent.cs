using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

public enum LinkTransportEventKind : byte
{
    None,
    /// <summary>A connection that this side started is established.</summary>
    Connected,
    /// <summary>A connection has ended: the peer closed it, it broke, or it could not be established.</summary>
    Closed,
}

/// <summary>A change of a connection that carries a link.</summary>
public readonly record struct LinkTransportEvent(LinkTransportEventKind Kind, TransportAddress Peer);
