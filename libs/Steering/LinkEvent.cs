namespace Dapr.Voice.Steering;

public enum LinkEventKind : byte
{
    None,
    /// <summary>The link became usable, for the first time or again.</summary>
    Up,
    /// <summary>Acceptor only: another process of the same relay took over the link number. Paths that name it stay valid.</summary>
    Replaced,
    /// <summary>Nothing was heard for <see cref="LinkTiming.DownAfter"/>.</summary>
    Down,
    /// <summary>Acceptor only: the relay is draining. A session that has another path uses it from now on.</summary>
    Draining,
    /// <summary>
    /// Acceptor only: a relay reports that the transceiver <see cref="LinkEvent.Shard"/>, <see cref="LinkEvent.Incarnation"/> is silent.
    /// </summary>
    Suspected,
    /// <summary>Connector only: the transceiver's slots have changed.</summary>
    SlotsChanged,
}

/// <summary>What happened on a link.</summary>
/// <param name="Link">Acceptor: number of the link. Connector: 0.</param>
public readonly record struct LinkEvent(LinkEventKind Kind, int Link = 0, ushort Shard = 0, ulong Incarnation = 0);
