using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

public enum LinkTransportEventKind : byte
{
    None,
    /// <summary>A connection that we asked for is there.</summary>
    Connected,
    /// <summary>A connection is gone: the peer closed it, it broke, or it could not be made.</summary>
    Closed,
}

/// <summary>What became of a connection that carries a link.</summary>
public readonly record struct LinkTransportEvent(LinkTransportEventKind Kind, TransportAddress Peer);
