using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ownership;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>
/// The records of transceivers and slots in the state store, in the terms of <see cref="SlotOwner"/>. One loop uses it, one call at a time,
/// except for <see cref="WriteSlotAsync"/>.
/// </summary>
/// <param name="links">Our link endpoints, one for each worker, such as <c>udp://10.0.0.4:20000</c>. The ports are bound already.</param>
/// <param name="fingerprint">The fingerprint of our certificate, in the form of SDP.</param>
/// <param name="load">Called for each renewal.</param>
internal sealed class OwnershipRecords(
    IStateStore store, FleetOptions fleet, TransceiverOptions options, OwnerIdentity self, IReadOnlyList<string> links, string fingerprint,
    Func<OwnLoad> load, TimeProvider time)
{
    private const int KeysPerRead = 64;
    private const string Store = ComponentNames.Sessions;

    private readonly TransceiverView[] _fleet = new TransceiverView[Math.Max(fleet.MaximumShards, self.Shard + 1)];
    private readonly SlotView[] _slots = new SlotView[fleet.SlotCount];
    private readonly TransceiverRecord?[] _peers = new TransceiverRecord?[Math.Max(fleet.MaximumShards, self.Shard + 1)];
    private readonly bool[] _exists = new bool[Math.Max(fleet.MaximumShards, self.Shard + 1)];

    /// <summary>Why the last read or write of a transceiver's record failed, in the words of the store.</summary>
    public string? LastError { get; private set; }

    /// <summary>Reads the records of the fleet. Returns null if the store does not say.</summary>
    /// <param name="isFull">Also those that were missing in the last full read.</param>
    /// <returns>One view for each shard, valid until the next call.</returns>
    public async Task<TransceiverView[]?> ReadFleetAsync(bool isFull, CancellationToken cancellation)
    {
        int[] shards = [.. Enumerable.Range(0, _fleet.Length).Where(shard => isFull || _exists[shard] || shard == self.Shard)];
        StateBulkReadResult<TransceiverRecord> read = await store.GetBulkAsync(
            Store, [.. shards.Select(TransceiverKey)], ContractsJson.Default.TransceiverRecord, cancellation).ConfigureAwait(false);
        if (read.Outcome != StateReadOutcome.Found || read.FailedKeys.Contains(TransceiverKey(self.Shard)))
        {
            LastError = read.ErrorCode ?? read.Outcome.ToString();
            return null;
        }
        Array.Clear(_fleet);
        foreach (int shard in shards)
        {
            string key = TransceiverKey(shard);
            if (read.FailedKeys.Contains(key)) continue;
            _fleet[shard] = read.Entries.TryGetValue(key, out StateEntry<TransceiverRecord>? entry)
                ? View(shard, entry) : new TransceiverView(RecordState.Missing);
            // A record that is gone is read again each time, because it tells that the store has lost its data.
            _exists[shard] |= _fleet[shard].State == RecordState.Present;
        }
        return _fleet;
    }

    /// <summary>Writes our own record.</summary>
    /// <param name="etag">Of the record that it replaces, or null to create it.</param>
    public async Task<StoreWrite> WriteRecordAsync(long beat, string? etag, bool isDraining, CancellationToken cancellation)
    {
        TransceiverRecord record = Own(beat, isDraining, time.GetUtcNow() + options.Lease);
        string key = TransceiverKey(self.Shard);
        StateWriteResult written = etag is null
            ? await store.TryCreateAsync(Store, key, record, ContractsJson.Default.TransceiverRecord, cancellation: cancellation)
                .ConfigureAwait(false)
            : await store.TrySaveAsync(Store, key, record, etag, ContractsJson.Default.TransceiverRecord, cancellation: cancellation)
                .ConfigureAwait(false);
        LastError = written.ErrorCode ?? written.Outcome.ToString();
        return Outcome(written);
    }

    /// <summary>Lets the lease in our record end, for people and for versions that compare it with the time of day.</summary>
    public async Task EndLeaseAsync(CancellationToken cancellation)
    {
        string key = TransceiverKey(self.Shard);
        StateReadResult<TransceiverRecord> read = await store.ReadAsync(Store, key, ContractsJson.Default.TransceiverRecord, cancellation)
            .ConfigureAwait(false);
        if (read.Entry is { Value: { } ours } && ours.Incarnation == self.IncarnationText)
            await store.TrySaveAsync(Store, key, Own(ours.Beat + 1, true, time.GetUtcNow()), read.Entry.ETag,
                ContractsJson.Default.TransceiverRecord, cancellation: cancellation).ConfigureAwait(false);
    }

    /// <summary>Reads the records of all slots. Returns null if the store does not say.</summary>
    /// <returns>One view for each slot, valid until the next call.</returns>
    public async Task<SlotView[]?> ReadSlotsAsync(CancellationToken cancellation)
    {
        foreach (int[] slots in Enumerable.Range(0, _slots.Length).Chunk(KeysPerRead))
        {
            StateBulkReadResult<SlotRecord> read = await store.GetBulkAsync(
                Store, [.. slots.Select(SlotKey)], ContractsJson.Default.SlotRecord, cancellation).ConfigureAwait(false);
            if (read.Outcome != StateReadOutcome.Found) return null;
            foreach (int slot in slots)
            {
                string key = SlotKey(slot);
                _slots[slot] = read.FailedKeys.Contains(key) ? default
                    : !read.Entries.TryGetValue(key, out StateEntry<SlotRecord>? entry) ? new SlotView(RecordState.Missing)
                    : entry.Value is not { } record ? default
                    : new SlotView(RecordState.Present, OwnerOf(record), record.Epoch, entry.ETag);
            }
        }
        return _slots;
    }

    /// <summary>Writes an owner into a slot's record. Any number of calls for different slots may run at once.</summary>
    public async Task<StoreWrite> WriteSlotAsync(int slot, OwnerIdentity owner, long epoch, string? etag, CancellationToken cancellation)
    {
        SlotRecord record = owner.IsNobody ? new SlotRecord(fleet.Region, slot, null, null, epoch)
            : new SlotRecord(fleet.Region, slot, owner.Shard, owner.IncarnationText, epoch);
        StateWriteResult written = etag is null
            ? await store.TryCreateAsync(Store, SlotKey(slot), record, ContractsJson.Default.SlotRecord, cancellation: cancellation)
                .ConfigureAwait(false)
            : await store.TrySaveAsync(Store, SlotKey(slot), record, etag, ContractsJson.Default.SlotRecord, cancellation: cancellation)
                .ConfigureAwait(false);
        return Outcome(written);
    }

    /// <summary>
    /// Where a process listens, and its incarnation as it stands in its record. Null if its record was not read, or names no endpoint.
    /// </summary>
    public (LinkEndpoint Endpoint, string Incarnation)? PlaceOf(OwnerIdentity owner)
        => _peers[owner.Shard] is { Links: [var first, ..] } record && OwnerIdentity.IncarnationOf(record.Incarnation) == owner.Incarnation
            && LinkEndpoint.TryParse(first, out LinkEndpoint? endpoint, out _) ? (endpoint, record.Incarnation) : null;

    private TransceiverView View(int shard, StateEntry<TransceiverRecord> entry)
    {
        if (entry.Value is not { } record) return default;
        _peers[shard] = record;
        bool isName = record.Links is not [var first, ..] || !LinkEndpoint.TryParse(first, out LinkEndpoint? endpoint, out _)
            || !endpoint.TryGetAddress(out _);
        // Behind a name another replica may listen at the same endpoint.
        bool isOurPlace = options.AdvertisedLinkEndpoint.Length == 0 && record.Links.SequenceEqual(links, StringComparer.Ordinal);
        return new TransceiverView(RecordState.Present, OwnerIdentity.IncarnationOf(record.Incarnation), entry.ETag, record.Beat,
            record.Draining, isName, isOurPlace);
    }

    private TransceiverRecord Own(long beat, bool isDraining, DateTimeOffset leaseUntil)
    {
        OwnLoad now = load();
        return new TransceiverRecord(
            fleet.Region, self.Shard, self.IncarnationText, AppIds.Transceiver(self.Shard), links, options.Capacity, now.Sessions,
            Math.Round(now.LatenessP99Milliseconds, 2), isDraining, leaseUntil, fingerprint, beat);
    }

    private static OwnerIdentity OwnerOf(SlotRecord record)
        => record is { Shard: { } shard, Incarnation: { } incarnation }
            ? new OwnerIdentity(shard, OwnerIdentity.IncarnationOf(incarnation)) : OwnerIdentity.Nobody;

    private static StoreWrite Outcome(StateWriteResult written) => written.Outcome switch
    {
        StateWriteOutcome.Written => StoreWrite.Written,
        StateWriteOutcome.Conflict => StoreWrite.Conflict,
        _ => StoreWrite.Unknown,
    };

    private string TransceiverKey(int shard) => StateKeys.Transceiver(fleet.Region, shard);

    private string SlotKey(int slot) => StateKeys.Slot(fleet.Region, slot);
}
