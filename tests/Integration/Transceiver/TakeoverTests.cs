using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.WebRtc;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>
/// Two transceivers in this process on one store. The first one dies without a word, the second one takes its slots, and the relay sends
/// it the packets of the same client.
/// </summary>
public sealed class TakeoverTests
{
    private static TransceiverOptions Options(int shard) => new()
    {
        Shard = shard, Workers = 1, Lease = TimeSpan.FromSeconds(1), RenewEvery = TimeSpan.FromMilliseconds(300),
    };

    private static CheckpointRecord? Checkpoint(TestFleet fleet, SessionRecord record)
        => fleet.Store.Peek(ComponentNames.Checkpoints, StateKeys.Checkpoint(record.CallId), ContractsJson.Default.CheckpointRecord);

    private static CheckpointContent? Content(TestFleet fleet, SessionRecord record)
        => Checkpoint(fleet, record) is { } stored
            ? new CheckpointCodec(fleet.Keys.PasswordKeys).TryOpen(record.CallId, stored.Epoch, stored.Sealed) : null;

    private static int Items(TestFleet fleet, SessionRecord record) => Content(fleet, record)?.Facts.Agent.Items.Count ?? 0;

    /// <summary>A call that is up, with a record and, if there will be one, a checkpoint in the store.</summary>
    private static async Task<(SessionRecord Record, TestCaller Caller)> CallAsync(
        TestFleet fleet, string agent = "echo", bool hasCheckpoint = true)
    {
        (SessionRecord record, TestCaller caller) = await TestCaller.CallAsync(fleet, agent);
        if (hasCheckpoint) caller.RunUntil(() => Checkpoint(fleet, record) is not null, "there is a checkpoint");
        return (record, caller);
    }

