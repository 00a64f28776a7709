using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Relay;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Tcp;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

/// <summary>Clients over TCP, links over UDP.</summary>
public sealed class TcpIngressOverUdpLinksTests() : TcpIngressTests(LinkScheme.Udp);

/// <summary>Clients over TCP, links over TCP: the shape of Container Apps.</summary>
public sealed class TcpIngressOverTcpLinksTests() : TcpIngressTests(LinkScheme.Tcp);

/// <summary>Workers, a transceiver's link and connections over real sockets, all driven by the test's thread.</summary>
public abstract class TcpIngressTests : IDisposable
{
    private static readonly TransportAddress Loopback = TransportAddress.FromIPv4(0x7F000001, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LinkScheme _scheme;
    private readonly FakeTransceiver _transceiver;
    private readonly TcpFrameSocket _clients = TcpFrameSocket.Create();
    private readonly List<(TcpConnectionId To, byte[] Packet)> _heard = [];
    private readonly List<TcpEvent> _events = [];
    private readonly List<RelayWorker> _workers = [];
    private readonly TransportAddress _public;
    private int _lastPort;

    protected TcpIngressTests(LinkScheme scheme)
    {
        _scheme = scheme;
        _transceiver = new FakeTransceiver(scheme, Loopback);
        using var any = TcpFrameSocket.Create();
        any.Listen(Loopback);
        _public = any.LocalAddress;
    }

    private RelayWorker Worker => _workers[0];

    private static uint InAnHour => RoutingHint.ToMinutes(TimeProvider.System.GetUtcNow()) + 60;

    private static Instant Now => MonotonicClock.Now;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _workers.ForEach(w => w.Dispose());
        _clients.Dispose();
        _transceiver.Dispose();
    }

    private void Start(Action<RelayOptions>? change = null)
    {
        var options = new RelayOptions { Id = "relay-0", PublicEndpoint = "", PublicTcpEndpoint = _public.ToString(),
            LinkAddress = _scheme == LinkScheme.Udp ? "127.0.0.1" : "", Workers = 1, MaximumFlows = 256, MaximumTcpConnections = 256 };
        change?.Invoke(options);
        Assert.Empty(options.Problems());
        var keys = new RelayKeys(RelayPackets.HintKeys, RelayPackets.PasswordKeys, SteeringKeys.LinkKey());
        foreach (RelaySockets sockets in RelaySockets.Open(options))
        {
            var worker = new RelayWorker(_workers.Count, sockets, options, 0, 64, 1, keys, IngressTable.From(options), TimeProvider.System);
            worker.SetTargets([_transceiver.Target]);
            _workers.Add(worker);
        }
        Until(() => _workers.TrueForAll(w => w.LinkCount == LinksTo(1)));
    }

    /// <summary>Over TCP there are two connections to each transceiver.</summary>
    private int LinksTo(int transceivers) => _scheme == LinkScheme.Tcp ? 2 * transceivers : transceivers;

    private void Turn()
    {
        _clients.Flush(Now);
        foreach (RelayWorker worker in _workers) worker.Turn(TimeSpan.FromMilliseconds(1));
        _transceiver.Turn();
        int count = _clients.Receive(Now);
        for (int i = 0; i < count; i++)
        {
            _clients.Get(i, out Span<byte> frame, out TcpConnectionId from);
            _heard.Add((from, frame.ToArray()));
        }
        while (_clients.TryTakeEvent(out TcpEvent occurred)) _events.Add(occurred);
    }

    private void Until(Func<bool> condition)
    {
        Instant end = Now + Patience;
        while (!condition())
        {
            Assert.True(Now < end, "The condition never came true.");
            Turn();
        }
    }

    private void Send(TcpConnectionId client, byte[] packet) => Assert.True(_clients.Send(client, packet, TcpFrameClass.Control, Now));

    private static byte[] Check(ulong session) => RelayPackets.Check(RelayPackets.Hint(session, expiry: InAnHour));

    /// <summary>Opens a connection and sends a first check, which the transceiver echoes.</summary>
    private TcpConnectionId Connect(ulong session = 7)
    {
        TcpConnectionId client = _clients.Connect(_public, Now);
        Send(client, Check(session));
        Until(() => _heard.Exists(h => h.To == client));
        return client;
    }

