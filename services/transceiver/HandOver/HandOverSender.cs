using System.Diagnostics;
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
    /// In how many steps everything moves, if there are as many slots. Fewer would make sessions stand still for longer, and more would
    /// make the whole take longer than a sidecar lives after SIGTERM.
    /// </summary>
    public const int MaximumSteps = 64;

    /// <summary>How many steps are announced at once. The worker's thread copies the states of their sessions.</summary>
    public const int StepsPerAnnouncement = 8;

    /// <summary>The pause after each step, in which the processor is for the sessions that have moved.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    // A sidecar accepts requests of 4 MiB. The rest is for records and names.
    private const int MaximumStateCharacters = 3 * 1024 * 1024;
    private const string Path = "internal/v1/handover/";

    private static readonly TimeSpan PrepareLimit = TimeSpan.FromSeconds(1), AnnounceLimit = TimeSpan.FromMilliseconds(500),
        StepLimit = TimeSpan.FromMilliseconds(1500);

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
        // Who is alive says so by its answer, and not by a time in its record.
        Successor?[] answers = await Task.WhenAll(read.Entries.Values.Select(entry => entry.Value).OfType<TransceiverRecord>()
            .Where(record => !record.Draining).Select(record => AskAsync(record.AppId, record.Shard, cancellation))).ConfigureAwait(false);
        _successors.Clear();
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
        int slotsPerStep = (waiting.Length + MaximumSteps - 1) / MaximumSteps;
        foreach (IGrouping<Successor, int> group in waiting.Select(slot => (Slot: slot, To: Choose(slot)))
            .Where(move => move.To is not null).GroupBy(move => move.To!, move => move.Slot))
        {
            foreach (int[] near in group.Chunk(slotsPerStep * StepsPerAnnouncement))
            {
                await AnnounceAsync(group.Key, near, cancellation).ConfigureAwait(false);
                foreach (int[] step in near.Chunk(slotsPerStep))
                {
                    if (cancellation.IsCancellationRequested) return moved;
                    moved += await MoveAsync(group.Key, step).ConfigureAwait(false);
                    await Task.Delay(Pause, CancellationToken.None).ConfigureAwait(false);
                }
            }
        }
        return moved;
    }

    private Successor? Choose(int slot)
    {
        int[] candidates = [.. _successors.Values.Where(one => one.Room > 0).Select(one => one.Shard)];
        return RendezvousHash.Choose((byte)fleet.RegionNumber, (ushort)slot, candidates) is { } chosen ? _successors[chosen] : null;
    }

    /// <summary>
    /// Goes through the steps of a hand-over to ourselves, with a session that nobody has. So the first real one finds its code
    /// compiled and its connections open, here and at the successor, which does the same.
    /// </summary>
    /// <param name="sample">Sealed for a rehearsal.</param>
    public async Task RehearseAsync(HandedSession sample, CancellationToken cancellation)
    {
        if (await AskAsync(AppIds.Transceiver(shard), shard, cancellation).ConfigureAwait(false) is not { } self) return;
        await AnnounceAsync(self, [], cancellation).ConfigureAwait(false);
        await MoveAsync(self, []).ConfigureAwait(false);
        HandedSlot[] slots = [new(sample.Record.Slot, HandOverReceiver.RehearsalEpoch)];
        await PostAsync(self.AppId, "state", new HandOverRequest(shard, slots, [sample]), StepLimit, cancellation).ConfigureAwait(false);
        await CommitAsync(self, [], [new HandedPacket(sample.Record.CallId, [])]).ConfigureAwait(false);
    }

    private async Task<Successor?> AskAsync(string appId, int itsShard, CancellationToken cancellation)
    {
        HandOverAnswer? answer = await PostAsync(
            appId, "prepare", new HandOverRequest(shard, [], []), PrepareLimit, cancellation).ConfigureAwait(false);
        return answer is null ? null : new Successor(itsShard, appId, answer.Incarnation, answer.Room);
    }

    /// <summary>Lets the successor connect to the backends of some slots' sessions, which go on here meanwhile.</summary>
    private async Task AnnounceAsync(Successor to, int[] near, CancellationToken cancellation)
    {
        HashSet<int> wanted = [.. near];
        var announced = new List<HandedSession>();
        int characters = 0;
        foreach (FrozenSession copy in (await Task.WhenAll(workers.Select(worker => worker.CopyAsync(wanted))).ConfigureAwait(false))
            .SelectMany(found => found))
        {
            if (Seal(copy, HandOverReceiver.RehearsalEpoch) is not { } handed || characters + handed.Sealed.Length > MaximumStateCharacters)
                continue;
            announced.Add(handed);
            characters += handed.Sealed.Length;
        }
        // Without an answer the sessions move all the same, and their callers wait for the backends.
        await PostAsync(to.AppId, "announce", new HandOverRequest(shard, [], announced), AnnounceLimit, cancellation).ConfigureAwait(false);
    }

    private async Task<int> MoveAsync(Successor to, int[] step)
    {
        HashSet<int> wanted = [.. step];
        long began = Stopwatch.GetTimestamp();
        FrozenSession[] frozen = [.. (await Task.WhenAll(workers.Select(worker => worker.FreezeAsync(wanted))).ConfigureAwait(false))
            .SelectMany(found => found)];
        HandedSlot[] moving = [.. step.Select(slot => new HandedSlot(slot, (directory.EpochOf(slot) ?? 0) + 1))
            .Where(slot => slot.Epoch > 1)];

        // The record and the state travel at the same time. If only the record arrives, the successor continues from the checkpoints.
        Task<int> state = SendStateAsync(to, moving, frozen);
        bool[] named = await Task.WhenAll(moving.Select(slot => TryNameAsync(slot.Slot, to))).ConfigureAwait(false);
        int taken = await state.ConfigureAwait(false);
        HandedSlot[] given = [.. moving.Where((_, i) => named[i])];
        if (given.Length > 0)
        {
            await CommitAsync(to, given, await TakeHeldAsync().ConfigureAwait(false)).ConfigureAwait(false);
            // The relays know the successor now. What has come until then is not lost, only a little late.
            if (await TakeHeldAsync().ConfigureAwait(false) is { Count: > 0 } rest) await CommitAsync(to, [], rest).ConfigureAwait(false);
        }
        TimeSpan stoodStill = Stopwatch.GetElapsedTime(began);
        foreach (SessionWorker worker in workers) worker.EndFrozen(wanted, given.Select(slot => slot.Slot).ToHashSet());
        to.Room -= taken;
        int moved = frozen.Count(session => given.Any(slot => slot.Slot == session.Record.Slot));
        if (step.Length > 0) LogMoved(logger, given.Length, moved, to.Shard, frozen.Length - moved, (long)stoodStill.TotalMilliseconds);
        return moved;
    }

    private Task CommitAsync(Successor to, HandedSlot[] given, IReadOnlyList<HandedPacket> packets)
        => PostAsync(to.AppId, "commit", new HandOverRequest(shard, given, [], packets), StepLimit, CancellationToken.None);

    private async Task<IReadOnlyList<HandedPacket>> TakeHeldAsync()
        => [.. (await Task.WhenAll(workers.Select(worker => worker.TakeHeldAsync())).ConfigureAwait(false)).SelectMany(held => held)];

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

    [LoggerMessage(LogLevel.Information, "Handed over {Slots} slots with {Sessions} sessions to shard {Shard}; {Refused} sessions end. "
        + "They stood still for {Milliseconds} ms")]
    private static partial void LogMoved(ILogger logger, int slots, int sessions, int shard, int refused, long milliseconds);

    [LoggerMessage(LogLevel.Warning, "Hand-over to {AppId}: no answer to {Step}: {Outcome} {ErrorCode}")]
    private static partial void LogRefused(ILogger logger, string appId, string step, InvocationOutcome outcome, string? errorCode);
}
