using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>
/// Keeps our record alive in the state store, and takes, keeps and returns slots (docs/design.md 4.4). The rendezvous hash over the live
/// transceivers says who should own a slot. Compare-and-set decides who does own it. While the store is down, nothing changes, and the
/// slots served before stay served. One step at a time. Time is an argument, so that tests can move it.
/// </summary>
internal sealed partial class SlotKeeper
{
    /// <summary>All slots are read again after this time, whatever is known about them.</summary>
    public static readonly TimeSpan FullLookEvery = TimeSpan.FromSeconds(10);

    /// <summary>The time between the two looks after which an owner whose lease has run out counts as dead.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    // Tens of small writes at once are no load for a store. A thousand would delay the writes of everyone else.
    private const int ParallelWrites = 8;
    private const int KeysPerRead = 64;
    private const string Store = ComponentNames.Sessions;

    private readonly IStateStore _store;
    private readonly SlotTable _table;
    private readonly FleetOptions _fleet;
    private readonly TransceiverOptions _options;
    private readonly OwnerIdentity _self;
    private readonly IReadOnlyList<string> _links;
    private readonly Func<OwnLoad> _load;
    private readonly ILogger _logger;
    private readonly FleetView _view = new(Grace);

    // The result of the last look at each slot. It tells a store that lost its data from a region that starts, and it keeps epochs growing
    // in the first case.
    private readonly string _fingerprint;
    private readonly SlotRecord?[] _lastSeen;
    private readonly HashSet<int> _waitingForSessions = [];
    private volatile OwnershipStatus _status = new(new Instant(long.MinValue), false, "not registered yet");
    private bool _hasRegistered;
    private bool _isLookDue = true;
    private bool _isWaitingForOthers;
    private int _waits;
    private bool _isLeaving;
    private Instant _nextFullLook = new(long.MinValue);
    private int[] _candidates = [];

    /// <param name="links">Our link endpoints, one for each worker, such as <c>udp://10.0.0.4:20000</c>. The ports are bound
    /// already.</param>
    /// <param name="fingerprint">The fingerprint of our certificate, in the form of SDP.</param>
    /// <param name="load">Called once in each step.</param>
    public SlotKeeper(
        IStateStore store, SlotTable table, FleetOptions fleet, TransceiverOptions options, OwnerIdentity self, IReadOnlyList<string> links,
        string fingerprint, Func<OwnLoad> load, ILogger logger)
    {
        (_store, _table, _fleet, _options, _self, _links, _load, _logger) = (store, table, fleet, options, self, links, load, logger);
        _fingerprint = fingerprint;
        _lastSeen = new SlotRecord?[table.SlotCount];
    }

    /// <summary>The present status. Any thread may read it.</summary>
    public OwnershipStatus Status => _status;

    /// <summary>The number of slots that another owner took while this process served them. Each of them is an alarm.</summary>
    public long SlotsLost { get; private set; }

    /// <summary>From the next step on, our record says that this process leaves, so it gets no new sessions.</summary>
    public void StartDraining()
    {
        _isLeaving = true;
        _status = _status with { IsDraining = true };
    }

    /// <summary>
    /// One step: it renews the lease, looks at the fleet and, if something changed, at the slots. Throws only if cancelled.
    /// </summary>
    public async Task StepAsync(Instant now, DateTimeOffset utcNow, CancellationToken cancellation)
    {
        if (!await RenewAsync(now, utcNow, cancellation).ConfigureAwait(false)) return;

        int[] candidates = _view.Candidates();
        bool fleetChanged = !candidates.AsSpan().SequenceEqual(_candidates);
        _candidates = candidates;
        bool canGiveBack = _waitingForSessions.Any(slot => _table.SessionsOf(slot) == 0);
        if (!_isLookDue && !fleetChanged && !canGiveBack && now < _nextFullLook) return;
        _isLookDue = !await LookAtSlotsAsync(cancellation).ConfigureAwait(false);
        // A slot that should be ours and has a live owner comes when its sessions are over. That may take an hour, so the intervals between
        // the looks become longer.
        _waits = _isWaitingForOthers && !fleetChanged ? _waits + 1 : 0;
        _nextFullLook = now + (_isWaitingForOthers ? Shorter(FullLookEvery, _options.RenewEvery * (1 << Math.Min(_waits / 4, 8)))
            : FullLookEvery);
    }