    private bool IsClosed(TcpConnectionId client) => _events.Exists(e => e.Kind == TcpEventKind.Closed && e.Connection == client);

    [Fact]
    public void Client_CheckAndMedia_GoUpAndComeBackOnItsConnection()
    {
        Start();
        TcpConnectionId client = Connect();
        Assert.Equal(new SessionId(7), _transceiver.Last.Session);
        Assert.Equal(LinkFrame.TcpIngress, LinkBase.Ingress(_transceiver.Last.Path.Base));
        Assert.Equal(_public.IPv4, _transceiver.Last.Path.Remote.IPv4);
        Send(client, RelayPackets.Rtp(5));
        Until(() => _heard.Count == 2);
        Assert.Equal(RelayPackets.Rtp(5), _heard[1].Packet);
        Assert.Equal((2, 2), (Worker.Verdicts[Verdict.Forward], Worker.Verdicts[Verdict.Deliver]));
        Assert.Equal((1, 1), (Worker.FlowCount, Worker.TcpCounters!.Open));
    }

    [Fact]
    public void Client_UdpAndTcpFromOneAddress_HaveTheirOwnPaths()
    {
        Start(o => o.PublicEndpoint = _public.ToString());
        using var udp = UdpBatchSocket.Bind(Loopback);
        byte[] check = Check(7);
        check.CopyTo(udp.Queue(_public, default, check.Length));
        udp.Flush();
        Until(() => udp.Receive() == 1);
        Assert.NotEqual(LinkFrame.TcpIngress, LinkBase.Ingress(_transceiver.Last.Path.Base));
        Connect();
        Assert.Equal(LinkFrame.TcpIngress, LinkBase.Ingress(_transceiver.Last.Path.Base));
        Assert.Equal(2, Worker.FlowCount);
    }

    [Fact]
    public void Client_NoCheckInTime_IsClosed()
    {
        Start(o => o.TcpFirstCheckTime = TimeSpan.FromSeconds(1));
        TcpConnectionId silent = _clients.Connect(_public, Now);
        TcpConnectionId living = Connect();
        Until(() => Worker.TcpCloses(TcpClose.NoFirstCheck) == 1);
        Until(() => IsClosed(silent));
        Assert.False(IsClosed(living));
    }

    [Fact]
    public void Client_MediaBeforeItsCheck_IsDroppedAndTheConnectionMayStillProveItself()
    {
        Start();
        TcpConnectionId client = _clients.Connect(_public, Now);
        // Firefox, after its connection broke.
        Send(client, RelayPackets.Rtp(5));
        Send(client, Convert.FromHexString("80C80001AABBCCDD"));
        Send(client, Convert.FromHexString("17FEFD00"));
        Send(client, Check(7));
        Until(() => _heard.Exists(h => h.To == client));
        Assert.Equal((3, 1), (Worker.Verdicts[Verdict.DropNotACheck], Worker.Verdicts[Verdict.Forward]));
        Assert.False(IsClosed(client));
    }

    [Fact]
    public void Client_MediaWithoutEndBeforeItsCheck_IsClosed()
    {
        Start();
        TcpConnectionId client = _clients.Connect(_public, Now);
        for (int i = 0; i <= TcpIngress.MaximumEarlyPackets; i++) Send(client, RelayPackets.Rtp(5));
        Until(() => IsClosed(client));
        Assert.Equal(TcpIngress.MaximumEarlyPackets + 1, Worker.Verdicts[Verdict.DropNotACheck]);
        Assert.Equal(1, Worker.TcpCloses(TcpClose.NotACheck));
        Assert.Equal(0, Worker.Verdicts[Verdict.Forward]);
    }

