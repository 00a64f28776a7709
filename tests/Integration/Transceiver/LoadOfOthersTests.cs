using System.Globalization;
using Dapr.Voice.Contracts;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>
/// One call does much, and another call of the same worker must not notice. The tests print how late the worker's frames left, and they
/// assert no time, because the machine is shared. docs/benchmarks.md keeps figures of a quiet machine.
/// </summary>
public sealed class LoadOfOthersTests(ITestOutputHelper output)
{
    private static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(12);

    [Fact]
    public async Task Lateness_ABackendSendsALargeItemEachSecond_IsPrinted()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        var options = new TransceiverOptions { Workers = 1, Agents = { ["model"] = backend.Url.ToString() } };
        await using TestFleet fleet = await TestFleet.StartAsync(options);
        using TestCaller victim = await ConnectAsync(fleet, "echo"), loud = await ConnectAsync(fleet, "model");
        RealtimeBackend.Connection connection = backend.Next();
        victim.StartTalking();
        string audio = new('A', 2_800_000);
        Print(fleet, "before the items");
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                await connection.SayAsync(
                    $$"""{"type":"conversation.item.done","event_id":"e{{i}}","item":{"id":"i{{i}}","type":"message","role":"assistant","""
                    + $$$""" "content":[{"type":"output_audio","transcript":"Item {{{i}}}.","audio":"{{{audio}}}"}]}}""");
                await timer.WaitForNextTickAsync();
            }
        });
        // A caller that is silent for too long would be released.
        var living = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) loud.Run(TimeSpan.FromMilliseconds(50));
        });
        victim.Run(LoadTime);
        Print(fleet, "with an item of 2.8 MB each second");
        await stop.CancelAsync();
        await Task.WhenAll(sending, living);
        Assert.True(victim.HeardLoud > 0);
        Assert.Equal(2, fleet.Runtime.Directory.Living);
    }

    [Fact]
    public async Task Lateness_ACallerSendsLargeEvents_IsPrinted()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 });
        using TestCaller victim = await ConnectAsync(fleet, "echo"), loud = await ConnectAsync(fleet, "echo");
        victim.StartTalking();
        // 60 kB fit into the 64 KiB that a peer may send by default. The rate is that of ten events of 240 kB.
        string json = $$"""{"type":"conversation.item.create","item":{"type":"message","role":"user","content":["""
            + $$$"""{"type":"input_text","text":"{{{new string('x', 60_000)}}}"}]}}""";
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(() =>
        {
            Instant next = MonotonicClock.Now;
            while (!stop.IsCancellationRequested)
            {
                if (next <= MonotonicClock.Now && loud.SendText(json)) next += TimeSpan.FromMilliseconds(25);
                loud.Run(TimeSpan.FromMilliseconds(5));
            }
        });
        Print(fleet, "before the events");
        victim.Run(LoadTime);
        Print(fleet, "with 40 events of 60 kB a second");
        await stop.CancelAsync();
        await sending;
        Assert.True(victim.HeardLoud > 0);
    }

    private static async Task<TestCaller> ConnectAsync(TestFleet fleet, string agent)
    {
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint, agent);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        var caller = new TestCaller(fleet.Keys, record, fleet.Scheme, fleet.Links[0]);
        caller.Connect();
        return caller;
    }

    private void Print(TestFleet fleet, string when)
        => output.WriteLine(
        $"{when}: lateness p50 {fleet.Runtime.LatenessMilliseconds(0.5):F2} ms, p99 {fleet.Runtime.LatenessMilliseconds(0.99):F2} ms, "
        + $"{fleet.Runtime.FramesScheduled} frames; the worker's thread used {WorkerMilliseconds()} ms of a core and allocated "
        + $"{fleet.Runtime.Workers[0].Counters.AllocatedBytes / 1024} KiB so far");

    // The time that the thread ran does not depend on what else the machine does. Two digits are enough: the kernel counts in 10 ms.
    private static long WorkerMilliseconds()
        => Directory.GetDirectories("/proc/self/task")
        .Where(task => ReadOrEmpty(task + "/comm").Trim() == "worker-0")
        .Select(task => File.ReadAllText(task + "/stat").Split(')')[^1].Split(' '))
        .Max(fields => 10 * (long.Parse(fields[12], CultureInfo.InvariantCulture) + long.Parse(fields[13], CultureInfo.InvariantCulture)));

    // Another thread may end between the listing and the look at it.
    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
