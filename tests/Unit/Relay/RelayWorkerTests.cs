using Dapr.Voice.Relay;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

/// <summary>A worker, a transceiver's link and clients over real sockets, all driven by the test's thread.</summary>
public sealed class RelayWorkerTests : IDisposable
{
    private static readonly TransportAddress Loopback = TransportAddress.FromIPv4(0x7F000001, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly UdpBatchSocket _client = UdpBatchSocket.Bind(Loopback);
    private readonly TransportAddress _public;
    private FakeTransceiver _transceiver = new(Loopback);
    private RelayWorker _worker;
    private int _heard;
    private TransportAddress _heardFrom;

    public RelayWorkerTests()
    {
        using (var any = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0, 0))) _public = any.LocalAddress;
        _worker = NewWorker(1);
    }

    public void Dispose()
    {
        _worker.Dispose();
        _transceiver.Dispose();
        _client.Dispose();
    }

    private RelayWorker NewWorker(ulong incarnation)
    {
        var options = new RelayOptions { Id = "relay-0", PublicEndpoint = _public.ToString(), Workers = 1, MaximumFlows = 256, IngressAddresses = ["127.0.0.1", "127.0.0.2"] };
        var worker = new RelayWorker(0, RelaySockets.Open(options)[0], options, 0, 64, incarnation, new RelayKeys(RelayPackets.HintKeys, RelayPackets.PasswordKeys, SteeringKeys.LinkKey()), IngressTable.From(options), TimeProvider.System);
        worker.SetTargets([_transceiver.Target]);
        return worker;
    }

    private static uint InAnHour => RoutingHint.ToMinutes(TimeProvider.System.GetUtcNow()) + 60;

    private void Turn()
    {
        _worker.Turn(TimeSpan.FromMilliseconds(1));
        _transceiver.Turn();
        int count = _client.Receive();
        for (int i = 0; i < count; i++) _client.Get(i, out _, out _heardFrom, out _);
        _heard += count;
    }

    private void Until(Func<bool> condition)
    {
        var end = MonotonicClock.Now + Patience;
        while (!condition())
        {
            Assert.True(MonotonicClock.Now < end, "The condition never came true.");
            Turn();
        }
    }

    private void Send(byte[] packet, uint to = 0x7F000001)
    {
        packet.CopyTo(_client.Queue(TransportAddress.FromIPv4(to, _public.Port), default, packet.Length));
        _client.Flush();
    }

    private void Connect(uint ingress = 0x7F000001)
    {
        Until(() => _worker.LinkCount == 1);
        int before = _heard;
        Send(RelayPackets.Check(RelayPackets.Hint(7, expiry: InAnHour)), ingress);
        Until(() => _heard > before);
    }

    [Fact]
    public void Worker_CheckAndMedia_GoUpAndComeBack()
    {
        Connect();
        Assert.Equal((new SessionId(7), _client.LocalAddress), (_transceiver.Last.Session, _transceiver.Last.Path.Remote));
        Send(RelayPackets.Rtp(5));
        Until(() => _heard == 2);
        Assert.Equal(2, _worker.Verdicts[Verdict.Forward]);
        Assert.Equal(2, _worker.Verdicts[Verdict.Deliver]);
        Assert.Equal(1, _worker.FlowCount);
    }

    [Fact]
    public void Worker_SecondIngress_AnswersFromTheAddressThatWasAsked()
    {
        Connect(0x7F000002);
        Assert.Equal(TransportAddress.FromIPv4(0x7F000002, _public.Port), _heardFrom);
        Assert.Equal(1, LinkBase.Ingress(_transceiver.Last.Path.Base));
    }

    [Fact]
    public void Worker_ManyPacketsAtOnce_ShareDatagramsUp()
    {
        Connect();
        int datagrams = _transceiver.Units;
        for (int i = 0; i < 50; i++) RelayPackets.Rtp(5).CopyTo(_client.Queue(TransportAddress.FromIPv4(0x7F000001, _public.Port), default, 72));
        _client.Flush();
        Until(() => _heard == 51);
        // 98 bytes a frame, 14 in a datagram, and the kernel may hand the burst over in a few batches.
        Assert.InRange(_transceiver.Units - datagrams, 4, 25);
    }

    [Fact]
    public void Worker_RestartedRelay_LearnsTheFlowFromTheFirstFrameDown()
    {
        Connect(0x7F000002);
        var (session, path) = _transceiver.Last;
        _worker.Dispose();
        _worker = NewWorker(2);
        Until(() => _worker.LinkCount == 1);
        Assert.Equal(0, _worker.FlowCount);
        Assert.Equal(1, _transceiver.Acceptor.LinkCount);
        int before = _heard;
        _transceiver.Send(session, path, RelayPackets.Rtp(1));
        _transceiver.Flush();
        Until(() => _heard > before);
        Assert.Equal(TransportAddress.FromIPv4(0x7F000002, _public.Port), _heardFrom);
        Assert.Equal(1, _worker.Verdicts[Verdict.DeliverAndLearn]);
        int packets = _transceiver.Packets;
        Send(RelayPackets.Rtp(5), 0x7F000002);
        Until(() => _transceiver.Packets > packets);
        Assert.Equal(0, _worker.Verdicts[Verdict.DropUnknownFlow]);
    }

    [Fact]
    public void Worker_RestartedTransceiver_IsMetAgain()
    {
        Connect();
        var address = _transceiver.Target.Address;
        _transceiver.Dispose();
        _transceiver = new FakeTransceiver(address, incarnation: 2);
        Send(RelayPackets.Rtp(5));
        int before = _heard;
        Until(() => _transceiver.Acceptor.LinkCount == 1);
        Send(RelayPackets.Rtp(5));
        Until(() => _heard > before);
    }

    [Fact]
    public void Worker_ReboundClient_GoesUpFlaggedAndComesBackOnceTheTransceiverSends()
    {
        Connect();
        Send(RelayPackets.Rtp(5));
        Until(() => _heard == 2);
        using var rebound = UdpBatchSocket.Bind(Loopback);
        RelayPackets.Rtp(5).CopyTo(rebound.Queue(TransportAddress.FromIPv4(0x7F000001, _public.Port), default, 72));
        rebound.Flush();
        Until(() => _transceiver.Unverified == 1);
        Assert.Equal(1, _worker.FlowCount);
        _transceiver.Send(_transceiver.Last.Session, _transceiver.Last.Path with { Remote = rebound.LocalAddress }, RelayPackets.Rtp(1));
        _transceiver.Flush();
        Until(() => _worker.FlowCount == 2);
        Until(() => rebound.Receive() == 1);
    }

    [Fact]
    public void Worker_SessionGone_ForgetsTheFlow()
    {
        Connect();
        _transceiver.Acceptor.SendGone(new SessionId(7));
        Until(() => _worker.FlowCount == 0);
    }

    [Fact]
    public void Worker_Strangers_AreCountedAndNothingIsSent()
    {
        Until(() => _worker.LinkCount == 1);
        Send(RelayPackets.Rtp(5));
        Send(RelayPackets.Check("forged", "x"));
        Until(() => _worker.Verdicts[Verdict.DropBadHint] == 1 && _worker.Verdicts[Verdict.DropUnknownFlow] == 1);
        Assert.Equal(0, _transceiver.Packets);
        Assert.Equal(0, _worker.PublicCounters.Sent);
    }

    [Fact]
    public async Task GetStats_Asked_TellsLinksAndVerdicts()
    {
        Connect();
        var asked = _worker.GetStatsAsync();
        Until(() => asked.IsCompleted);
        var stats = await asked;
        Assert.Equal(1, stats.Packets["Forward"]);
        var link = Assert.Single(stats.Links);
        Assert.Equal((true, 1, _transceiver.Target.ToString()), (link.Up, link.Slots, link.Remote));
    }

    [Fact]
    public void Worker_TenThousandPackets_AllocatesNothing()
    {
        Connect();
        byte[] rtp = RelayPackets.Rtp(5);
        for (int round = 0; round < 2; round++)
        {
            long allocated = 0;
            int target = _heard + 10_000;
            var end = MonotonicClock.Now + TimeSpan.FromSeconds(20);
            while (_heard < target && MonotonicClock.Now < end)
            {
                for (int i = 0; i < 20; i++) rtp.CopyTo(_client.Queue(TransportAddress.FromIPv4(0x7F000001, _public.Port), default, rtp.Length));
                _client.Flush();
                // The worker's turns alone are measured, both directions of them.
                long before = GC.GetAllocatedBytesForCurrentThread();
                _worker.Turn(TimeSpan.FromMilliseconds(1));
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                _transceiver.Turn();
                int count = _client.Receive();
                _heard += count;
            }
            Assert.True(_heard >= target);
            if (round == 1) Assert.Equal(0, allocated);
        }
    }
}
