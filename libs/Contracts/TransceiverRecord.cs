namespace Dapr.Voice.Contracts;

/// <summary>
/// What a transceiver publishes about itself several times a second under <see cref="StateKeys.Transceiver"/>. Whoever sees no change of
/// the record for the time of a lease, on his own clock, asks the process itself (docs/decisions/0035). The store's TTL is not used.
/// </summary>
/// <param name="Region">Name of the region.</param>
/// <param name="Shard">0 to 99.</param>
/// <param name="Incarnation">A random value for each process start. Two processes of one shard are two different owners.</param>
/// <param name="AppId">The Dapr app id to invoke.</param>
/// <param name="Links">Link endpoints, one for each worker thread: <c>udp://10.0.0.4:20000</c>.</param>
/// <param name="Capacity">The maximum number of sessions.</param>
/// <param name="Sessions">The current number of sessions.</param>
/// <param name="LatenessP99Milliseconds">The 99th percentile of the lateness of sent audio over the last 10 s.</param>
/// <param name="Draining">True if the transceiver accepts no new sessions.</param>
/// <param name="LeaseUntil">In UTC, by the clock of that transceiver. It is for people, and for versions that compared it with theirs.
/// </param>
/// <param name="CertificateFingerprint">The fingerprint of the certificate that callers will see, in the form of SDP: <c>sha-256
/// AB:CD:…</c>. Signaling writes it into answers. So it needs no access to the certificate, whose secret has the private key.</param>
/// <param name="Beat">Grows with each renewal. 0 in records of versions without it, whose ETag tells the same.</param>
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
    DateTimeOffset LeaseUntil,
    string? CertificateFingerprint = null,
    long Beat = 0);

/// <summary>The owner of a slot, stored under <see cref="StateKeys.Slot"/>. It is written only by compare-and-set.</summary>
/// <param name="Shard">The owner, or null if the owner gave the slot back.</param>
/// <param name="Incarnation">The owner's process.</param>
/// <param name="Epoch">Grows by one with each change of owner, so that the writes of an earlier owner can be rejected.</param>
public sealed record SlotRecord(string Region, int Slot, int? Shard, string? Incarnation, long Epoch);
