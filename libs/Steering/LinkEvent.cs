namespace Dapr.Voice.Steering;

public enum LinkEventKind : byte
{
    None,
    /// <summary>The link became usable, for the first time or again.</summary>
    Up,
    /// <summary>
    /// Another process answers at the other end. Acceptor: it took over the link number, and paths that name it stay valid. Connector: the
    /// process that the event names is gone.
    /// </summary>
    Replaced,
    /// <summary>
    /// Nothing was heard for <see cref="LinkTiming.DownAfter"/>, or for a shorter time after the other end's port was refused.
    /// </summary>
    Down,
    /// <summary>Acceptor only: the relay is draining. A session that has another path uses it from now on.</summary>
    Draining,
    /// <summary>
    /// Acceptor only: a relay reports that the transceiver <see cref="LinkEvent.Shard"/>, <see cref="LinkEvent.Incarnation"/> is silent or
    /// gone.
    /// </summary>
    Suspected,
    /// <summary>Connector only: the transceiver's slots have changed.</summary>
    SlotsChanged,
}

/// <summary>What happened on a link.</summary>
/// <param name="Link">Acceptor: number of the link. Connector: 0.</param>
public readonly record struct LinkEvent(LinkEventKind Kind, int Link = 0, ushort Shard = 0, ulong Incarnation = 0);
