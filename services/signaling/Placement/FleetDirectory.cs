using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ownership;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>
/// Which transceiver owns which slot, read from the state store once a second, so that placing a session needs no call. A transceiver whose
/// record did not change for the time of a lease, on our own monotonic clock, is not an owner for new sessions. Clocks of other machines do
/// not matter (docs/decisions/0035).
/// </summary>
internal sealed class FleetDirectory(IStateStore store, FleetOptions fleet, SignalingOptions options, TimeProvider time,
    KnownTransceivers known, SignalingMetrics metrics, ILogger<FleetDirectory> logger) : BackgroundService
{
    private static readonly TimeSpan RefreshPeriod = TimeSpan.FromSeconds(1);

    /// <summary>A snapshot older than this is not used for placing, because the owner of a slot may be gone.</summary>
    private static readonly TimeSpan MaximumAge = TimeSpan.FromSeconds(5);

    /// <summary>If the fleet could not be seen for this long, each owner gets a new lease, since perhaps nobody could renew.</summary>
    private static readonly TimeSpan Gap = RefreshPeriod * 3;

    private static readonly TimeSpan Lease = OwnershipTiming.Default.Lease;

    private readonly string[] _transceiverKeys =
        [.. Enumerable.Range(0, fleet.MaximumShards).Select(shard => StateKeys.Transceiver(fleet.Region, shard))];
    private readonly string[] _slotKeys = [.. Enumerable.Range(0, fleet.SlotCount).Select(slot => StateKeys.Slot(fleet.Region, slot))];
    private readonly LeaseWatch[] _leases = new LeaseWatch[fleet.MaximumShards];
    private Instant _lastLook = new(long.MinValue / 2);
    private volatile FleetSnapshot? _snapshot;
    private bool _isFailing;

    /// <summary>The last snapshot, or null if there is none or if it is too old.</summary>
    public FleetSnapshot? Current => _snapshot is { } snapshot && Now - snapshot.TakenAt <= MaximumAge ? snapshot : null;

    private Instant Now => new(time.GetElapsedTime(0, time.GetTimestamp()).Ticks);

    /// <summary>The transceiver owns a slot, and its lease has not run out by now.</summary>
    public bool IsLive(string appId) => Current?.Owners.Any(owner => owner.Record.AppId == appId && owner.LeaseEnds > Now) ?? false;

    /// <summary>What the service still lacks before it can take calls, in words for an operator.</summary>
    public IEnumerable<string> Missing()
    {
        if (Current is not { } fleetNow) yield return "fleet records cannot be read";
        else if (!fleetNow.Owners.Any(owner => owner.HasRoom))
        yield return fleetNow.Owners.Count == 0 ? "no transceiver owns a slot" : "no transceiver has room";
    }

    /// <summary>Picks a slot for a new session. It chooses two random owners with room and uses a slot of the less loaded one.</summary>
    /// <remarks>It does not choose the best of all owners. All replicas know the same best owner and would all fill it at once.</remarks>
    public SlotPlacement Place()
    {
        if (Current is not { Owners.Count: > 0 } snapshot) return new(PlacementOutcome.NoOwner, 0, "", "");
        // An owner of an earlier version does not tell its fingerprint, and an answer needs one.
        OwnerLoad[] open = [.. snapshot.Owners.Where(owner => owner.HasRoom && owner.Record.CertificateFingerprint is not null)];
        if (open.Length == 0) return new(PlacementOutcome.NoRoom, 0, "", "");

        int first = Random.Shared.Next(open.Length), second = Random.Shared.Next(open.Length - 1);
        // Any owner except the first one.
        OwnerLoad one = open[first], other = open.Length == 1 ? one : open[second >= first ? second + 1 : second];
        OwnerLoad chosen = other.Load < one.Load ? other : one;
        chosen.NotePlaced();
        return new(PlacementOutcome.Placed, chosen.Slots[Random.Shared.Next(chosen.Slots.Count)], chosen.Record.AppId,
            chosen.Record.CertificateFingerprint!);
    }

    /// <summary>Reads the records once. If that fails, the last snapshot stays in use until it is too old.</summary>
    internal async Task RefreshAsync(CancellationToken cancellation)
    {
        Instant began = Now;
        StateBulkReadResult<TransceiverRecord> transceivers = await store.GetBulkAsync(
            ComponentNames.Sessions, _transceiverKeys, ContractsJson.Default.TransceiverRecord, cancellation);
        StateBulkReadResult<SlotRecord> slots = await store.GetBulkAsync(
            ComponentNames.Sessions, _slotKeys, ContractsJson.Default.SlotRecord, cancellation);
        if (transceivers.Outcome != StateReadOutcome.Found || slots.Outcome != StateReadOutcome.Found)
        {
            metrics.FleetRefreshes.Add(1, new KeyValuePair<string, object?>("outcome", "unavailable"));
            if (!_isFailing) SignalingLog.FleetUnknown(logger, transceivers.ErrorCode ?? slots.ErrorCode);
            _isFailing = true;
            return;
        }

        var next = new FleetSnapshot(Live(transceivers, began), slots.Entries.Values.Select(entry => entry.Value).OfType<SlotRecord>(),
            began, options.MaximumLatenessMilliseconds);
        CarryPlacements(_snapshot, next);
        known.Note(next.Owners.Select(owner => owner.Record.AppId));
        if (_isFailing) SignalingLog.FleetKnown(logger, next.Owners.Count);
        _isFailing = false;
        _snapshot = next;
        metrics.FleetRefreshes.Add(1, new KeyValuePair<string, object?>("outcome", "ok"));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RefreshPeriod, time);
        try
        {
            do await RefreshAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service is stopping.
        }
    }

    /// <summary>The transceivers that renew their records, with the end of their leases on our clock.</summary>
    private List<(TransceiverRecord Record, Instant LeaseEnds)> Live(StateBulkReadResult<TransceiverRecord> read, Instant began)
    {
        Instant now = Now;
        bool isAfterGap = began - _lastLook > Gap;
        _lastLook = began;
        var live = new List<(TransceiverRecord Record, Instant LeaseEnds)>();
        foreach ((int shard, string key) in _transceiverKeys.Index())
        {
            if (!read.Entries.TryGetValue(key, out StateEntry<TransceiverRecord>? entry) || entry.Value is not { } record) continue;
            ref LeaseWatch lease = ref _leases[shard];
            lease.Observe(OwnerIdentity.IncarnationOf(record.Incarnation), entry.ETag, record.Beat, now);
            if (isAfterGap) lease.Restart(now);
            if (lease.IsRenewed(Lease, began)) live.Add((record, lease.ChangedAt + Lease));
        }
        return live;
    }

    /// <summary>
    /// Copies the placements to the new snapshot. A report contains its beat or its lease, so unchanged ones mean an unchanged report.
    /// </summary>
    private static void CarryPlacements(FleetSnapshot? last, FleetSnapshot next)
    {
        if (last is null) return;
        foreach (OwnerLoad owner in next.Owners)
        {
            OwnerLoad? before = last.Owners.FirstOrDefault(o => o.Record.Incarnation == owner.Record.Incarnation);
            if (before is not null) owner.CarryFrom(before);
        }
    }
}
