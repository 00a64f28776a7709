namespace Dapr.Voice.Transceiver.Link;

/// <summary>What workers learn from relays. The thread of a worker calls them, and they must not wait.</summary>
/// <param name="Suspected">A transceiver, by shard and incarnation, is silent or gone. A relay says so; it may be wrong.</param>
/// <param name="EpochSeen">A relay has seen this slot with this epoch, which is higher than any that was told before.</param>
/// <param name="ViewTold">A relay has told every epoch that it knows.</param>
/// <param name="UpChanged">The links of a worker that are up now, by the names of relays' workers.</param>
internal sealed record LinkNews(
    Action<ushort, ulong> Suspected, Action<ushort, uint> EpochSeen, Action ViewTold, Action<int, IReadOnlyList<string>> UpChanged);
