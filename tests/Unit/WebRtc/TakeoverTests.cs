using Dapr.Voice.TestKit;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.WebRtc;

/// <summary>An owner dies without a word, and another one goes on from the last checkpoint (docs/decisions/0037).</summary>
public sealed class TakeoverTests
{
    private const int SeedsPerRow = 75;

    /// <summary>How long before its death an owner's messages may be lost: what was under way has to be said again by the agent.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(1000, 0.0)]
    [InlineData(2000, 0.0)]
    [InlineData(3000, 0.05)]
    [InlineData(4000, 0.05)]
    public void Kill_AtARandomMomentOfAConversation_GoesOnBothWays(int firstSeed, double loss)
    {
        for (int seed = firstSeed; seed < firstSeed + SeedsPerRow; seed++)
        {
            using var run = new Takeover(seed, loss);
            var random = new Random(seed);
            run.RunUntil(() => run.Checkpoints > 0, 2000);
            run.Run(random.Next(6000));
            for (int kill = 0; kill < 2; kill++)
            {
                run.Kill(isZombie: random.Next(3) == 0);
                int heardUp = run.HeardUp.Length, heardDown = run.HeardDown.Length;
                run.Run(300 + random.Next(2700));
                run.Resume();
                run.Run(kill == 0 ? 500 + random.Next(6000) : 6000);
                if (kill == 0) continue;
                Assert.True(run.HeardUp.Length > heardUp + 200, $"seed {seed}: {run.HeardUp.Length - heardUp} frames up");
                Assert.True(run.HeardDown.Length > heardDown + 200, $"seed {seed}: {run.HeardDown.Length - heardDown} frames down");
            }
            Finish(run, seed);
        }
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(5001)]
    public void Kill_AfterTwentyMinutesOfSilenceDownwards_GoesOnBothWays(int seed)
    {
        using var run = new Takeover(seed) { SpeaksDown = false };
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(500);
        int before = run.Checkpoints;
        run.Network.StepMilliseconds = 20;
        run.Run(42 * 60_000);
        // The caller's sequence number has wrapped once, which was worth a checkpoint, and almost twice.
        Assert.Equal(1, run.Checkpoints - before);
        run.Network.StepMilliseconds = 5;
        run.SpeaksDown = true;
        run.Run(200);
        run.Kill();
        int heardUp = run.HeardUp.Length;
        run.Run(1000);
        run.Resume();
        run.Run(3000);
        Assert.InRange(run.HeardUp.Length - heardUp, 130, 200);
        Finish(run, seed);
    }

    [Fact]
    public void Kill_SevenTimesWithoutAPacketInBetween_TheCallerStillGuessesTheRolloverCounter()
    {
        using var run = new Takeover(5100);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(8000);
        run.SpeaksDown = false;
        for (int kill = 0; kill < 7; kill++)
        {
            run.Kill(isZombie: kill == 0);
            run.Run(400);
            run.Resume();
            int before = run.Checkpoints;
            Assert.True(run.RunUntil(() => run.Checkpoints > before, 500));
        }
        int heard = run.HeardDown.Length;
        run.SpeaksDown = true;
        run.Run(2000);
        Assert.InRange(run.HeardDown.Length - heard, 90, 100);
        Finish(run, 5100);
    }

    [Fact]
    public void Resume_BeforeItsOwnCheckpointIsStored_AnswersChecksAndSendsNothingElse()
    {
        using var run = new Takeover(5200);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(1000);
        run.Kill();
        run.Run(500);
        var sent = new List<DatagramKind>();
        run.Writes = false;
        run.Resume();
        run.Network.ServerSent += datagram => sent.Add(DatagramDemultiplexer.Classify(datagram));
        run.Run(5000);
        Assert.Contains(DatagramKind.Stun, sent);
        Assert.DoesNotContain(sent, kind => kind != DatagramKind.Stun);
        Assert.True(run.Network.Server.Dropped(PeerDrop.IndexLeaseEnded) > 200);
        Assert.Empty(run.Ledger.Reused);
        run.Writes = true;
        run.Run(6000);
        Finish(run, 5200);
    }

    [Fact]
    public void Resume_FromAStateWithoutLeads_UsesNumbersAgain()
    {
        using var run = new Takeover(5300);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        PeerSessionState exact = run.Network.Server.ExportState(run.Network.Now);
        run.Run(1000);
        run.Kill();
        run.Run(500);
        run.Resume(_ => exact with { Lease = null });
        run.Run(1000);
        Assert.Contains(run.Ledger.Reused, what => what.Contains("RTP ", StringComparison.Ordinal));
        Assert.Contains(run.Ledger.Reused, what => what.Contains("RTCP ", StringComparison.Ordinal));
        Assert.Contains(run.Ledger.Reused, what => what.Contains("DTLS ", StringComparison.Ordinal));
    }