    [Fact]
    public void Client_FirstCheckBeforeTheFirstLink_WaitsAndGoesUp()
    {
        var options = new RelayOptions { Id = "relay-0", PublicEndpoint = "", PublicTcpEndpoint = _public.ToString(),
            LinkAddress = _scheme == LinkScheme.Udp ? "127.0.0.1" : "", Workers = 1, MaximumFlows = 256, MaximumTcpConnections = 256 };
        var keys = new RelayKeys(RelayPackets.HintKeys, RelayPackets.PasswordKeys, SteeringKeys.LinkKey());
        var worker = new RelayWorker(0, RelaySockets.Open(options)[0], options, 0, 64, 1, keys, IngressTable.From(options),
            TimeProvider.System);
        _workers.Add(worker);
        TcpConnectionId client = _clients.Connect(_public, Now);
        Send(client, Check(7));
        Until(() => _events.Exists(e => e.Kind == TcpEventKind.Connected));
        for (int i = 0; i < 20; i++) Turn();
        worker.SetTargets([_transceiver.Target]);
        Until(() => _heard.Exists(h => h.To == client));
        Assert.Equal(0, worker.Verdicts[Verdict.DropOwnerUnknown]);
    }

    public static TheoryData<string, string, string> FirstPackets() => new()
    {
        { "0101", nameof(Verdict.DropNotACheck), nameof(TcpClose.NotACheck) },
        { "47455420", nameof(Verdict.DropNotACheck), nameof(TcpClose.NotACheck) },
        { "0001", nameof(Verdict.DropMalformed), nameof(TcpClose.CheckRefused) },
        { Convert.ToHexString(RelayPackets.Check("forged", "x")), nameof(Verdict.DropBadHint), nameof(TcpClose.CheckRefused) },
        { Convert.ToHexString(RelayPackets.Check(RelayPackets.Hint(7, expiry: 1))), nameof(Verdict.DropExpiredHint),
            nameof(TcpClose.CheckRefused) },
        { Convert.ToHexString(RelayPackets.Check(RelayPackets.Hint(7, region: 3, expiry: InAnHour))), nameof(Verdict.DropForeignRegion),
            nameof(TcpClose.CheckRefused) },
        { Convert.ToHexString(RelayPackets.Check(RelayPackets.Hint(7, expiry: InAnHour).Encode(RelayPackets.HintKeys), "wrong")),
            nameof(Verdict.DropBadIntegrity), nameof(TcpClose.CheckRefused) },
    };

    [Theory]
    [MemberData(nameof(FirstPackets))]
    public void Client_BadFirstPacket_IsClosedAtOnceAndNothingGoesUp(string packet, string verdict, string reason)
    {
        Start();
        TcpConnectionId client = _clients.Connect(_public, Now);
        Send(client, Convert.FromHexString(packet));
        Until(() => IsClosed(client));
        Until(() => Worker.TcpCloses(Enum.Parse<TcpClose>(reason)) == 1);
        Assert.Equal(1, Worker.Verdicts[Enum.Parse<Verdict>(verdict)]);
        Assert.Equal((0, 0), (_transceiver.Packets, Worker.FlowCount));
    }

    [Fact]
    public void Client_OwnerNotKnownYet_MayAskAgain()
    {
        Start();
        TcpConnectionId client = _clients.Connect(_public, Now);
        Send(client, RelayPackets.Check(RelayPackets.Hint(7, slot: 9, expiry: InAnHour)));
        Until(() => Worker.Verdicts[Verdict.DropOwnerUnknown] == 1);
        _transceiver.Acceptor.SetSlots([new(3, 1), new(9, 1)], Now);
        Until(() =>
        {
            if (_heard.Count == 0)
                _clients.Send(client, RelayPackets.Check(RelayPackets.Hint(7, slot: 9, expiry: InAnHour)), TcpFrameClass.Control, Now);
            return _heard.Count > 0;
        });
        Assert.False(IsClosed(client));
    }

    [Fact]
    public void Client_CheckOfAnotherSession_ClosesItsConnection()
    {
        Start();
        TcpConnectionId client = Connect(7);
        int packets = _transceiver.Packets;
        Send(client, Check(8));
        Until(() => IsClosed(client));
        Assert.Equal((1, 1), (Worker.Verdicts[Verdict.DropOtherSession], Worker.TcpCloses(TcpClose.OtherSession)));
        Assert.Equal((packets, 0), (_transceiver.Packets, Worker.FlowCount));
    }

