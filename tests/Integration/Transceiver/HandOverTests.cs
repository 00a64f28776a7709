using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Drops;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>A transceiver drains, and another one of the same process takes its calls as they are.</summary>
public sealed class HandOverTests
{
    private static TransceiverOptions Options(int shard) => new()
    {
        // On a busy machine the first one must not seem dead.
        Shard = shard, Workers = 1, Lease = TimeSpan.FromSeconds(20), RenewEvery = TimeSpan.FromMilliseconds(300),
        DrainGrace = TimeSpan.FromMilliseconds(500),
    };

    /// <summary>Makes a call whose caller talks and hears itself.</summary>
    private static async Task<(SessionRecord Record, TestCaller Caller)> TalkAsync(TestFleet fleet)
    {
        (SessionRecord record, TestCaller caller) = await TestCaller.CallAsync(fleet, slot: 0);
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 25, "the call runs");
        return (record, caller);
    }

    /// <summary>
    /// Adds a transceiver that can take sessions. The first one keeps its slots as long as they have sessions.
    /// </summary>
    private static async Task<TestFleet> AddAsync(TestFleet first, TransceiverOptions options)
    {
        TestFleet second = await first.AddAsync(options);
        await Wait.UntilAsync(() => second.Runtime.IsAdmitting, "the second one is registered");
        return second;
    }

    private static async Task DrainAsync(TestFleet first, TestFleet second, TestCaller caller)
    {
        caller.LinkTo(second.Links[0]);
        Task drain = first.Runtime.DrainAsync();
        caller.RunUntil(() => first.Runtime.Directory.Living == 0, "it has no session any more");
        caller.MoveTo(second.Links[0]);
        caller.RunUntil(() => drain.IsCompleted, "the drain is over");
        await drain;
    }

    /// <summary>A transceiver tells the relays when it serves a slot. From then on they send to it.</summary>
    private static void MoveAsARelayDoes(TestFleet second, TestCaller caller)
    {
        caller.RunUntil(() => second.Runtime.Directory.Serves(0), "the second one serves the slot");
        caller.MoveTo(second.Links[0]);
    }

    private static async Task AssertNothingLostAsync(TestFleet first, TestFleet second, SessionRecord record)
    {
        Assert.True(CallId.TryParse(record.CallId, out string _, out string text) & SessionId.TryParse(text, out SessionId id));
        SessionRecord? after = await second.Runtime.FindAsync(id, CancellationToken.None);
        long[] dropped = [.. new[] { first, second }.Select(f => f.Runtime.Workers[0].Counters.Drops[SessionDrop.HandingOver])];
        Assert.Equal((0, 0, 0), (after!.Statistics!.PacketsLost, dropped[0], dropped[1]));
    }

    /// <param name="takesEarly">False for a successor of the release before, which would begin without the state.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Drain_WithASuccessor_CallGoesOnAndNobodyNotices(bool takesEarly)
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await TalkAsync(first);
        using TestCaller _ = caller;
        await using TestFleet second = await AddAsync(first, Options(1));
        first.Invoker.TakesEarly = takesEarly;
        await DrainAsync(first, second, caller);

        Assert.Equal(takesEarly, first.Invoker.HasSentEarly);
        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 50, "the caller hears itself at the second one");
        Assert.True(caller.SendText("""{"type":"session.update","session":{"type":"realtime"}}"""));
        caller.RunUntil(
            () => caller.Messages.Any(m => m.Contains("session.updated", StringComparison.Ordinal)), "its message is answered");
        Assert.DoesNotContain(caller.Messages, m => m.Contains("session_ended", StringComparison.Ordinal));
        Assert.Single(caller.Messages, m => m.Contains("session.created", StringComparison.Ordinal));
        Assert.False(caller.IsClosed || caller.IsGone);
        Assert.Equal((1, 0), (first.Runtime.Directory.HandedOver, first.Runtime.Directory.Lost));
        Assert.Equal(1, second.Runtime.Directory.Resumed);
        await Wait.UntilAsync(() => second.Events(record).Count == 2, "the move is published");
        Assert.Equal([$"{LifecycleEventTypes.SessionConnected} 2", $"{LifecycleEventTypes.SessionMoved} 3"], second.Events(record));
        Assert.Equal((SessionState.Connected, "transceiver-01"), (second.Stored(record)!.State, second.Stored(record)!.OwnerAppId));
    }

    /// <summary>The relay sends to the first one until it hears that the second one has the slot.</summary>
    [Fact]
    public async Task Drain_PacketsThatComeMeanwhile_GoToTheSuccessor()
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await TalkAsync(first);
        using TestCaller _ = caller;
        await using TestFleet second = await AddAsync(first, Options(1));
        using var mayGoOn = new ManualResetEventSlim();
        first.Invoker.IsLost = step =>
        {
            if (step == "commit") mayGoOn.Wait(TimeSpan.FromSeconds(10));
            return false;
        };
        caller.LinkTo(second.Links[0]);
        Task drain = first.Runtime.DrainAsync();
        caller.RunUntil(() => first.Store.Peek(ComponentNames.Sessions, StateKeys.Slot(TestFleet.Options.Region, 0),
            ContractsJson.Default.SlotRecord)!.Shard == 1, "the record names the second one");
        caller.Run(TimeSpan.FromMilliseconds(100));
        mayGoOn.Set();
        MoveAsARelayDoes(second, caller);
        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 50, "the call goes on");
        await drain;
        await AssertNothingLostAsync(first, second, record);
    }

    /// <summary>The old owner does not wait for the answer to the state, and requests overtake one another.</summary>
    [Fact]
    public async Task Drain_StateThatComesAfterTheCommit_CallGoesOnAsItWas()
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await TalkAsync(first);
        using TestCaller _ = caller;
        await using TestFleet second = await AddAsync(first, Options(1));
        using var committed = new ManualResetEventSlim();
        first.Invoker.IsLost = step =>
        {
            if (step == "commit") committed.Set();
            if (step == "state" && committed.Wait(TimeSpan.FromSeconds(10))) Thread.Sleep(150);
            return false;
        };
        caller.LinkTo(second.Links[0]);
        Task drain = first.Runtime.DrainAsync();
        MoveAsARelayDoes(second, caller);
        caller.RunUntil(() => drain.IsCompleted, "the drain is over");
        await drain;
        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 50, "the call goes on");
        Assert.True(committed.IsSet);
        await AssertNothingLostAsync(first, second, record);
        Assert.Equal((1, 1, 0), (first.Runtime.Directory.HandedOver, second.Runtime.Directory.Resumed, second.Runtime.Directory.Lost));
    }

    /// <summary>The sentence that is being played goes on at the second one.</summary>
    [Fact]
    public async Task Drain_WhileTheAgentSpeaks_AudioMovesAlong()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        TransceiverOptions Model(int shard)
        {
            TransceiverOptions options = Options(shard);
            options.Agents["model"] = backend.Url.ToString();
            return options;
        }

        await using TestFleet first = await TestFleet.StartAsync(Model(0));
        (SessionRecord record, TestCaller caller) = await TestCaller.CallAsync(first, "model", slot: 0);
        using TestCaller _ = caller;
        await using TestFleet second = await AddAsync(first, Model(1));
        RealtimeBackend.Connection connection = backend.Next();
        await connection.SayAsync("""{"type":"response.created","event_id":"1","response":{"id":"r1"}}""");
        await connection.SpeakAsync("r1", "i1", TestCaller.Tone(7000));
        await connection.SayAsync("""{"type":"response.done","event_id":"2","response":{"id":"r1","status":"completed"}}""");
        caller.RunUntil(() => caller.HeardLoud >= 25, "the agent speaks");
        await DrainAsync(first, second, caller);
        Assert.Equal(2, backend.Attempts);
        int heard = caller.HeardLoud;
        Assert.True(heard < 300, $"{heard} frames were heard before the second one had the call");
        // Seven seconds, less what is lost on the way.
        caller.RunUntil(() => caller.HeardLoud >= 330, "the sentence goes on to its end");
        caller.RunUntil(() => caller.Messages.Any(m => m.Contains("output_audio_buffer.stopped", StringComparison.Ordinal)),
            "and the client learns that it is over");
        Assert.DoesNotContain(caller.Messages, m => m.Contains("output_audio_buffer.cleared", StringComparison.Ordinal));
        Assert.Equal("transceiver-01", second.Stored(record)!.OwnerAppId);
    }

    /// <summary>The store is there, so its lease does not run out. Nobody but the owner can see that its callers are silent.</summary>
    [Fact]
    public async Task NoRelayReachesTheOwner_CallGoesOnAtAnother()
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await TalkAsync(first);
        using TestCaller _ = caller;
        await using TestFleet second = await AddAsync(first, Options(1));
        // The caller's relay says nothing meanwhile.
        await Wait.UntilAsync(() => first.Runtime.Directory.HandedOver == 1, "the call is handed over");
        Assert.False(first.Runtime.IsAdmitting);
        Assert.Contains("no relay reaches this process", first.Runtime.Missing());
        caller.MoveTo(second.Links[0]);
        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 25, "the call goes on");
        await Wait.UntilAsync(() => second.Stored(record)!.OwnerAppId == "transceiver-01", "the record names the second one");
    }

    [Fact]
    public async Task Drain_SuccessorTakesNothing_CallerIsTold()
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await TestCaller.CallAsync(first, slot: 0);
        using TestCaller _ = caller;
        await using TestFleet second = await AddAsync(first, Options(1));
        first.Invoker.Apps.TryRemove("transceiver-01", out TransceiverRuntime? _);
        Task drain = first.Runtime.DrainAsync();
        caller.RunUntil(() => caller.IsClosed, "the caller hears that it is over");
        await drain;
        Assert.Contains("\"drain\"", caller.Messages[^1], StringComparison.Ordinal);
        Assert.Equal(SessionEndReason.Drain, second.Stored(record)!.EndReason);
    }

    /// <summary>The record of the slot names the second one, which never heard of the state. It continues from the checkpoint.</summary>
    [Fact]
    public async Task Drain_CommitIsLost_CallGoesOnFromItsCheckpoint()
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await TestCaller.CallAsync(first, slot: 0);
        using TestCaller _ = caller;
        caller.StartTalking();
        caller.RunUntil(() => first.Store.Peek(ComponentNames.Checkpoints, StateKeys.Checkpoint(record.CallId),
            ContractsJson.Default.CheckpointRecord) is not null, "there is a checkpoint");
        await using TestFleet second = await AddAsync(first, Options(1));
        first.Invoker.IsLost = static step => step == "commit";
        Task drain = first.Runtime.DrainAsync();
        caller.RunUntil(() => second.Runtime.ServedSlots == TestFleet.Options.SlotCount, "the second one has the slots", seconds: 30);
        caller.MoveTo(second.Links[0]);
        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 25, "the call goes on");
        await drain;
        Assert.Equal((1, 1), (first.Runtime.Directory.HandedOver, second.Runtime.Directory.Resumed));
    }
}