    [Fact]
    public void Zombie_ThatCommitsACheckpointThatIsNotInTheStore_UsesItsSuccessorsNumbers()
    {
        using var run = new Takeover(5400);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(1000);
        PeerLease lease = run.Network.Server.ExportCheckpoint(run.Network.Now).Lease!;
        run.Network.Server.CommitCheckpoint(lease with { RtpIndex = lease.RtpIndex + 20_000, Number = lease.Number + 10 });
        run.Kill(isZombie: true);
        run.Resume();
        run.Run(1000);
        Assert.NotEmpty(run.Ledger.Reused);
    }

    [Fact]
    public void Kill_BeforeTheFirstWriteIsAnswered_TheOwnerHasKeptItsBounds()
    {
        using var run = new Takeover(5450) { StoreMilliseconds = 0 };
        run.Run(5);
        Assert.Equal(0, run.Checkpoints);
        // The write is in the store, and its answer is lost. The owner goes on for as long as it may.
        run.Kill(isZombie: true);
        run.Run(300);
        run.Resume();
        run.Run(3000);
        Finish(run, 5450);
    }

    [Fact]
    public void IsCheckpointDue_InSilence_IsFalseForAnHour()
    {
        using var run = new Takeover(5500) { SpeaksUp = false, SpeaksDown = false };
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        int before = run.Checkpoints;
        run.Network.StepMilliseconds = 100;
        run.Run(3_600_000);
        Assert.Equal(before, run.Checkpoints);
    }

    [Fact]
    public void IsCheckpointDue_AfterThePathMoved_IsFalseAndTheOwnerIsTold()
    {
        using var run = new Takeover(5550) { SpeaksDown = false };
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(200);
        int before = run.Checkpoints;
        run.Network.CallerSeenAs = TransportAddress.FromIPv4(0xC000_0202, 41_111);
        run.Run(500);
        Assert.Contains(run.Network.ServerEvents, e => e.Kind == PeerEventKind.PathChanged && e.Path.Remote == run.Network.CallerSeenAs);
        Assert.Equal(before, run.Checkpoints);
    }

    [Fact]
    public void IsCheckpointDue_WhileTheAgentSpeaks_AsksForOneInHalfAMinute()
    {
        using var run = new Takeover(5600);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(10_000);
        int before = run.Checkpoints;
        run.Run(120_000);
        Assert.InRange(run.Checkpoints - before, 3, 5);
    }

    [Fact]
    public void Lease_WhenTheStoreIsAway_EndsTheAudioAtTheBoundAndNotBefore()
    {
        using var run = new Takeover(5700);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(10_000);
        run.Writes = false;
        long heard = run.HeardDown.Length;
        run.Network.StepMilliseconds = 20;
        run.Run(300_000);
        Assert.Equal(0, run.Network.Server.Dropped(PeerDrop.IndexLeaseEnded));
        Assert.InRange(run.HeardDown.Length - heard, 14_900, 15_001);
        run.Run(60_000);
        Assert.True(run.Network.Server.Dropped(PeerDrop.IndexLeaseEnded) > 0);
        run.Writes = true;
        heard = run.HeardDown.Length;
        run.Run(2000);
        Assert.InRange(run.HeardDown.Length - heard, 90, 101);
    }

