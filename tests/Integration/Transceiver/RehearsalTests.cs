using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>What a process does at its start, so that its first takeover does not wait for the compiler.</summary>
public sealed class RehearsalTests
{
    // A process that died in the middle of it has left a checkpoint.
    [Theory, InlineData(true, false), InlineData(true, true), InlineData(false, false)]
    public async Task Rehearsal_AtTheStart_GoesToItsEndAndLeavesNothingBehind(bool keepsCheckpoints, bool isSomethingLeft)
    {
        MemoryStateStore store = TestFleet.UsedStore();
        string callId = CallId.Format(TestFleet.Options.Region, new SessionId(0).ToString());
        if (isSomethingLeft)
            store.Put(ComponentNames.Checkpoints, StateKeys.Checkpoint(callId), new CheckpointRecord(0, 1, "left"),
                ContractsJson.Default.CheckpointRecord);
        var written = new ConcurrentQueue<string>();
        store.Written = (key, json) =>
        {
            if (json is not null) written.Enqueue(key);
        };
        var options = new TransceiverOptions { Workers = 1, Checkpoints = keepsCheckpoints ? "on" : "off" };
        await using TestFleet fleet = await TestFleet.StartAsync(options, store: store);
        var steps = new ConcurrentQueue<string>();
        fleet.Invoker.IsLost = step =>
        {
            steps.Enqueue(step);
            return false;
        };
        await Wait.UntilAsync(() => steps.Contains("commit"), "the last step of a hand-over is rehearsed");
        await Wait.UntilAsync(() => store.Keys(ComponentNames.Sessions, "session.").Count == 0
            && store.Keys(ComponentNames.Checkpoints, "").Count == 0, "what was written is deleted");
        Assert.Contains(StateKeys.Session(callId), written);
        Assert.Equal(keepsCheckpoints, written.Contains(StateKeys.Checkpoint(callId)));
        Assert.DoesNotContain(
            fleet.Publisher.Published, p => p.Event.GetProperty("type").GetString()!.Contains("session", StringComparison.Ordinal));
        Assert.Equal((0, 0), (fleet.Runtime.Directory.Living, fleet.Runtime.Directory.Resumed));
    }
}
