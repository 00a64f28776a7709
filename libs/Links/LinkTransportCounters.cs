namespace Dapr.Voice.Links;

/// <summary>What a transport has done, as of now.</summary>
/// <param name="Received">Units.</param>
/// <param name="Sent">Units.</param>
/// <param name="SendErrors">Units that the kernel refused.</param>
/// <param name="SendQueueFull">Units dropped since the peer, or the kernel, took no more: over TCP audio that grew old or was in
/// excess.</param>
/// <param name="Oversized">Units or frames longer than allowed, either way.</param>
/// <param name="KernelDrops">Datagrams dropped before we took them.</param>
/// <param name="QueuedBytes">Memory that units take which wait for their peers, in whole blocks: now, not in sum.</param>
public readonly record struct LinkTransportCounters(
    long Received, long Sent, long ReceiveErrors, long SendErrors, long SendQueueFull, long Oversized, long KernelDrops,
    long QueuedBytes = 0);