    [Fact]
    public void Replay_OfWhatTheDeadOwnerReceived_DivertsNoPacketOfItsSuccessor()
    {
        using var run = new Takeover(5800);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Writes = false;
        run.Network.Recorded = [];
        run.Run(8000);
        byte[][] recorded = [.. run.Network.Recorded!];
        run.Network.Recorded = null;
        run.Kill();
        // The caller says nothing, so the observer's packets are the newest that the successor has.
        run.SpeaksUp = false;
        run.Run(400);
        run.Writes = true;
        run.Resume();
        int before = run.Checkpoints;
        Assert.True(run.RunUntil(() => run.Checkpoints > before, 500));
        PeerSession server = run.Network.Server;
        var observer = new TransportPath(3, TransportAddress.FromIPv4(0xCB00_7107, 666));
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        long received = 0, drawn = 0;
        long accepted = server.Statistics.RtpReceived;
        foreach (byte[] datagram in recorded)
        {
            received += datagram.Length;
            server.Receive([.. datagram], observer, run.Network.Now);
            server.SendAudio(new byte[60], 960, false, run.Network.Now);
            while (server.TryTransmit(buffer, out int length, out TransportPath to, run.Network.Now))
            {
                if (to.Remote == SimulatedNetwork.CallerAddress) continue;
                Assert.Equal(observer, to);
                Assert.Equal(DatagramKind.Stun, DatagramDemultiplexer.Classify(buffer.AsSpan(0, length)));
                drawn += length;
            }
            Assert.InRange(drawn, 0, 3 * received);
        }
        Assert.True(server.Statistics.RtpReceived > accepted + 100, "the successor can't know that these are old");
        Assert.Equal(SimulatedNetwork.CallerAddress, server.SelectedPath!.Value.Remote);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nat_RebindsWhileNobodyOwnsTheCall_TheSuccessorMovesAfterAChallenge(bool knowsPaths)
    {
        using var run = new Takeover(5900);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(1000);
        run.Kill();
        run.Network.CallerSeenAs = TransportAddress.FromIPv4(0xC000_0202, 41_111);
        run.Run(400);
        run.Resume(state => knowsPaths ? state : state.WithBases(_ => null));
        Assert.True(run.RunUntil(() => run.Network.Server.SelectedPath?.Remote == run.Network.CallerSeenAs, knowsPaths ? 100 : 3000));
        int heard = run.HeardDown.Length;
        run.Run(2000);
        Assert.InRange(run.HeardDown.Length - heard, 85, 101);
        Finish(run, 5900);
    }

    [Fact]
    public void Media_OfASuccessorWithALease_AllocatesNothing()
    {
        using var run = new Takeover(6000);
        run.RunUntil(() => run.Checkpoints > 0, 2000);
        run.Run(1000);
        run.Kill();
        run.Run(400);
        run.Resume();
        run.Run(3000);
        PeerSession server = run.Network.Server, caller = run.Network.Caller;
        server.CommitCheckpoint(server.ExportCheckpoint(run.Network.Now).Lease!);
        Instant now = run.Network.Now;
        TransportPath path = server.SelectedPath!.Value;
        byte[] payload = new byte[80], buffer = new byte[PeerSession.MaximumDatagramBytes];
        var packets = new List<byte[]>();
        for (int i = 0; i < 600; i++)
        {
            caller.SendAudio(payload, 960, false, now);
            while (caller.TryTransmit(buffer, out int length, out _, now)) packets.Add(buffer[..length]);
        }
        int next = 0;
        long due = 0;
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 90; i++, next++)
            {
                now += TimeSpan.FromMilliseconds(20);
                server.Receive(packets[next], path, now);
                server.SendAudio(payload, 960, false, now);
                while (server.TryTransmit(buffer, out _, out _, now)) { }
                while (server.TryReceiveAudio(buffer, out _, out _, now)) { }
                if (server.IsCheckpointDue) due++;
            }
        }));
        Assert.Equal(0, due);
    }

    /// <summary>Everything that holds for each run, after the last owner has been there for some seconds.</summary>
    private static void Finish(Takeover run, int seed)
    {
        SimulatedNetwork network = run.Network;
        run.SpeaksUp = run.SpeaksDown = false;
        network.Loss = 0;
        run.Run(8000);
        string which = $"seed {seed}";
        Assert.Empty(run.Ledger.Reused);
        Assert.False(network.Caller.IsClosed, which);
        Assert.False(network.Server.IsClosed, which);
        Assert.True(network.Caller.IsChannelOpen && network.Server.IsChannelOpen, which);
        Assert.Single(network.CallerEvents, e => e.Kind == PeerEventKind.ChannelOpened);

        // Up: none is missing. Only the successor of the owner that has read it may read a message again.
        int[] up = Takeover.Numbers(network.ReadByServer);
        Assert.True(Enumerable.Range(0, run.SentUp.Count).Except(up).ToArray() is [], $"{which}: lost up");
        for (int owner = 0; owner < run.ReadBefore.Count; owner++)
        {
            int end = owner + 1 < run.ReadBefore.Count ? run.ReadBefore[owner + 1] : up.Length;
            int[] own = up[run.ReadBefore[owner]..end];
            Assert.Equal(own.Order().Distinct(), own);
        }

        // Down: in order, none twice, and none missing but what was under way when its owner died.
        int[] down = Takeover.Numbers(network.ReadByCaller);
        Assert.Equal(down.Order().Distinct(), down);
        foreach (int missing in Enumerable.Range(0, run.SentDown.Count).Except(down))
        {
            (_, Instant at, int owner) = run.SentDown[missing];
            (_, Instant last, _) = run.SentDown.Last(sent => sent.Owner == owner);
            Assert.True(owner < run.ReadBefore.Count && last - at < UnderWay, $"{which}: down {missing} of owner {owner} is lost");
        }

        // Audio: in order, and its time never goes back.
        Assert.Equal(run.HeardUp.Order().Distinct(), run.HeardUp);
        Assert.Equal(run.HeardDown.Order().Distinct(), run.HeardDown);
        uint[] times = [.. network.HeardByCaller.Where(heard => !heard.IsLost).Select(heard => heard.Timestamp)];
        for (int i = 1; i < times.Length; i++)
            Assert.True(SerialNumber.IsNewer(times[i], times[i - 1]), $"{which}: the time of frame {i} goes back");
    }
}