    [Fact]
    public void Client_SlotChangesItsOwner_ConnectionGoesOn()
    {
        Start();
        TcpConnectionId client = Connect();
        using var successor = new FakeTransceiver(_scheme, Loopback, incarnation: 2);
        successor.Acceptor.SetSlots([new(3, 2)], Now);
        Worker.SetTargets([_transceiver.Target, successor.Target]);
        Until(() =>
        {
            successor.Turn();
            return Worker.LinkCount == LinksTo(2);
        });
        Until(() =>
        {
            successor.Turn();
            _clients.Send(client, RelayPackets.Rtp(5), TcpFrameClass.Media, Now);
            return successor.Packets > 0;
        });
        int before = _heard.Count;
        Until(() =>
        {
            successor.Turn();
            return _heard.Count > before;
        });
        Assert.False(IsClosed(client));
    }

    [Fact]
    public void Sessions_SeveralConnectionsOfOne_EachHasItsPathAndGoneClosesAll()
    {
        Start();
        TcpConnectionId first = Connect();
        TransportPath firstPath = _transceiver.Last.Path;
        TcpConnectionId second = Connect();
        Assert.NotEqual(firstPath, _transceiver.Last.Path);
        _transceiver.Send(new SessionId(7), firstPath, RelayPackets.Rtp(9));
        _transceiver.Flush();
        Until(() => _heard.Exists(h => h.To == first && h.Packet.AsSpan().SequenceEqual(RelayPackets.Rtp(9))));
        // What was said before the end is heard before the end.
        _transceiver.Send(new SessionId(7), firstPath, [22, 254, 253, 1]);
        _transceiver.Flush();
        _transceiver.Acceptor.SendGone(new SessionId(7));
        Until(() => IsClosed(first) && IsClosed(second));
        Assert.Contains(_heard, h => h.To == first && h.Packet[0] == 22);
        Until(() => Worker.TcpCloses(TcpClose.SessionGone) == 2);
        Assert.Equal(0, Worker.FlowCount);
    }

