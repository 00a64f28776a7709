using System.Collections.Concurrent;
using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>What a process does at its start, so that its first takeover does not wait for the compiler.</summary>
public sealed class RehearsalTests
{
    [Theory, InlineData(true), InlineData(false)]
    public async Task Rehearsal_AtTheStart_GoesToItsEndAndLeavesNothingBehind(bool keepsCheckpoints)
    {
        MemoryStateStore store = TestFleet.UsedStore();
        var writes = new ConcurrentQueue<(string Key, bool IsDeleted)>();
        store.Written = (key, json) => writes.Enqueue((key, json is null));
        var commits = new ConcurrentQueue<string>();
        var options = new TransceiverOptions { Workers = 1, Checkpoints = keepsCheckpoints ? "on" : "off" };
        await using TestFleet fleet = await TestFleet.StartAsync(options, store: store);
        fleet.Invoker.IsLost = step =>
        {
            commits.Enqueue(step);
            return false;
        };
        await Wait.UntilAsync(() => commits.Contains("commit"), "the last step of a hand-over is rehearsed");
        string[] kinds = keepsCheckpoints ? ["session.", "checkpoint."] : ["session."];
        await Wait.UntilAsync(() => kinds.All(kind => writes.Contains((KeyOf(kind), true))), "what was written is deleted");
        Assert.Equal(keepsCheckpoints, writes.Any(write => write.Key.StartsWith("checkpoint.", StringComparison.Ordinal)));
        Assert.Empty(store.Keys(ComponentNames.Checkpoints, ""));
        Assert.DoesNotContain(
            fleet.Publisher.Published, p => p.Event.GetProperty("type").GetString()!.Contains("session", StringComparison.Ordinal));
        Assert.Equal((0, 0), (fleet.Runtime.Directory.Living, fleet.Runtime.Directory.Resumed));

        string KeyOf(string kind) => writes.FirstOrDefault(w => w.Key.StartsWith(kind, StringComparison.Ordinal) && !w.IsDeleted).Key ?? "";
    }
}
