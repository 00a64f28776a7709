namespace Dapr.Voice.Contracts;

/// <summary>
/// What a transceiver says of itself once a second under <see cref="StateKeys.Transceiver"/>. Expired when <see cref="LeaseUntil"/> has
/// passed, by the value, never by TTL.
/// </summary>
/// <param name="Region">Region name.</param>
/// <param name="Shard">0 to 99.</param>
/// <param name="Incarnation">Random per process start: two processes of one shard are two owners.</param>
/// <param name="AppId">Dapr app id to invoke.</param>
/// <param name="Links">Link endpoints, one per worker thread, <c>udp://10.0.0.4:20000</c>.</param>
/// <param name="Capacity">Sessions it will take at most.</param>
/// <param name="Sessions">Sessions it has.</param>
/// <param name="LatenessP99Milliseconds">p99 lateness of the downlink schedule over the last 10 s.</param>
/// <param name="Draining">True: it takes no new sessions.</param>
/// <param name="LeaseUntil">UTC.</param>
public sealed record TransceiverRecord(
    string Region,
    int Shard,
    string Incarnation,
    string AppId,
    IReadOnlyList<string> Links,
    int Capacity,
    int Sessions,
    double LatenessP99Milliseconds,
    bool Draining,
    DateTimeOffset LeaseUntil);

/// <summary>Who owns a slot, under <see cref="StateKeys.Slot"/>; written only by compare-and-set.</summary>
/// <param name="Shard">The owner, or null where it was given back.</param>
/// <param name="Incarnation">The owner's process.</param>
/// <param name="Epoch">Grows by one with each change of owner; fences the old one.</param>
public sealed record SlotRecord(string Region, int Slot, int? Shard, string? Incarnation, long Epoch);