    [Fact]
    public void Sessions_MoreConnectionsThanAllowed_AreRefusedWhileTheOthersLive()
    {
        Start(o => o.MaximumTcpConnectionsPerSession = 2);
        TcpConnectionId first = Connect();
        TcpConnectionId second = Connect();
        TcpConnectionId third = _clients.Connect(_public, Now);
        Send(third, Check(7));
        Until(() => IsClosed(third));
        Assert.Equal(1, Worker.Verdicts[Verdict.DropSessionLimit]);
        Assert.False(IsClosed(first) || IsClosed(second));
        // Another session is not concerned.
        Connect(8);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public void Prefix_MoreConnectionsThanAllowed_AreClosedUnlessABalancerHidesClients(bool isHidden, long closed)
    {
        Start(o => (o.MaximumTcpConnectionsPerPrefix, o.TcpClientsAreHidden) = (2, isHidden));
        Connect(7);
        Connect(8);
        TcpConnectionId third = _clients.Connect(_public, Now);
        _clients.Send(third, Check(9), TcpFrameClass.Control, Now);
        Until(() => IsClosed(third) || _heard.Exists(h => h.To == third));
        Assert.Equal(closed, Worker.TcpCloses(TcpClose.PrefixLimit));
        Assert.Equal(closed == 1, IsClosed(third));
    }

    [Fact]
    public void Prefix_ConnectionsThatEnd_AreNotCountedAnyMore()
    {
        Start(o => o.MaximumTcpConnectionsPerPrefix = 1);
        for (ulong session = 1; session < 10; session++)
        {
            TcpConnectionId client = Connect(session);
            _clients.Close(client);
            Until(() => Worker.TcpCounters!.Open == 0 && Worker.FlowCount == 0);
        }
        Assert.Equal(9, Worker.TcpCloses(TcpClose.PeerClosed));
    }

    [Fact]
    public void Places_AllTaken_TheOldestThatProvedNothingGivesWay()
    {
        Start(o => o.MaximumTcpConnections = 3);
        TcpConnectionId living = Connect();
        TcpConnectionId oldest = _clients.Connect(_public, Now);
        Until(() => Worker.TcpCounters!.Open == 2);
        _clients.Connect(_public, Now);
        Until(() => Worker.TcpCounters!.Open == 3);
        Connect(8);
        Until(() => IsClosed(oldest));
        Assert.Equal(1, Worker.TcpCloses(TcpClose.TooMany));
        Assert.Equal(3, Worker.TcpCounters!.Open);
        Assert.False(IsClosed(living));
    }

    [Fact]
    public void Client_SilentForTheLifetime_IsClosed()
    {
        Start(o => o.FlowLifetime = TimeSpan.FromSeconds(5));
        // The shortest lifetime that can be set is longer than this test likes to wait: the sweep is asked about the future.
        var slots = new SlotTable(0, 64);
        var options = new RelayOptions { PublicEndpoint = "", PublicTcpEndpoint = "127.0.0.1:1", Workers = 1, MaximumTcpConnections = 4,
            FlowLifetime = TimeSpan.FromSeconds(5) };
        var socket = TcpFrameSocket.Create(TcpIngress.SocketOptions(options));
        socket.Listen(Loopback);
        using var ingress = new TcpIngress(socket, options, slots,
            new RelayKeys(RelayPackets.HintKeys, RelayPackets.PasswordKeys, SteeringKeys.LinkKey()), new VerdictCounters());
        slots.Set(3, 0, MonotonicClock.Now);
        var links = new LinkSet(SteeringKeys.LinkKey(), "relay-9", 0, 1, 1, slots,
            new FlowTable(new FlowLimits(16, 16, 8, 10, TimeSpan.FromSeconds(5)), KeyedHash.CreateRandom()), []);
        TcpConnectionId client = _clients.Connect(socket.LocalAddress, Now);
        Send(client, Check(7));
        Until(() =>
        {
            ingress.Receive(links, Now);
            return ingress.FlowCount == 1;
        });
        for (int i = 0; i < FlowTable.SweepParts; i++) ingress.Sweep(Now);
        Assert.Equal(1, ingress.FlowCount);
        for (int i = 0; i < 2 * FlowTable.SweepParts; i++) ingress.Sweep(Now + TimeSpan.FromSeconds(6));
        Assert.Equal((0, 1), (ingress.FlowCount, ingress.Closes(TcpClose.Idle)));
        Until(() => IsClosed(client));
    }

    [Fact]
    public void Client_ComesAgainFromTheSameAddress_IsHeardAndReached()
    {
        Start();
        for (int i = 0; i < 3; i++)
        {
            using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            raw.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            // Closing resets, so that the port is free again at once.
            raw.LingerState = new LingerOption(true, 0);
            raw.Bind(new IPEndPoint(IPAddress.Loopback, i == 0 ? 0 : _lastPort));
            _lastPort = ((IPEndPoint)raw.LocalEndPoint!).Port;
            raw.Connect(_public.ToIPEndPoint());
            byte[] check = Check(7);
            raw.Send([(byte)(check.Length >> 8), (byte)check.Length, .. check]);
            Until(() => raw.Available == check.Length + 2);
            Assert.Equal(_lastPort, _transceiver.Last.Path.Remote.Port);
        }
        Until(() => Worker.TcpCloses(TcpClose.Reset) == 3);
        Assert.Equal(0, Worker.FlowCount);
    }

    [Fact]
    public void Down_ConnectionGoneOrAnotherSessions_IsDropped()
    {
        Start();
        TcpConnectionId client = Connect(7);
        TransportPath path = _transceiver.Last.Path;
        int before = _heard.Count;
        _transceiver.Send(new SessionId(8), path, RelayPackets.Rtp(1));
        _transceiver.Flush();
        Until(() => Worker.Verdicts[Verdict.DropNoConnection] == 1);
        _clients.Close(client);
        Until(() => Worker.TcpCounters!.Open == 0);
        _transceiver.Send(new SessionId(7), path, RelayPackets.Rtp(1));
        _transceiver.Flush();
        Until(() => Worker.Verdicts[Verdict.DropNoConnection] == 2);
        Assert.Equal((before, 0), (_heard.Count, Worker.FlowCount));
    }

    [Fact]
    public void Down_StalledClient_LosesItsOldestAudioAndNobodyElseDoes()
    {
        Start();
        TcpConnectionId living = Connect(8);
        TransportPath livingPath = _transceiver.Last.Path;
        using var stalled = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        stalled.Connect(_public.ToIPEndPoint());
        byte[] check = Check(7);
        stalled.Send([(byte)(check.Length >> 8), (byte)check.Length, .. check]);
        Until(() => _transceiver.Last.Session == new SessionId(7));
        TransportPath stalledPath = _transceiver.Last.Path;
        byte[] rtp = RelayPackets.Rtp(1, payload: 400);
        int sent = 0, before = _heard.Count;
        Until(() =>
        {
            // As many as the socket of the link takes at once.
            for (int i = 0; i < 20; i++, sent++)
            {
                _transceiver.Send(new SessionId(7), stalledPath, rtp);
                _transceiver.Send(new SessionId(8), livingPath, rtp);
            }
            _transceiver.Flush();
            return Worker.TcpCounters!.MediaDropped > 200;
        });
        Until(() => _heard.Count - before == sent);
        Assert.All(_heard.Skip(before), h => Assert.Equal(living, h.To));
        Assert.Equal(2, Worker.TcpCounters!.Open);
    }

    [Fact]
    public void Down_ClientThatReadsNoControlPackets_IsClosedWithItsPacketsCounted()
    {
        Start();
        using var stalled = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        stalled.Connect(_public.ToIPEndPoint());
        byte[] check = Check(7);
        stalled.Send([(byte)(check.Length >> 8), (byte)check.Length, .. check]);
        Until(() => _transceiver.Last.Session == new SessionId(7));
        TransportPath path = _transceiver.Last.Path;
        byte[] record = new byte[1000];
        (record[0], record[1], record[2]) = (23, 254, 253);
        Until(() =>
        {
            for (int i = 0; i < 20; i++) _transceiver.Send(new SessionId(7), path, record);
            _transceiver.Flush();
            return Worker.TcpCloses(TcpClose.QueueFull) == 1;
        });
        Assert.True(Worker.Verdicts[Verdict.DropNoRoom] > 0);
        Assert.Equal(0, Worker.TcpCounters!.Open);
    }

    [Fact]
    public void Client_FrameBeyondADatagram_IsClosed()
    {
        Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(_public.ToIPEndPoint());
        client.Send([(TcpIngress.MaximumFrameBytes + 1) >> 8, (TcpIngress.MaximumFrameBytes + 1) & 0xFF, 0, 1]);
        Until(() => Worker.TcpCloses(TcpClose.FrameTooLong) == 1);
    }

    [Fact]
    public void Workers_Two_ShareThePortAndEachAnswersItsOwn()
    {
        Start(o => (o.Workers, o.MaximumTcpConnections) = (2, 64));
        for (ulong session = 1; session <= 24; session++) Connect(session);
        Assert.Equal(24, _workers.Sum(w => w.TcpCounters!.Open));
        Assert.All(_workers, w => Assert.InRange(w.TcpCounters!.Open, 1, 23));
        Assert.Equal(24, _heard.Select(h => h.To).Distinct().Count());
    }

    [Fact]
    public async Task GetStats_Asked_TellsConnectionsAndCloses()
    {
        Start();
        Connect();
        TcpConnectionId bad = _clients.Connect(_public, Now);
        Send(bad, Convert.FromHexString("0101"));
        Until(() => IsClosed(bad));
        Task<WorkerStats> asked = Worker.GetStatsAsync();
        Until(() => asked.IsCompleted);
        TcpStats stats = (await asked).Tcp!;
        Assert.Equal((1, 1, 2L), (stats.Connections, stats.Bound, stats.Accepted));
        Assert.Equal(1, stats.Closes["not_a_check"]);
    }

    [Fact]
    public void Worker_TenThousandPackets_AllocatesNothing()
    {
        Start();
        TcpConnectionId client = Connect();
        byte[] rtp = RelayPackets.Rtp(5);
        Assert.Equal(0, Allocations.Least(() =>
        {
            long allocated = 0;
            int heard = 0;
            Instant end = Now + TimeSpan.FromSeconds(20);
            while (heard < 10_000 && Now < end)
            {
                for (int i = 0; i < 20; i++) _clients.Send(client, rtp, TcpFrameClass.Media, Now);
                _clients.Flush(Now);
                long before = GC.GetAllocatedBytesForCurrentThread();
                Worker.Turn(TimeSpan.FromMilliseconds(1));
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                _transceiver.Turn();
                heard += _clients.Receive(Now);
            }
            Assert.True(heard >= 10_000);
            return allocated;
        }));
    }
}
