namespace Dapr.Voice.Steering;

public enum LinkEventKind : byte
{
    None,
    /// <summary>The link can be used; for the first time or again.</summary>
    Up,
    /// <summary>Acceptor: another process of the same relay took over the link number. Paths that name it stay valid.</summary>
    Replaced,
    /// <summary>Nothing was heard for <see cref="LinkTiming.DownAfter"/>.</summary>
    Down,
    /// <summary>Acceptor: the relay leaves; whoever has another path uses it now.</summary>
    Draining,
    /// <summary>
    /// Acceptor: a relay says that the transceiver <see cref="LinkEvent.Shard"/>, <see cref="LinkEvent.Incarnation"/> is silent.
    /// </summary>
    Suspected,
    /// <summary>Connector: the slots behind the link are other ones.</summary>
    SlotsChanged,
}

/// <summary>What happened on a link.</summary>
/// <param name="Link">Acceptor: number of the link. Connector: 0.</param>
public readonly record struct LinkEvent(LinkEventKind Kind, int Link = 0, ushort Shard = 0, ulong Incarnation = 0);
