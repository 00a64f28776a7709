using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

public enum LinkTransportEventKind : byte
{
    None,
    /// <summary>A connection that this side started is established.</summary>
    Connected,
    /// <summary>A connection has ended: the peer closed it, it broke, or it could not be established.</summary>
    Closed,
    /// <summary>
    /// Datagrams only: a message claims that nobody listens at the peer's port. It is a hint, since others can forge such a message.
    /// </summary>
    Refused,
}

/// <summary>A change of what carries a link.</summary>
public readonly record struct LinkTransportEvent(LinkTransportEventKind Kind, TransportAddress Peer);