    /// <summary>
    /// Returns every slot and lets our lease end, so that others take over at once. It does what it can: the end of the lease settles what
    /// the store did not accept.
    /// </summary>
    public async Task LeaveAsync(DateTimeOffset utcNow, CancellationToken cancellation)
    {
        _isLeaving = true;
        for (int slot = 0; slot < _table.SlotCount; slot++) _table.Drop(slot);
        foreach (int[] slots in Enumerable.Range(0, _table.SlotCount).Where(IsLastSeenOurs).Chunk(KeysPerRead))
        {
            StateBulkReadResult<SlotRecord> read = await _store.GetBulkAsync(
                Store, [.. slots.Select(SlotKey)], ContractsJson.Default.SlotRecord, cancellation).ConfigureAwait(false);
            await Parallel.ForEachAsync(slots, Parallelism(cancellation), async (slot, token) =>
            {
                if (read.Entries.GetValueOrDefault(SlotKey(slot)) is { Value: { } record } entry && IsOurs(record))
                    await WriteAsync(slot, record with { Shard = null, Incarnation = null }, entry.ETag, token).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        string key = StateKeys.Transceiver(_fleet.Region, _self.Shard);
        StateReadResult<TransceiverRecord> own = await _store.ReadAsync(Store, key, ContractsJson.Default.TransceiverRecord, cancellation)
            .ConfigureAwait(false);
        if (own.Entry is { Value: { } ours } && ours.Incarnation == _self.Incarnation)
            await _store.TrySaveAsync(Store, key, OwnRecord(utcNow), own.Entry.ETag, ContractsJson.Default.TransceiverRecord,
                cancellation: cancellation).ConfigureAwait(false);
        _status = new OwnershipStatus(new Instant(long.MinValue), true, "left");
    }

    private async Task<bool> RenewAsync(Instant now, DateTimeOffset utcNow, CancellationToken cancellation)
    {
        string[] keys = [.. Enumerable.Range(0, Math.Max(_fleet.MaximumShards, _self.Shard + 1))
            .Select(shard => StateKeys.Transceiver(_fleet.Region, shard))];
        StateBulkReadResult<TransceiverRecord> read = await _store.GetBulkAsync(
            Store, keys, ContractsJson.Default.TransceiverRecord, cancellation).ConfigureAwait(false);
        if (read.Outcome != StateReadOutcome.Found || read.FailedKeys.Contains(keys[_self.Shard]))
            return NoteAway(now, $"the state store cannot be read ({read.ErrorCode ?? read.Outcome.ToString()})");

        for (int shard = 0; shard < keys.Length; shard++)
        {
            if (shard != _self.Shard && !read.FailedKeys.Contains(keys[shard]))
                _view.Observe(shard, read.Entries.GetValueOrDefault(keys[shard])?.Value, utcNow, now);
        }

        StateEntry<TransceiverRecord>? entry = read.Entries.GetValueOrDefault(keys[_self.Shard]);
        if (entry?.Value is { } there && there.Incarnation != _self.Incarnation)
        {
            if (_hasRegistered) return NoteSuperseded();
            // The other process is certainly gone if its link ports are ours now. Otherwise its lease has to run out. If a name stands in
            // front of us, this proves nothing, because another replica may have the same name.
            bool isItsPlaceOurs = _options.AdvertisedLinkEndpoint.Length == 0 && there.Links.SequenceEqual(_links, StringComparer.Ordinal);
            if (there.LeaseUntil > utcNow && !isItsPlaceOurs) return NoteAway(now, $"another process of shard {_self.Shard} is alive");
        }
        if (entry is null) _isLookDue = true;

        TransceiverRecord record = OwnRecord(utcNow + _options.Lease);
        StateWriteResult written = entry is null
            ? await _store.TryCreateAsync(
            Store, keys[_self.Shard], record, ContractsJson.Default.TransceiverRecord, cancellation: cancellation).ConfigureAwait(false)
            : await _store.TrySaveAsync(Store, keys[_self.Shard], record, entry.ETag, ContractsJson.Default.TransceiverRecord,
            cancellation: cancellation).ConfigureAwait(false);
        if (!written.IsWritten) return NoteAway(now, $"our record cannot be written ({written.ErrorCode ?? written.Outcome.ToString()})");

        bool wasRegistered = _hasRegistered;
        _hasRegistered = true;
        _view.Observe(_self.Shard, record, utcNow, now);
        bool wasAway = now >= _status.LeaseUntil;
        // While our lease was out, others may have taken slots that seemed to have no owner.
        if (wasAway) _isLookDue = true;
        if (wasAway) LogRegistered(_logger, _self.Shard, _self.Incarnation);
        if (wasRegistered && _status.Problem is { } problem) LogGoesOn(_logger, problem, _table.ServedCount);
        _status = new OwnershipStatus(now + _options.Lease, _isLeaving, null);
        return true;
    }

    private bool NoteAway(Instant now, string problem)
    {
        OwnershipStatus before = _status;
        if (before.Problem != problem) LogAway(_logger, problem, _table.ServedCount);
        // The present lease stays valid. Others rely on us until its end.
        _status = before with { Problem = problem };
        if (now >= before.LeaseUntil) _isLookDue = true;
        return false;
    }

    private bool NoteSuperseded()
    {
        LogSuperseded(_logger, _self.Shard);
        // From now on this process is new and waits for the lease of the other one to end.
        _hasRegistered = false;
        _status = new OwnershipStatus(new Instant(long.MinValue), _isLeaving, $"another process took shard {_self.Shard} over");
        for (int slot = 0; slot < _table.SlotCount; slot++) Lose(slot);
        return false;
    }

    /// <returns>True if nothing is left to do.</returns>
    private async Task<bool> LookAtSlotsAsync(CancellationToken cancellation)
    {
        _waitingForSessions.Clear();
        _isWaitingForOthers = false;
        bool isDone = true;
        var moves = new List<(int Slot, SlotMove Move, StateEntry<SlotRecord>? Entry)>();
        foreach (int[] slots in Enumerable.Range(0, _table.SlotCount).Chunk(KeysPerRead))
        {
            StateBulkReadResult<SlotRecord> read = await _store.GetBulkAsync(
                Store, [.. slots.Select(SlotKey)], ContractsJson.Default.SlotRecord, cancellation).ConfigureAwait(false);
            if (read.Outcome != StateReadOutcome.Found) return false;
            foreach (int slot in slots)
            {
                string key = SlotKey(slot);
                if (read.FailedKeys.Contains(key))
                {
                    isDone = false;
                    continue;
                }
                StateEntry<SlotRecord>? entry = read.Entries.GetValueOrDefault(key);
                SlotMove move = Decide(slot, entry?.Value);
                // The last known epoch of a record that the store lost is kept, so that the next epoch is higher.
                if (entry?.Value is { } seen) _lastSeen[slot] = seen;
                if (move is not (SlotMove.Leave or SlotMove.Keep)) moves.Add((slot, move, entry));
                if (move is (SlotMove.Leave or SlotMove.Lost) && IsPreferred(slot)) _isWaitingForOthers = true;
            }
        }

        foreach ((int slot, SlotMove move, StateEntry<SlotRecord>? entry) in moves)
        {
            if (move == SlotMove.Lost) Lose(slot);
            else if (move == SlotMove.Adopt) _table.Serve(slot, entry!.Value!.Epoch);
        }

        (int Slot, SlotMove Move, StateEntry<SlotRecord>? Entry)[] giveBack = moves.Where(
            m => m.Move == SlotMove.GiveBack && (!_table.IsServed(m.Slot) || TryWithdraw(m.Slot))).ToArray();
        IEnumerable<(int Slot, SlotMove Move, StateEntry<SlotRecord>? Entry)> writes = moves.Where(m => m.Move == SlotMove.Claim)
            .Concat(giveBack);
        var failed = new ConcurrentBag<int>();
        await Parallel.ForEachAsync(writes, Parallelism(cancellation), async (move, token) =>
        {
            bool isWritten = move.Move == SlotMove.Claim
                ? await ClaimAsync(move.Slot, move.Entry, token).ConfigureAwait(false)
                : await WriteAsync(move.Slot, move.Entry!.Value! with { Shard = null, Incarnation = null }, move.Entry.ETag, token)
                .ConfigureAwait(false);
            if (!isWritten) failed.Add(move.Slot);
        }).ConfigureAwait(false);

        if (moves.Count > 0)
            LogSlots(_logger, _table.ServedCount, moves.Count(m => m.Move == SlotMove.Claim), giveBack.Length, _waitingForSessions.Count);
        return isDone && failed.IsEmpty;
    }

    private SlotMove Decide(int slot, SlotRecord? record)
    {
        SlotRecord? before = _lastSeen[slot];
        bool hadLiveOwner = before is not null && !IsOurs(before) && _view.IsAlive(before.Shard, before.Incarnation);
        bool isOwnerAlive = record is not null && _view.IsAlive(record.Shard, record.Incarnation);
        return new SlotSituation(_self, record, _table.EpochOf(slot), IsPreferred(slot), isOwnerAlive, hadLiveOwner).Decide();
    }

    private async Task<bool> ClaimAsync(int slot, StateEntry<SlotRecord>? entry, CancellationToken cancellation)
    {
        long highest = Math.Max(entry?.Value?.Epoch ?? 0, Math.Max(_lastSeen[slot]?.Epoch ?? 0, _table.EpochOf(slot) ?? 0));
        var record = new SlotRecord(_fleet.Region, slot, _self.Shard, _self.Incarnation, highest + 1);
        if (!await WriteAsync(slot, record, entry?.ETag, cancellation).ConfigureAwait(false)) return false;
        _table.Serve(slot, record.Epoch);
        return true;
    }

    private async Task<bool> WriteAsync(int slot, SlotRecord record, string? etag, CancellationToken cancellation)
    {
        StateWriteResult written = etag is null
            ? await _store.TryCreateAsync(Store, SlotKey(slot), record, ContractsJson.Default.SlotRecord, cancellation: cancellation)
            .ConfigureAwait(false)
            : await _store.TrySaveAsync(Store, SlotKey(slot), record, etag, ContractsJson.Default.SlotRecord, cancellation: cancellation)
            .ConfigureAwait(false);
        if (written.IsWritten) _lastSeen[slot] = record;
        return written.IsWritten;
    }

    private bool TryWithdraw(int slot)
    {
        if (_table.TryWithdraw(slot)) return true;
        _waitingForSessions.Add(slot);
        return false;
    }

    private void Lose(int slot)
    {
        if (_table.EpochOf(slot) is not { } epoch) return;
        _table.Drop(slot);
        SlotsLost++;
        LogLost(_logger, slot, epoch);
    }

    private TransceiverRecord OwnRecord(DateTimeOffset leaseUntil)
    {
        OwnLoad load = _load();
        return new TransceiverRecord(
            _fleet.Region, _self.Shard, _self.Incarnation, AppIds.Transceiver(_self.Shard), _links, _options.Capacity, load.Sessions,
            Math.Round(load.LatenessP99Milliseconds, 2), _isLeaving, leaseUntil, _fingerprint);
    }

    private bool IsPreferred(int slot) => RendezvousHash.Choose((byte)_fleet.RegionNumber, (ushort)slot, _candidates) == _self.Shard;

    private bool IsOurs(SlotRecord record) => record.Shard == _self.Shard && record.Incarnation == _self.Incarnation;

    private bool IsLastSeenOurs(int slot) => _lastSeen[slot] is { } record && IsOurs(record);

    private string SlotKey(int slot) => StateKeys.Slot(_fleet.Region, slot);

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static ParallelOptions Parallelism(CancellationToken cancellation)
        => new() { MaxDegreeOfParallelism = ParallelWrites, CancellationToken = cancellation };

    [LoggerMessage(LogLevel.Information, "Registered as shard {Shard}, incarnation {Incarnation}")]
    private static partial void LogRegistered(ILogger logger, int shard, string incarnation);

    [LoggerMessage(LogLevel.Warning, "Ownership stands still: {Problem}; {Slots} slots go on being served, no new sessions once the lease "
        + "has ended")]
    private static partial void LogAway(ILogger logger, string problem, int slots);

    [LoggerMessage(LogLevel.Information, "Ownership goes on: our record is written again, after '{Problem}'; {Slots} slots are served")]
    private static partial void LogGoesOn(ILogger logger, string problem, int slots);

    [LoggerMessage(LogLevel.Error, "Another process has taken over shard {Shard}. Serving stops")]
    private static partial void LogSuperseded(ILogger logger, int shard);

    [LoggerMessage(LogLevel.Information, "Serving {Slots} slots: {Claimed} to claim, {GivenBack} given back, {Waiting} to give back when "
        + "they are empty")]
    private static partial void LogSlots(ILogger logger, int slots, int claimed, int givenBack, int waiting);

    [LoggerMessage(LogLevel.Error, "Slot {Slot} has another owner with a higher epoch than our {Epoch}. Its sessions end here")]
    private static partial void LogLost(ILogger logger, int slot, long epoch);
}
