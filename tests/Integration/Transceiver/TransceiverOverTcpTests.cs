using System.Net.Sockets;
using Dapr.Voice.Contracts;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Sessions;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Transceiver;

public sealed class TransceiverOverTcpTests(ITestOutputHelper output) : TransceiverTests(LinkScheme.Tcp)
{
    private static long Closes(SessionWorker worker, string reason) => worker.LinkCloses.Single(c => c.Key == reason).Value;

    [Fact]
    public async Task RelayStandsStill_ItsNeighboursHearEverythingAndNothingGrows()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, LinkScheme.Tcp);
        SessionRecord first = fleet.NewRecord(TestCaller.Fingerprint), second = fleet.NewRecord(TestCaller.Fingerprint);
        fleet.Admit(first);
        fleet.Admit(second);
        using TestCaller stalled = new(fleet.Keys, first, fleet.Scheme, fleet.Links[0]),
            caller = new(fleet.Keys, second, fleet.Scheme, fleet.Links[0]);
        stalled.Connect();
        stalled.StartTalking();
        stalled.RunUntil(() => stalled.HeardLoud >= 10, "the first call runs");
        caller.Connect();
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 10, "the second call runs");

        // Nothing runs the first relay from here on. Its link goes down after three seconds.
        SessionWorker worker = fleet.Runtime.Workers[0];
        int heard = caller.HeardLoud;
        long queued = 0;
        caller.RunUntil(() => (queued = Math.Max(queued, worker.LinkCounters.QueuedBytes)) >= 0 && caller.HeardLoud >= heard + 200
            && worker.LinksUp == 1, "the second call goes on for four seconds while the first one's link goes down", 15);
        output.WriteLine(
            $"lateness p99 {worker.Lateness.Percentile(0.99, Udp.MonotonicClock.Now):f2} ms, at most {queued / 1024} kB queued");
        Assert.InRange(queued, 0, TcpLinkTransport.QueueBytes);
        caller.RunUntil(() => worker.LinkCounters.QueuedBytes == 0, "what was queued is gone");
        Assert.Equal(1, Closes(worker, "LinkEnded"));
        Assert.Equal(0, worker.Counters.LoopFaults);
    }

    [Fact]
    public async Task Strangers_AreClosedAndCountedAndTheCallGoesOn()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, LinkScheme.Tcp);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        fleet.Admit(record);
        using TestCaller caller = new(fleet.Keys, record, fleet.Scheme, fleet.Links[0]);
        caller.Connect();
        caller.StartTalking();
        SessionWorker worker = fleet.Runtime.Workers[0];
        List<TcpClient> strangers = [];
        try
        {
            for (int i = 0; i < TcpLinkTransport.MaximumStrangers + 50; i++)
            {
                strangers.Add(new TcpClient());
                await strangers[^1].ConnectAsync(fleet.Links[0].ToIPEndPoint());
                // A third sends bytes that are not a frame, a third announces a frame that is too long, and a third is silent.
                if (i % 3 == 0) await strangers[^1].GetStream().WriteAsync(new byte[] { 0, 4, 1, 2, 3, 4 });
                else if (i % 3 == 1) await strangers[^1].GetStream().WriteAsync(new byte[] { 0xFF, 0xFF, 1 });
            }
            int heard = caller.HeardLoud;
            caller.RunUntil(() => caller.HeardLoud >= heard + 125, "the call goes on");
            caller.RunUntil(() => Closes(worker, "NoHandshake") + Closes(worker, "TooManyStrangers")
                + Closes(worker, "FrameTooLong") == strangers.Count, "all strangers are gone");
        }
        finally
        {
            foreach (TcpClient stranger in strangers) stranger.Dispose();
        }
        output.WriteLine(string.Join(", ", worker.LinkCloses.Where(c => c.Value > 0).Select(c => $"{c.Key} {c.Value}")));
        Assert.True(Closes(worker, "NoHandshake") > 0);
        Assert.InRange(Closes(worker, "FrameTooLong"), 50, 70);
        Assert.True(worker.LinkDrops[LinkDrop.Malformed] > 0);
        Assert.Equal(1, worker.LinksUp);
    }
}
