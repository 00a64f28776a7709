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

    /// <summary>
    /// Steps with pauses between them do not take the processor from one another. All should be over within <see cref="Whole"/>, at
    /// <see cref="WorkPerStep"/> for each.
    /// </summary>
    private static readonly TimeSpan Whole = TimeSpan.FromMilliseconds(1200), WorkPerStep = TimeSpan.FromMilliseconds(40),
        LongestPause = TimeSpan.FromMilliseconds(30);

    /// <summary>
    /// In how many parts the steps are announced. A part takes as long as its slowest backend, 250 ms at most, and all of them have to be
    /// over before the drain is.
    /// </summary>
    private const int MaximumAnnouncements = 4;

    /// <summary>What comes for sessions that have moved is sent after them until nothing comes, this often at most.</summary>
    private const int MaximumRounds = 4;

    // As the size of a part: the rest is announced and moves at once.
    private const int Everything = int.MaxValue;

    // A sidecar accepts requests of 4 MiB. The rest is for records and names.
    private const int MaximumStateCharacters = 3 * 1024 * 1024;
    private const string Path = "internal/v1/handover/";

    private static readonly TimeSpan PrepareLimit = TimeSpan.FromSeconds(1), AnnounceEvery = TimeSpan.FromMilliseconds(250),
        AnnounceLimit = TimeSpan.FromMilliseconds(500), StepLimit = TimeSpan.FromMilliseconds(1500);

    private readonly Dictionary<int, Successor> _successors = [];

    /// <summary>True if there is a transceiver that takes sessions. <see cref="PrepareAsync"/> finds out.</summary>
    public bool HasSuccessor => _successors.Count > 0;

    /// <summary>Asks the other transceivers of the region whether they take sessions.</summary>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        int others = await FindSuccessorsAsync(cancellation).ConfigureAwait(false);
        LogSuccessors(logger, $"{_successors.Count} of {others}");
    }

    /// <returns>The number of other transceivers that have a record.</returns>
    private async Task<int> FindSuccessorsAsync(CancellationToken cancellation)
    {
        var keys = new List<string>();
        for (int other = 0; other < fleet.MaximumShards; other++)
        {
            if (other != shard) keys.Add(StateKeys.Transceiver(fleet.Region, other));
        }
        StateBulkReadResult<TransceiverRecord> read = await store.GetBulkAsync(
            ComponentNames.Sessions, keys, ContractsJson.Default.TransceiverRecord, cancellation).ConfigureAwait(false);
        // Who is alive says so by its answer, and not by a time in its record.
        var asked = new List<Task<Successor?>>();
        foreach (StateEntry<TransceiverRecord> entry in read.Entries.Values)
        {
            if (entry.Value is { Draining: false } record) asked.Add(AskAsync(record.AppId, record.Shard, cancellation));
        }
        _successors.Clear();
        foreach (Successor? answer in await Task.WhenAll(asked).ConfigureAwait(false))
        {
            if (answer is not null) _successors[answer.Shard] = answer;
        }
        return read.Entries.Count;
    }

    /// <summary>Moves every slot that has a connected session and for which there is a successor with room.</summary>
    /// <returns>The number of sessions that were handed over.</returns>
    public async Task<int> MoveAsync(CancellationToken cancellation)
    {
        var waiting = new List<int>();
        foreach (int[] found in await Task.WhenAll(workers.Select(worker => worker.ConnectedSlotsAsync())).ConfigureAwait(false))
            waiting.AddRange(found);
        return await MoveAsync(StepsOf(waiting, Choose), cancellation).ConfigureAwait(false);
    }

    private async Task<int> MoveAsync(List<Step> steps, CancellationToken cancellation)
    {
        int moved = 0, size = Math.Max(1, (steps.Count + MaximumAnnouncements - 1) / MaximumAnnouncements);
        long began = Stopwatch.GetTimestamp();
        var told = new List<string>(steps.Count);
        var moving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? ahead = null;
        for (int i = 0; i < steps.Count && !cancellation.IsCancellationRequested; i++)
        {
            if (Stopwatch.GetElapsedTime(began) > Whole && steps.Count > i + 1 && size != Everything)
            {
                // A longer silence is better than a call that ends with this process.
                (steps, size) = ([.. steps[..i], .. InOneStep(steps.Skip(i))], Everything);
                await AnnounceAsync(steps.Skip(i), cancellation).ConfigureAwait(false);
            }
            if (i % size == 0)
            {
                await (ahead ?? AnnounceAsync(steps.Skip(i).Take(size), cancellation)).ConfigureAwait(false);
                moving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                bool isLate = PauseBefore(i, steps.Count, began) <= TimeSpan.Zero;
                ahead = AnnounceAfterAsync(isLate ? Task.CompletedTask : moving.Task, steps.Skip(i + size).Take(size), cancellation);
            }
            TimeSpan pause = PauseBefore(i, steps.Count, began);
            if (pause > TimeSpan.Zero) await Task.Delay(pause, CancellationToken.None).ConfigureAwait(false);
            moved += await MoveAsync(steps[i], isLate: pause <= TimeSpan.Zero, told).ConfigureAwait(false);
            if (pause > TimeSpan.Zero) await Task.Delay(pause, CancellationToken.None).ConfigureAwait(false);
            if ((i + 1) % size == 0) moving.TrySetResult();
        }
        // Not between the steps: formatting takes the processor from them.
        foreach (string line in told) LogMoved(logger, line);
        return moved;
    }

    /// <summary>Slots that go to the same successor at the same time.</summary>
    /// <param name="Sample">In a rehearsal, the session that goes along. Its step has no slots.</param>
    private sealed record Step(Successor To, HashSet<int> Slots, HandedSession? Sample = null);

    private static IEnumerable<Step> InOneStep(IEnumerable<Step> steps)
        => steps.GroupBy(step => step.To, (to, all) => new Step(to, [.. all.SelectMany(step => step.Slots)], all.First().Sample));

    private static List<Step> StepsOf(List<int> waiting, Func<int, Successor?> choose)
    {
        var steps = new List<Step>();
        int slotsPerStep = (waiting.Count + MaximumSteps - 1) / MaximumSteps;
        foreach (int slot in waiting)
        {
            if (choose(slot) is not { } to) continue;
            if (steps.FindLast(step => step.To == to && step.Slots.Count < slotsPerStep) is not { } step)
                steps.Add(step = new Step(to, []));
            step.Slots.Add(slot);
        }
        return steps;
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
        await FindSuccessorsAsync(cancellation).ConfigureAwait(false);
        if (await AskAsync(AppIds.Transceiver(shard), shard, cancellation).ConfigureAwait(false) is not { } self) return;
        // As many as it takes for a slot to look for its step among others.
        List<Step> steps = StepsOf([0, 1], _ => self);
        foreach (Step step in steps) step.Slots.Clear();
        await MoveAsync([.. steps.Select(step => step with { Sample = sample })], cancellation).ConfigureAwait(false);
    }

    private async Task<Successor?> AskAsync(string appId, int itsShard, CancellationToken cancellation)
    {
        HandOverAnswer? answer = await PostAsync(
            appId, "prepare", new HandOverRequest(shard, [], []), PrepareLimit, cancellation).ConfigureAwait(false);
        return answer is null ? null : new Successor(itsShard, appId, answer.Incarnation, answer.Room, answer.TakesEarly);
    }

    private static TimeSpan PauseBefore(int step, int steps, long began)
    {
        TimeSpan pause = ((Whole - Stopwatch.GetElapsedTime(began)) / (steps - step) - WorkPerStep) / 2;
        return pause < LongestPause ? pause : LongestPause;
    }

    /// <summary>
    /// Backends that connect take the processor from the sessions that move. So the next ones are announced when these have moved, but a
    /// backend that is slow to answer is not waited for.
    /// </summary>
    private async Task AnnounceAfterAsync(Task moved, IEnumerable<Step> steps, CancellationToken cancellation)
    {
        await Task.WhenAny(moved, Task.Delay(AnnounceEvery, CancellationToken.None)).ConfigureAwait(false);
        await AnnounceAsync(steps, cancellation).ConfigureAwait(false);
    }

    /// <summary>Lets successors connect to the backends of some slots' sessions, which go on here meanwhile.</summary>
    private Task AnnounceAsync(IEnumerable<Step> steps, CancellationToken cancellation)
    {
        var slots = new Dictionary<Successor, HashSet<int>>();
        foreach (Step step in steps)
        {
            if (!slots.TryGetValue(step.To, out HashSet<int>? near)) slots[step.To] = near = [];
            near.UnionWith(step.Slots);
        }
        return Task.WhenAll(slots.Select(one => AnnounceAsync(one.Key, one.Value, cancellation)));
    }

    private async Task AnnounceAsync(Successor to, HashSet<int> near, CancellationToken cancellation)
    {
        var announced = new List<HandedSession>();
        int characters = 0;
        foreach (IReadOnlyList<FrozenSession> copies in await Task.WhenAll(workers.Select(worker => worker.CopyAsync(near)))
            .ConfigureAwait(false))
        {
            foreach (FrozenSession copy in copies)
            {
                if (Seal(copy, HandOverReceiver.RehearsalEpoch) is not { } handed
                    || characters + handed.Sealed.Length > MaximumStateCharacters) continue;
                announced.Add(handed);
                characters += handed.Sealed.Length;
            }
        }
        // Without an answer the sessions move all the same, and their callers wait for the backends.
        await PostAsync(to.AppId, "announce", new HandOverRequest(shard, [], announced), AnnounceLimit, cancellation)
            .ConfigureAwait(false);
    }

    /// <param name="told">Gets a line for the log.</param>
    private async Task<int> MoveAsync(Step step, bool isLate, List<string> told)
    {
        List<FrozenSession> frozen = [];
        foreach (IReadOnlyList<FrozenSession> found in await Task.WhenAll(workers.Select(worker => worker.FreezeAsync(step.Slots, isLate)))
            .ConfigureAwait(false)) frozen.AddRange(found);
        long began = Stopwatch.GetTimestamp();
        List<HandedSlot> moving = step.Sample is { } sample ? [new HandedSlot(sample.Record.Slot, HandOverReceiver.RehearsalEpoch)] : [];
        foreach (int slot in step.Slots)
        {
            if (directory.EpochOf(slot) is { } epoch) moving.Add(new HandedSlot(slot, epoch + 1));
        }

        // The record and the state travel at the same time. If only the record arrives, the successor continues from the checkpoints.
        Task<int> state = SendStateAsync(step, moving, frozen);
        List<HandedSlot> given = [];
        Task<bool>[] named = [.. moving.Select(slot => TryNameAsync(slot, step.To))];
        for (int i = 0; i < named.Length; i++)
        {
            if (await named[i].ConfigureAwait(false)) given.Add(moving[i]);
        }
        // Nobody waits for the answer to the state: it may have been there for long.
        HandOverAnswer? early = null;
        Task<HandOverAnswer?>? commit = null;
        if (step.To.TakesEarly && (step.Sample is not null || (given.Count > 0 && frozen.Count > 0)))
            commit = CommitAsync(step.To, given, await TakeHeldAsync(step).ConfigureAwait(false), isEarly: true);
        int taken = await state.ConfigureAwait(false);
        if (commit is not null) early = await commit.ConfigureAwait(false);
        bool isJoined = early is not null && taken == frozen.Count && taken > 0;
        TimeSpan stoodStill = Stopwatch.GetElapsedTime(began);
        if (given.Count > 0 || step.Sample is not null)
        {
            // The relays know the successor now. What has come until then is not lost, only a little late.
            IReadOnlyList<HandedPacket> rest = await TakeHeldAsync(step).ConfigureAwait(false);
            if (!isJoined || rest.Count > 0) await CommitAsync(step.To, given, rest, isEarly: false).ConfigureAwait(false);
            if (!isJoined) stoodStill = Stopwatch.GetElapsedTime(began);
            for (int round = 0; round < MaximumRounds && await TakeHeldAsync(step).ConfigureAwait(false) is { Count: > 0 } last; round++)
                await CommitAsync(step.To, [], last, isEarly: false).ConfigureAwait(false);
        }
        HashSet<int> away = [];
        foreach (HandedSlot slot in given) away.Add(slot.Slot);
        foreach (SessionWorker worker in workers) worker.EndFrozen(step.Slots, away);
        step.To.Room -= taken;
        int moved = 0;
        foreach (FrozenSession session in frozen) moved += away.Contains(session.Record.Slot) ? 1 : 0;
        if (step.Sample is null)
        {
            told.Add($"{given.Count} slots with {moved} sessions to shard {step.To.Shard}; {frozen.Count - moved} sessions end. "
                + $"They stood still for {(long)stoodStill.TotalMilliseconds} ms");
        }
        return moved;
    }

    private Task<HandOverAnswer?> CommitAsync(Successor to, List<HandedSlot> given, IReadOnlyList<HandedPacket> packets, bool isEarly)
        => PostAsync(
            to.AppId, "commit", new HandOverRequest(shard, given, [], packets, isEarly), StepLimit, CancellationToken.None);

    private async Task<IReadOnlyList<HandedPacket>> TakeHeldAsync(Step step)
    {
        List<HandedPacket> held = step.Sample is { } sample ? [new HandedPacket(sample.Record.CallId, [])] : [];
        foreach (IReadOnlyList<HandedPacket> found in await Task.WhenAll(workers.Select(worker => worker.TakeHeldAsync()))
            .ConfigureAwait(false)) held.AddRange(found);
        return held;
    }

    private async Task<bool> TryNameAsync(HandedSlot slot, Successor to)
    {
        try
        {
            Task<bool> named = slot.Epoch == HandOverReceiver.RehearsalEpoch
                ? NameNobodyAsync() : slots.HandOverAsync(slot.Slot, to.Shard, OwnerIdentity.IncarnationOf(to.Incarnation));
            return await named.WaitAsync(StepLimit).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The record may name the successor. If it does, we lose the slot, and its sessions go on from their checkpoints.
            return false;
        }
    }

    private static async Task<bool> NameNobodyAsync()
    {
        await Task.Yield();
        return false;
    }

    private async Task<int> SendStateAsync(Step step, List<HandedSlot> moving, List<FrozenSession> frozen)
    {
        int taken = 0, characters = 0;
        List<HandedSession> part = step.Sample is { } sample ? [sample] : [];
        foreach (FrozenSession session in frozen)
        {
            if (moving.Find(slot => slot.Slot == session.Record.Slot) is not { } slot
                || Seal(session, slot.Epoch) is not { } handed) continue;
            if (characters + handed.Sealed.Length > MaximumStateCharacters)
            {
                taken += await SendPartAsync(step.To, moving, part).ConfigureAwait(false);
                (part, characters) = ([], 0);
            }
            part.Add(handed);
            characters += handed.Sealed.Length;
        }
        return taken + await SendPartAsync(step.To, moving, part).ConfigureAwait(false);
    }

    private async Task<int> SendPartAsync(Successor to, List<HandedSlot> moving, List<HandedSession> part)
    {
        if (part.Count == 0) return 0;
        HandOverAnswer? answer = await PostAsync(
            to.AppId, "state", new HandOverRequest(shard, moving, part), StepLimit, CancellationToken.None).ConfigureAwait(false);
        return answer?.Sessions.Count ?? 0;
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

    private sealed class Successor(int shard, string appId, string incarnation, int room, bool takesEarly)
    {
        public int Shard => shard;
        public string AppId => appId;
        public string Incarnation => incarnation;
        public bool TakesEarly => takesEarly;
        public int Room { get; set; } = room;
    }

    // One argument each: a message with several numbers is generic code that the first hand-over would wait for.
    [LoggerMessage(LogLevel.Information, "Handing over: {Successors} other transceivers take sessions")]
    private static partial void LogSuccessors(ILogger logger, string successors);

    [LoggerMessage(LogLevel.Information, "Handed over {Step}")]
    private static partial void LogMoved(ILogger logger, string step);

    [LoggerMessage(LogLevel.Warning, "Hand-over to {AppId}: no answer to {Step}: {Outcome} {ErrorCode}")]
    private static partial void LogRefused(ILogger logger, string appId, string step, InvocationOutcome outcome, string? errorCode);
}