    /// <summary>There is no other reason for a checkpoint for half a minute.</summary>
    [Fact]
    public async Task Client_IsHeardFromAnotherAddress_ItsCheckpointSaysSoInAMoment()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await CallAsync(fleet);
        using (caller)
        {
            caller.StartTalking();
            // The first ones leave few numbers, so others come soon.
            caller.RunUntil(
                () => Content(fleet, record)!.Peer.Lease!.RtpLead == PeerSession.RtpLead, "it leaves many numbers", seconds: 40);
            caller.Rebind();
            caller.RunUntil(() => Content(fleet, record)!.Peer.Ice.Paths.Any(path => path.Path.Remote == caller.ClientAddress),
                "the checkpoint has the new path");
        }
    }

    /// <summary>Kills the first transceiver. Returns when the second one has its slots.</summary>
    private static async Task KillAsync(TestFleet first, TestFleet second, TestCaller caller)
    {
        await first.KillAsync();
        caller.RunUntil(() => second.Runtime.ServedSlots == TestFleet.Options.SlotCount, "the slots are taken", seconds: 30);
        caller.MoveTo(second.Links[0]);
    }

    [Fact]
    public async Task OwnerDies_CallerHearsAgainAndItsMessagesAreAnswered()
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await CallAsync(first);
        using TestCaller _ = caller;
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 25, "the call runs");
        await using TestFleet second = await first.AddAsync(Options(1));
        await KillAsync(first, second, caller);

        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 50, "the caller hears itself again");
        Assert.True(caller.SendText("""{"type":"session.update","session":{"type":"realtime"}}"""));
        caller.RunUntil(
            () => caller.Messages.Any(m => m.Contains("session.updated", StringComparison.Ordinal)), "its message is answered");
        Assert.Single(caller.Messages, m => m.Contains("session.created", StringComparison.Ordinal));
        Assert.Equal((1, 1), (second.Runtime.Directory.Living, second.Runtime.Directory.Resumed));
        caller.RunUntil(() => second.Stored(record)!.OwnerAppId == "transceiver-01", "the record names the new owner");
        Assert.True(Checkpoint(second, record)!.Epoch > 1);

        caller.Close();
        caller.RunUntil(() => caller.IsGone, "the relay is told to forget the session");
        await Wait.UntilAsync(() => second.Stored(record)!.State == SessionState.Ended, "the record says ended");
        await Wait.UntilAsync(() => Checkpoint(second, record) is null, "the checkpoint is deleted");
        await Wait.UntilAsync(() => second.Events(record).Count == 3, "the events are published");
        Assert.Equal(
            [$"{LifecycleEventTypes.SessionConnected} 2", $"{LifecycleEventTypes.SessionResumed} 3",
            $"{LifecycleEventTypes.SessionEnded} 4"],
            second.Events(record));
    }

    [Fact]
    public async Task SuccessorDiesToo_TheCallGoesOnAtTheThird()
    {
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        (SessionRecord record, TestCaller caller) = await CallAsync(first);
        using TestCaller _ = caller;
        caller.StartTalking();
        TestFleet owner = first;
        for (int shard = 1; shard <= 2; shard++)
        {
            TestFleet next = await owner.AddAsync(Options(shard));
            await KillAsync(owner, next, caller);
            int heard = caller.HeardLoud;
            caller.RunUntil(() => caller.HeardLoud >= heard + 50, $"shard {shard} goes on");
            Assert.True(caller.SendText("""{"type":"input_audio_buffer.clear"}"""));
            int answers = shard;
            caller.RunUntil(() => caller.Messages.Count(m => m.Contains("buffer.cleared", StringComparison.Ordinal)) == answers,
                "its message is answered");
            owner = next;
        }
        Assert.Equal(4, owner.Stored(record)!.EventSequence);
        await owner.DisposeAsync();
    }

    /// <summary>Nobody may be left in silence.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OwnerDies_NoUsableCheckpoint_CallEndsAtOnceAndOnce(bool isOff)
    {
        TransceiverOptions Own(int shard)
        {
            TransceiverOptions options = Options(shard);
            options.Checkpoints = isOff ? "off" : "on";
            return options;
        }

        await using TestFleet first = await TestFleet.StartAsync(Own(0));
        (SessionRecord record, TestCaller caller) = await CallAsync(first, hasCheckpoint: !isOff);
        using TestCaller _ = caller;
        caller.StartTalking();
        await using TestFleet second = await first.AddAsync(Own(1));
        if (isOff) Assert.Null(Checkpoint(first, record));
        else first.Store.Put(ComponentNames.Checkpoints, StateKeys.Checkpoint(record.CallId), new CheckpointRecord(1, 1, "AAAA"),
            ContractsJson.Default.CheckpointRecord);
        await KillAsync(first, second, caller);
        caller.RunUntil(() => caller.IsClosed, "the caller is told");
        Assert.Equal(PeerCloseReason.ConsentExpired, caller.Closed);
        await Wait.UntilAsync(() => second.Events(record).Count == 2, "the end is published");
        Assert.Equal($"{LifecycleEventTypes.SessionEnded} 3", second.Events(record)[1]);
        SessionRecord ended = second.Stored(record)!;
        Assert.Equal((SessionState.Ended, SessionEndReason.OwnerLost), (ended.State, ended.EndReason));
        Assert.Equal(1, second.Runtime.Directory.EndedFor(SessionEndReason.OwnerLost));
    }

    [Fact]
    public async Task OwnerDies_AgentIsConnectedAgainAndKnowsTheConversation()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        TransceiverOptions Model(int shard)
        {
            TransceiverOptions options = Options(shard);
            options.Agents["model"] = backend.Url.ToString();
            return options;
        }

        await using TestFleet first = await TestFleet.StartAsync(Model(0));
        (SessionRecord record, TestCaller caller) = await CallAsync(first, "model");
        using TestCaller _ = caller;
        caller.StartTalking();
        RealtimeBackend.Connection connection = backend.Next();
        await connection.SayAsync("""{"type":"session.created","event_id":"1","session":{"id":"s"}}""");
        await connection.SayAsync("""{"type":"conversation.item.done","event_id":"2","item":{"id":"i1","type":"message","role":"user","""
            + """ "content":[{"type":"input_audio","transcript":"Set a timer for nine minutes."}]}}""");
        await connection.SayAsync("""{"type":"response.done","event_id":"3","response":{"id":"r1","status":"completed"}}""");
        caller.RunUntil(() => Items(first, record) == 1, "the turn is in a checkpoint");
        await using TestFleet second = await first.AddAsync(Model(1));
        await KillAsync(first, second, caller);

        caller.RunUntil(() => second.Runtime.Directory.Resumed == 1, "the session goes on");
        connection = backend.Next();
        connection.Expect("session.update");
        Assert.Contains("nine minutes", connection.Expect("conversation.item.create").GetRawText(), StringComparison.Ordinal);
        // What the caller says now reaches the new connection.
        caller.Run(TimeSpan.FromMilliseconds(200));
        connection.Expect("input_audio_buffer.append");
        // The client has both already.
        await connection.SayAsync("""{"type":"session.created","event_id":"4","session":{"id":"s2"}}""");
        await connection.SpeakAsync("r2", "i2", TestCaller.Tone(400));
        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud > heard, "the agent is heard again");
        Assert.Single(caller.Messages, m => m.Contains("session.created", StringComparison.Ordinal));
    }

    /// <summary>All sessions of a dead owner come at once.</summary>
    [Fact]
    public async Task OwnerDies_ManySessions_AreLoadedSideBySide()
    {
        const int calls = 8;
        await using TestFleet first = await TestFleet.StartAsync(Options(0));
        var callers = new List<TestCaller>();
        for (int i = 0; i < calls; i++)
        {
            (_, TestCaller caller) = await CallAsync(first);
            caller.StartTalking();
            callers.Add(caller);
        }
        await using TestFleet second = await first.AddAsync(Options(1));
        await first.KillAsync();
        callers[0].RunUntil(() => second.Runtime.ServedSlots == TestFleet.Options.SlotCount, "the slots are taken", seconds: 30);
        foreach (TestCaller caller in callers) caller.MoveTo(second.Links[0]);

        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        second.Store.ReadGate = gate.Task;
        try
        {
            foreach (TestCaller caller in callers) caller.Run(TimeSpan.FromMilliseconds(30));
            // Record and checkpoint of each, and none waits for another.
            callers[0].RunUntil(() => second.Store.WaitingReads >= 2 * calls, "all records and checkpoints are being read");
            Assert.Equal(0, second.Runtime.Directory.Living);
        }
        finally
        {
            gate.SetResult();
        }
        await Wait.UntilAsync(() => second.Runtime.Directory.Resumed == calls, "all sessions go on");
        int[] heard = [.. callers.Select(c => c.HeardLoud)];
        for (int i = 0; i < calls; i++) callers[i].RunUntil(() => callers[i].HeardLoud >= heard[i] + 10, $"caller {i} hears itself again");
        foreach (TestCaller caller in callers) caller.Dispose();
    }
}
