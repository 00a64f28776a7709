using Dapr.Voice.Relay;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

/// <summary>
/// A worker, a transceiver's links and clients over real sockets, all driven by the test's thread; the same over whatever carries the
/// links.
/// </summary>
public abstract class RelayWorkerTests : IDisposable
{
    private protected static readonly TransportAddress Loopback = TransportAddress.FromIPv4(0x7F000001, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LinkScheme _scheme;
    private protected readonly UdpBatchSocket Client = UdpBatchSocket.Bind(Loopback);
    private protected readonly TransportAddress Public;
    private protected FakeTransceiver Transceiver;
    private protected RelayWorker Worker;
    private protected int Heard;
    private TransportAddress HeardFrom;

    private protected RelayWorkerTests(LinkScheme scheme)
    {
        _scheme = scheme;
        Transceiver = new FakeTransceiver(scheme, Loopback);
        using (var any = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0, 0))) Public = any.LocalAddress;
        Worker = NewWorker(1);
    }

    public virtual void Dispose()
    {
        GC.SuppressFinalize(this);
        Worker.Dispose();
        Transceiver.Dispose();
        Client.Dispose();
    }

    private protected int Links => _scheme == LinkScheme.Tcp ? 2 : 1;

    private RelayWorker NewWorker(ulong incarnation)
    {
        var options = new RelayOptions { Id = "relay-0", PublicEndpoint = Public.ToString(), Workers = 1, MaximumFlows = 256,
            IngressAddresses = ["127.0.0.1", "127.0.0.2"] };
        var worker = new RelayWorker(0, RelaySockets.Open(options)[0], options, 0, 64, incarnation,
            new RelayKeys(RelayPackets.HintKeys, RelayPackets.PasswordKeys, SteeringKeys.LinkKey()), IngressTable.From(options),
            TimeProvider.System);
        worker.SetTargets([Transceiver.Target]);
        return worker;
    }

    private protected static uint InAnHour => RoutingHint.ToMinutes(TimeProvider.System.GetUtcNow()) + 60;

    private protected void Turn(bool transceiver = true)
    {
        Worker.Turn(TimeSpan.FromMilliseconds(1));
        if (transceiver) Transceiver.Turn();
        int count = Client.Receive();
        for (int i = 0; i < count; i++) Client.Get(i, out _, out HeardFrom, out _);
        Heard += count;
    }

    private protected void Until(Func<bool> condition, bool transceiver = true)
    {
        Instant end = MonotonicClock.Now + Patience;
        while (!condition())
        {
            Assert.True(MonotonicClock.Now < end, "The condition never came true.");
            Turn(transceiver);
        }
    }

    private protected void Send(byte[] packet, uint to = 0x7F000001)
    {
        packet.CopyTo(Client.Queue(TransportAddress.FromIPv4(to, Public.Port), default, packet.Length));
        Client.Flush();
    }

    private protected void Connect(uint ingress = 0x7F000001)
    {
        Until(() => Worker.LinkCount >= Links);
        int before = Heard;
        Send(RelayPackets.Check(RelayPackets.Hint(7, expiry: InAnHour)), ingress);
        Until(() => Heard > before);
    }

    [Fact]
    public void Worker_CheckAndMedia_GoUpAndComeBack()
    {
        Connect();
        Assert.Equal((new SessionId(7), Client.LocalAddress), (Transceiver.Last.Session, Transceiver.Last.Path.Remote));
        Send(RelayPackets.Rtp(5));
        Until(() => Heard == 2);
        Assert.Equal(2, Worker.Verdicts[Verdict.Forward]);
        Assert.Equal(2, Worker.Verdicts[Verdict.Deliver]);
        Assert.Equal(1, Worker.FlowCount);
    }

    [Fact]
    public void Worker_SecondIngress_AnswersFromTheAddressThatWasAsked()
    {
        Connect(0x7F000002);
        Assert.Equal(TransportAddress.FromIPv4(0x7F000002, Public.Port), HeardFrom);
        Assert.Equal(1, LinkBase.Ingress(Transceiver.Last.Path.Base));
    }

    [Fact]
    public void Worker_ManyPacketsAtOnce_ShareDatagramsUp()
    {
        Connect();
        int datagrams = Transceiver.Units;
        for (int i = 0; i < 50; i++)
            RelayPackets.Rtp(5).CopyTo(Client.Queue(TransportAddress.FromIPv4(0x7F000001, Public.Port), default, 72));
        Client.Flush();
        Until(() => Heard == 51);
        // 98 bytes a frame, 14 in a datagram, and the kernel may hand the burst over in a few batches.
        Assert.InRange(Transceiver.Units - datagrams, 4, 25);
    }

    [Fact]
    public void Worker_RestartedRelay_LearnsTheFlowFromTheFirstFrameDown()
    {
        Connect(0x7F000002);
        (SessionId session, TransportPath path) = Transceiver.Last;
        Worker.Dispose();
        Worker = NewWorker(2);
        Until(() => Worker.LinkCount == Links);
        Assert.Equal(0, Worker.FlowCount);
        Assert.Equal(Links, Transceiver.Acceptor.LinkCount);
        int before = Heard;
        Transceiver.Send(session, path, RelayPackets.Rtp(1));
        Transceiver.Flush();
        Until(() => Heard > before);
        Assert.Equal(TransportAddress.FromIPv4(0x7F000002, Public.Port), HeardFrom);
        Assert.Equal(1, Worker.Verdicts[Verdict.DeliverAndLearn]);
        int packets = Transceiver.Packets;
        Send(RelayPackets.Rtp(5), 0x7F000002);
        Until(() => Transceiver.Packets > packets);
        Assert.Equal(0, Worker.Verdicts[Verdict.DropUnknownFlow]);
    }

    [Fact]
    public void Worker_RestartedTransceiver_IsMetAgain()
    {
        Connect();
        TransportAddress address = Transceiver.Target.Address;
        Transceiver.Dispose();
        Transceiver = new FakeTransceiver(_scheme, address, incarnation: 2);
        Send(RelayPackets.Rtp(5));
        int before = Heard;
        Until(() => Transceiver.Acceptor.LinkCount == Links);
        Send(RelayPackets.Rtp(5));
        Until(() => Heard > before);
    }

    [Fact]
    public void Worker_ReboundClient_GoesUpFlaggedAndComesBackOnceTheTransceiverSends()
    {
        Connect();
        Send(RelayPackets.Rtp(5));
        Until(() => Heard == 2);
        using var rebound = UdpBatchSocket.Bind(Loopback);
        RelayPackets.Rtp(5).CopyTo(rebound.Queue(TransportAddress.FromIPv4(0x7F000001, Public.Port), default, 72));
        rebound.Flush();
        Until(() => Transceiver.Unverified == 1);
        Assert.Equal(1, Worker.FlowCount);
        Transceiver.Send(Transceiver.Last.Session, Transceiver.Last.Path with { Remote = rebound.LocalAddress }, RelayPackets.Rtp(1));
        Transceiver.Flush();
        Until(() => Worker.FlowCount == 2);
        Until(() => rebound.Receive() == 1);
    }

    [Fact]
    public void Worker_SlotMovesToAnotherTransceiver_TheNextPacketOfTheFlowFollows()
    {
        using var other = new FakeTransceiver(_scheme, Loopback, incarnation: 5, slot: 4);
        Worker.SetTargets([Transceiver.Target, other.Target]);
        Until(() => { other.Turn(); return Worker.LinkCount == 2 * Links; });
        Connect();
        other.Acceptor.SetSlots([new(3, 2), new(4, 1)], MonotonicClock.Now);
        int before = Transceiver.Packets;
        Until(() => { other.Turn(); Send(RelayPackets.Rtp(5)); return other.Packets > 0; });
        before = Transceiver.Packets;
        int heard = Heard;
        Send(RelayPackets.Rtp(5));
        Until(() => { other.Turn(); return Heard > heard; });
        Assert.Equal(before, Transceiver.Packets);
    }

    [Fact]
    public void Worker_TransceiverSilent_TheOthersAreToldWhoItWas()
    {
        using var other = new FakeTransceiver(_scheme, Loopback, incarnation: 5, slot: 4);
        Worker.SetTargets([Transceiver.Target, other.Target]);
        Until(() => { other.Turn(); return Worker.LinkCount == 2 * Links; });
        // From here on it takes no turns, as a process that is stopped. Its port stays open.
        Until(() => Transceiver.Events.Any(e => e.Kind == LinkEventKind.Suspected));
        Assert.All(Transceiver.Events.Where(e => e.Kind == LinkEventKind.Suspected), e => Assert.Equal(5ul, e.Incarnation));
    }

    [Fact]
    public void Worker_PortOfATransceiverClosed_TheOthersAreToldLongBeforeTheLinkWouldTimeOut()
    {
        var other = new FakeTransceiver(_scheme, Loopback, incarnation: 5, slot: 4);
        Worker.SetTargets([Transceiver.Target, other.Target]);
        Until(() => { other.Turn(); return Worker.LinkCount == 2 * Links; });
        Instant closed = MonotonicClock.Now;
        other.Dispose();
        Until(() => Transceiver.Events.Any(e => e.Kind == LinkEventKind.Suspected && e.Incarnation == 5));
        // The link alone would take this long. The distance is wide, for a machine that others use.
        Assert.True(MonotonicClock.Now - closed < LinkTiming.DownAfter);
        Assert.Equal(Links, Worker.LinkCount);
    }

    [Fact]
    public void Worker_TransceiverRestartedAtTheSamePort_TheOthersAreToldThatTheOldOneIsGone()
    {
        var other = new FakeTransceiver(_scheme, Loopback, incarnation: 5, slot: 4);
        TransportAddress address = other.Target.Address;
        Worker.SetTargets([Transceiver.Target, other.Target]);
        Until(() => { other.Turn(); return Worker.LinkCount == 2 * Links; });
        other.Dispose();
        other = new FakeTransceiver(_scheme, address, incarnation: 6, slot: 4);
        Until(() => { other.Turn(); return Transceiver.Events.Any(e => e.Kind == LinkEventKind.Suspected && e.Incarnation == 5); });
        Assert.DoesNotContain(other.Events, e => e.Kind == LinkEventKind.Suspected && e.Incarnation == 6);
        other.Dispose();
    }

    [Fact]
    public void Worker_SlotTakenOver_TheOldOwnersFramesReachNobodyAndAllAreToldTheEpoch()
    {
        using var other = new FakeTransceiver(_scheme, Loopback, incarnation: 5, slot: 4);
        Worker.SetTargets([Transceiver.Target, other.Target]);
        Until(() => { other.Turn(); return Worker.LinkCount == 2 * Links; });
        Connect();
        (SessionId session, TransportPath path) = Transceiver.Last;
        other.Acceptor.SetSlots([new(3, 2), new(4, 1)], MonotonicClock.Now);
        var told = new Dictionary<int, uint>();
        Until(() =>
        {
            other.Turn();
            while (Transceiver.Acceptor.TryTakeEpoch(out ushort slot, out uint epoch)) told[slot] = epoch;
            return told.GetValueOrDefault(3) == 2;
        });
        int heard = Heard;
        Transceiver.Send(session, path, RelayPackets.Rtp(1));
        Transceiver.Flush();
        Until(() => Worker.Verdicts[Verdict.DropStaleEpoch] == 1);
        Assert.Equal(heard, Heard);
    }

    [Fact]
    public void Worker_OwnerGone_ChecksAreAnsweredUntilTheNextOneComes()
    {
        Connect();
        TransportAddress address = Transceiver.Target.Address;
        Transceiver.Dispose();
        Until(() => Worker.LinkCount == 0, transceiver: false);
        int heard = Heard;
        Send(RelayPackets.Check(RelayPackets.Hint(7, expiry: InAnHour)));
        Until(() => Heard > heard, transceiver: false);
        Assert.Equal(1, Worker.Verdicts[Verdict.AnswerAsCaretaker]);
        Transceiver = new FakeTransceiver(_scheme, address, incarnation: 2);
        Until(() => Worker.LinkCount == Links);
        Send(RelayPackets.Check(RelayPackets.Hint(7, expiry: InAnHour)));
        Until(() => Transceiver.Packets == 1);
    }

    [Fact]
    public void Drain_Asked_EveryLinkIsToldAndUplinkStillPasses()
    {
        Connect();
        Until(() => Worker.LinkCount == Links);
        Worker.Drain();
        Until(() => Transceiver.Events.Count(e => e.Kind == LinkEventKind.Draining) == Links);
        int packets = Transceiver.Packets;
        Send(RelayPackets.Rtp(5));
        Until(() => Transceiver.Packets > packets);
    }

    [Fact]
    public void Worker_LongestPacketThatAClientCanSend_PassesAndATurnFailsForNone()
    {
        Connect();
        byte[] longest = RelayPackets.Rtp(5, 2048 - 12);
        int heard = Heard;
        Send(longest);
        Until(() => Heard > heard);
    }

    [Fact]
    public void Worker_SessionGone_ForgetsTheFlow()
    {
        Connect();
        Transceiver.Acceptor.SendGone(new SessionId(7));
        Until(() => Worker.FlowCount == 0);
    }

    [Fact]
    public void Worker_Strangers_AreCountedAndNothingIsSent()
    {
        Until(() => Worker.LinkCount == Links);
        Send(RelayPackets.Rtp(5));
        Send(RelayPackets.Check("forged", "x"));
        Until(() => Worker.Verdicts[Verdict.DropBadHint] == 1 && Worker.Verdicts[Verdict.DropUnknownFlow] == 1);
        Assert.Equal(0, Transceiver.Packets);
        Assert.Equal(0, Worker.PublicCounters!.Sent);
    }

    [Fact]
    public async Task GetStats_Asked_TellsLinksAndVerdicts()
    {
        Connect();
        Task<WorkerStats> asked = Worker.GetStatsAsync();
        Until(() => asked.IsCompleted);
        WorkerStats stats = await asked;
        Assert.Equal(1, stats.Packets["forward"]);
        Assert.Equal(Links, stats.Links.Count);
        foreach (LinkStats link in stats.Links) Assert.Equal((true, 1, Transceiver.Target.ToString()), (link.Up, link.Slots, link.Remote));
    }

    [Fact]
    public void Worker_TenThousandPackets_AllocatesNothing()
    {
        Connect();
        byte[] rtp = RelayPackets.Rtp(5);
        Assert.Equal(0, Allocations.Least(() =>
        {
            long allocated = 0;
            int target = Heard + 10_000;
            Instant end = MonotonicClock.Now + TimeSpan.FromSeconds(20);
            while (Heard < target && MonotonicClock.Now < end)
            {
                for (int i = 0; i < 20; i++)
                    rtp.CopyTo(Client.Queue(TransportAddress.FromIPv4(0x7F000001, Public.Port), default, rtp.Length));
                Client.Flush();
                // The worker's turns alone are measured, both directions of them.
                long before = GC.GetAllocatedBytesForCurrentThread();
                Worker.Turn(TimeSpan.FromMilliseconds(1));
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                Transceiver.Turn();
                int count = Client.Receive();
                Heard += count;
            }
            Assert.True(Heard >= target);
            return allocated;
        }));
    }
}
