using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ownership;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Transceiver.Sessions;

namespace Dapr.Voice.Transceiver.HandOver;

/// <summary>
/// The old owner's side of a live hand-over (docs/decisions/0038): it asks who can take sessions, then moves the slots that have sessions,
/// a few at a time. The sessions of a group stand still from their export until their successor has them, so each step is short. One
/// caller.
/// </summary>
internal sealed partial class HandOverSender(
    FleetOptions fleet, int shard, IStateStore store, IServiceInvoker invoker, SlotKeeper slots, SessionDirectory directory,
    CheckpointCodec codec, IReadOnlyList<SessionWorker> workers, ILogger logger)
{
    /// <summary>
    /// How many slots move at once. More would make their sessions stand still for longer, and fewer would make the whole take longer.
    /// </summary>
    public const int SlotsPerStep = 8;

    // A sidecar accepts requests of 4 MiB. The rest is for records and names.
    private const int MaximumStateCharacters = 3 * 1024 * 1024;
    private const string Path = "internal/v1/handover/";

    private static readonly TimeSpan PrepareLimit = TimeSpan.FromSeconds(1), StepLimit = TimeSpan.FromMilliseconds(1500);

    private readonly Dictionary<int, Successor> _successors = [];

    /// <summary>True if there is a transceiver that takes sessions. <see cref="PrepareAsync"/> finds out.</summary>
    public bool HasSuccessor => _successors.Count > 0;

    /// <summary>Asks the other transceivers of the region whether they take sessions.</summary>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        string[] keys = [.. Enumerable.Range(0, fleet.MaximumShards).Where(other => other != shard)
            .Select(other => StateKeys.Transceiver(fleet.Region, other))];
        StateBulkReadResult<TransceiverRecord> read = await store.GetBulkAsync(
            ComponentNames.Sessions, keys, ContractsJson.Default.TransceiverRecord, cancellation).ConfigureAwait(false);
        HandedSession[] sample = await SampleAsync().ConfigureAwait(false);
        // Who is alive says so by its answer, and not by a time in its record.
        Successor?[] answers = await Task.WhenAll(read.Entries.Values.Select(entry => entry.Value).OfType<TransceiverRecord>()
            .Where(record => !record.Draining).Select(record => AskAsync(record, sample, cancellation))).ConfigureAwait(false);
        foreach (Successor answer in answers.OfType<Successor>()) _successors[answer.Shard] = answer;
        LogSuccessors(logger, _successors.Count, read.Entries.Count);
    }

    /// <summary>Moves every slot that has a connected session and for which there is a successor with room.</summary>
    /// <returns>The number of sessions that were handed over.</returns>
    public async Task<int> MoveAsync(CancellationToken cancellation)
    {
        int moved = 0;
        int[] waiting = [.. (await Task.WhenAll(workers.Select(worker => worker.ConnectedSlotsAsync())).ConfigureAwait(false))
            .SelectMany(found => found).Distinct()];
        foreach (IGrouping<Successor, int> group in waiting.Select(slot => (Slot: slot, To: Choose(slot)))
            .Where(move => move.To is not null).GroupBy(move => move.To!, move => move.Slot))
        {
            foreach (int[] step in group.Chunk(SlotsPerStep))
            {
                if (cancellation.IsCancellationRequested) return moved;
                moved += await MoveAsync(group.Key, step).ConfigureAwait(false);
            }
        }
        return moved;
    }

    private Successor? Choose(int slot)
    {
        int[] candidates = [.. _successors.Values.Where(one => one.Room > 0).Select(one => one.Shard)];
        return RendezvousHash.Choose((byte)fleet.RegionNumber, (ushort)slot, candidates) is { } chosen ? _successors[chosen] : null;
    }

    /// <summary>The exact state of a session that goes on, sealed for a rehearsal. Empty if there is none.</summary>
    public async Task<HandedSession[]> SampleAsync()
    {
        foreach (SessionWorker worker in workers)
        {
            if (await worker.SampleAsync().ConfigureAwait(false) is { } sample
                && Seal(sample, HandOverReceiver.RehearsalEpoch) is { } handed) return [handed];
        }
        return [];
    }

    private async Task<Successor?> AskAsync(TransceiverRecord record, HandedSession[] sample, CancellationToken cancellation)
    {
        HandOverAnswer? answer = await PostAsync(
            record.AppId, "prepare", new HandOverRequest(shard, [], sample), PrepareLimit, cancellation).ConfigureAwait(false);
        return answer is null ? null : new Successor(record.Shard, record.AppId, answer.Incarnation, answer.Room);
    }

    private async Task<int> MoveAsync(Successor to, int[] step)
    {
        HashSet<int> wanted = [.. step];
        FrozenSession[] frozen = [.. (await Task.WhenAll(workers.Select(worker => worker.FreezeAsync(wanted))).ConfigureAwait(false))
            .SelectMany(found => found)];
        HandedSlot[] moving = [.. step.Select(slot => new HandedSlot(slot, (directory.EpochOf(slot) ?? 0) + 1))
            .Where(slot => slot.Epoch > 1)];

        // The record and the state travel at the same time. If only the record arrives, the successor continues from the checkpoints.
        Task<int> state = SendStateAsync(to, moving, frozen);
        bool[] named = await Task.WhenAll(moving.Select(slot => TryNameAsync(slot.Slot, to))).ConfigureAwait(false);
        int taken = await state.ConfigureAwait(false);
        HandedSlot[] given = [.. moving.Where((_, i) => named[i])];
        if (given.Length > 0) await PostAsync(to.AppId, "commit", new HandOverRequest(shard, given, []), StepLimit, CancellationToken.None)
            .ConfigureAwait(false);
        foreach (SessionWorker worker in workers) worker.EndFrozen(wanted, given.Select(slot => slot.Slot).ToHashSet());
        to.Room -= taken;
        int moved = frozen.Count(session => given.Any(slot => slot.Slot == session.Record.Slot));
        LogMoved(logger, given.Length, moved, to.Shard, frozen.Length - moved);
        return moved;
    }

    private async Task<bool> TryNameAsync(int slot, Successor to)
    {
        try
        {
            return await slots.HandOverAsync(slot, to.Shard, OwnerIdentity.IncarnationOf(to.Incarnation)).WaitAsync(StepLimit)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The record may name the successor. If it does, we lose the slot, and its sessions go on from their checkpoints.
            return false;
        }
    }

    private async Task<int> SendStateAsync(Successor to, HandedSlot[] moving, FrozenSession[] frozen)
    {
        Dictionary<int, long> epochs = moving.ToDictionary(slot => slot.Slot, slot => slot.Epoch);
        int taken = 0, characters = 0;
        var part = new List<HandedSession>();
        foreach (FrozenSession session in frozen)
        {
            if (!epochs.TryGetValue(session.Record.Slot, out long epoch) || Seal(session, epoch) is not { } handed) continue;
            if (characters + handed.Sealed.Length > MaximumStateCharacters) await FlushAsync().ConfigureAwait(false);
            part.Add(handed);
            characters += handed.Sealed.Length;
        }
        await FlushAsync().ConfigureAwait(false);
        return taken;

        async Task FlushAsync()
        {
            if (part.Count == 0) return;
            HandOverAnswer? answer = await PostAsync(
                to.AppId, "state", new HandOverRequest(shard, moving, part), StepLimit, CancellationToken.None).ConfigureAwait(false);
            taken += answer?.Sessions.Count ?? 0;
            part = [];
            characters = 0;
        }
    }

    private HandedSession? Seal(FrozenSession session, long epoch)
        => codec.TrySeal(session.Record.CallId, epoch, session.Content, out _) is { } text ? new HandedSession(session.Record, text) : null;

    /// <summary>Returns null if the other side did not answer in time, or takes nothing.</summary>
    private async Task<HandOverAnswer?> PostAsync(
        string appId, string step, HandOverRequest request, TimeSpan limit, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(limit);
        try
        {
            InvocationResult<HandOverAnswer> answer = await invoker.AskAsync(
                appId, Path + step, request, ContractsJson.Default.HandOverRequest, ContractsJson.Default.HandOverAnswer, deadline.Token)
                .ConfigureAwait(false);
            if (answer.Value is null) LogRefused(logger, appId, step, answer.Result.Outcome, answer.Result.ErrorCode);
            return answer.Value;
        }
        catch (OperationCanceledException)
        {
            LogRefused(logger, appId, step, InvocationOutcome.TimedOut, null);
            return null;
        }
    }

    private sealed class Successor(int shard, string appId, string incarnation, int room)
    {
        public int Shard => shard;
        public string AppId => appId;
        public string Incarnation => incarnation;
        public int Room { get; set; } = room;
    }

    [LoggerMessage(LogLevel.Information, "Handing over: {Successors} of {Transceivers} other transceivers take sessions")]
    private static partial void LogSuccessors(ILogger logger, int successors, int transceivers);

    [LoggerMessage(LogLevel.Information, "Handed over {Slots} slots with {Sessions} sessions to shard {Shard}; {Refused} sessions end")]
    private static partial void LogMoved(ILogger logger, int slots, int sessions, int shard, int refused);

    [LoggerMessage(LogLevel.Warning, "Hand-over to {AppId}: no answer to {Step}: {Outcome} {ErrorCode}")]
    private static partial void LogRefused(ILogger logger, string appId, string step, InvocationOutcome outcome, string? errorCode);
}
