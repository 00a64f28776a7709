namespace Dapr.Voice.Links;

/// <summary>The counters of a transport at one moment.</summary>
/// <param name="Received">Units received.</param>
/// <param name="Sent">Units sent.</param>
/// <param name="SendErrors">Units that the kernel refused.</param>
/// <param name="SendQueueFull">Units dropped because the peer or the kernel accepted no more. Over TCP this is audio that became too old or
/// did not fit.</param>
/// <param name="Oversized">Units or frames longer than allowed, in either direction.</param>
/// <param name="KernelDrops">Datagrams that the kernel dropped before this process received them.</param>
/// <param name="QueuedBytes">Memory used now by units that wait for their peers, in whole blocks. It is a level, not a sum.</param>
public readonly record struct LinkTransportCounters(
    long Received, long Sent, long ReceiveErrors, long SendErrors, long SendQueueFull, long Oversized, long KernelDrops,
    long QueuedBytes = 0);
