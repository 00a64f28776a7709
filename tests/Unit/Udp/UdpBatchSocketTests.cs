using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Udp;

public sealed class UdpBatchSocketTests : IDisposable
{
    private static readonly TransportAddress AnyLoopbackPort = TransportAddress.FromIPv4(0x7F000001, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly UdpBatchSocket _a = UdpBatchSocket.Bind(AnyLoopbackPort);
    private readonly UdpBatchSocket _b = UdpBatchSocket.Bind(AnyLoopbackPort);
    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller;

    public UdpBatchSocketTests() => _poller = new SocketPoller(_wakeUp, _a.Descriptor, _b.Descriptor);

    public void Dispose()
    {
        _poller.Dispose();
        _wakeUp.Dispose();
        _a.Dispose();
        _b.Dispose();
    }

    private static int ReceiveAll(
        UdpBatchSocket socket, SocketPoller poller, int expected, Action<byte[], TransportAddress, TransportAddress> each)
    {
        int total = 0;
        Instant end = MonotonicClock.Now + Patience;
        while (total < expected && MonotonicClock.Now < end)
        {
            poller.Wait(TimeSpan.FromMilliseconds(100));
            int count = socket.Receive();
            for (int i = 0; i < count; i++)
            {
                socket.Get(i, out Span<byte> datagram, out TransportAddress from, out TransportAddress to);
                each(datagram.ToArray(), from, to);
            }
            total += count;
        }
        return total;
    }

    [Fact]
    public void Flush_MoreThanABatch_AllArriveInOrderWithAddresses()
    {
        for (int i = 0; i < 200; i++) _a.Queue(_b.LocalAddress, default, 2 + i).Fill((byte)i);
        _a.Flush();
        int next = 0;
        Assert.Equal(200, ReceiveAll(_b, _poller, 200, (datagram, from, to) =>
        {
            Assert.Equal(Enumerable.Repeat((byte)next, 2 + next), datagram);
            Assert.Equal(_a.LocalAddress, from);
            Assert.Equal(0x7F000001u, to.IPv4);
            next++;
        }));
        Assert.Equal(200, _a.Counters.Sent);
        Assert.Equal(200, _b.Counters.Received);
    }

    [Fact]
    public void Queue_FromNamedAddress_LeavesFromThere()
    {
        using var any = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0, 0));
        any.Queue(_b.LocalAddress, TransportAddress.FromIPv4(0x7F000005, 0), 1)[0] = 1;
        any.Queue(_b.LocalAddress, default, 1)[0] = 2;
        any.Flush();
        var seen = new List<uint>();
        ReceiveAll(_b, _poller, 2, (_, from, _) => seen.Add(from.IPv4));
        Assert.Equal([0x7F000005u, 0x7F000001u], seen);
    }

    [Fact]
    public void Receive_OnWildcard_SaysWhichAddressThePacketCameTo()
    {
        using var any = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0, 0));
        using var poller = new SocketPoller(_wakeUp, any.Descriptor);
        _a.Queue(TransportAddress.FromIPv4(0x7F000007, any.LocalAddress.Port), default, 1)[0] = 1;
        _a.Flush();
        Assert.Equal(1, ReceiveAll(any, poller, 1, (_, _, to) => Assert.Equal(TransportAddress.FromIPv4(0x7F000007, 0), to)));
    }

    [Fact]
    public void Sockets_IPv6Wildcard_TakesAndAnswersIPv4()
    {
        using var dual = UdpBatchSocket.Bind(new TransportAddress(0, 0, 0));
        using var poller = new SocketPoller(_wakeUp, dual.Descriptor);
        _a.Queue(TransportAddress.FromIPv4(0x7F000009, dual.LocalAddress.Port), default, 3).Fill(7);
        _a.Flush();
        Assert.Equal(1, ReceiveAll(dual, poller, 1, (_, from, to) =>
        {
            Assert.Equal(_a.LocalAddress, from);
            Assert.Equal(TransportAddress.FromIPv4(0x7F000009, 0), to);
            dual.Queue(from, to, 1)[0] = 9;
            dual.Flush();
        }));
        Assert.Equal(1, ReceiveAll(_a, _poller, 1, (_, from, _) => Assert.Equal(0x7F000009u, from.IPv4)));
    }

    [Fact]
    public void Append_SeveralFrames_ShareADatagramUpToTheLimit()
    {
        OpenDatagram open = default;
        for (int i = 0; i < 10; i++) _a.Append(ref open, _b.LocalAddress, 30, 100).Fill((byte)i);
        _a.Flush();
        _a.Append(ref open, _b.LocalAddress, 30, 100).Fill(99);
        _a.Flush();
        var lengths = new List<int>();
        ReceiveAll(_b, _poller, 5, (datagram, _, _) => lengths.Add(datagram.Length));
        Assert.Equal([90, 90, 90, 30, 30], lengths);
    }

    [Fact]
    public void Flush_UnreachableDestination_IsCountedAndTheOthersLeave()
    {
        using var any = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0, 0));
        any.Queue(TransportAddress.FromIPv4(0xFFFFFFFF, 9), default, 1);
        any.Queue(_b.LocalAddress, default, 1)[0] = 5;
        any.Queue(TransportAddress.FromIPv4(0x7F000001, 0), default, 1);
        any.Queue(_b.LocalAddress, default, 1)[0] = 6;
        any.Flush();
        var seen = new List<byte>();
        ReceiveAll(_b, _poller, 2, (datagram, _, _) => seen.Add(datagram[0]));
        Assert.Equal([5, 6], seen);
        Assert.Equal(2, any.Counters.SendErrors);
    }

    [Fact]
    public void Flush_IPv6OnAnIPv4Socket_IsRefusedAndNotSentElsewhere()
    {
        _a.Queue(new TransportAddress(0x20010db8_00000000, _b.LocalAddress.Low, _b.LocalAddress.Port), default, 1);
        _a.Queue(_b.LocalAddress, new TransportAddress(0x20010db8_00000000, 1, 0), 1)[0] = 7;
        _a.Flush();
        Assert.Equal(1, _a.Counters.SendErrors);
        Assert.Equal(1, ReceiveAll(_b, _poller, 1, (datagram, _, _) => Assert.Equal(7, datagram[0])));
    }

    [Fact]
    public void Get_DatagramBeyondTheCapacity_IsEmptyAndCounted()
    {
        using var small = UdpBatchSocket.Bind(AnyLoopbackPort, new UdpSocketOptions { DatagramCapacity = 64 });
        using var poller = new SocketPoller(_wakeUp, small.Descriptor);
        _a.Queue(small.LocalAddress, default, 500);
        _a.Flush();
        Assert.Equal(1, ReceiveAll(small, poller, 1, (datagram, _, _) => Assert.Empty(datagram)));
        Assert.Equal(1, small.Counters.Oversized);
    }

    [Fact]
    public void Receive_QueueOverrun_KernelDropsAreCounted()
    {
        using var narrow = UdpBatchSocket.Bind(AnyLoopbackPort, new UdpSocketOptions { SocketBufferBytes = 4096 });
        using var poller = new SocketPoller(_wakeUp, narrow.Descriptor);
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 300; i++) _a.Queue(narrow.LocalAddress, default, 1000);
            _a.Flush();
            poller.Wait(Patience);
            for (int count = narrow.Receive(); count > 0; count = narrow.Receive())
            {
                for (int i = 0; i < count; i++) narrow.Get(i, out _, out _, out _);
            }
        }
        Assert.True(narrow.Counters.KernelDrops > 0);
    }

    [Fact]
    public void Bind_PortTaken_SaysByWhom()
    {
        PortBindException e = Assert.Throws<PortBindException>(() => UdpBatchSocket.Bind(_a.LocalAddress));
        Assert.Contains($"Port {_a.LocalAddress.Port}/udp is taken by", e.Message, StringComparison.Ordinal);
        Assert.Contains($"(pid {Environment.ProcessId})", e.Message, StringComparison.Ordinal);
        Assert.Throws<PortBindException>(() => UdpBatchSocket.Bind(_a.LocalAddress, new UdpSocketOptions { IsPortShared = true }));
    }

    [Fact]
    public void Bind_SharedPort_OpensSeveralHereAndGivesItBack()
    {
        ushort port = _a.LocalAddress.Port;
        _a.Dispose();
        var address = TransportAddress.FromIPv4(0x7F000001, port);
        var shared = new UdpSocketOptions { IsPortShared = true };
        using (var first = UdpBatchSocket.Bind(address, shared))
        using (var second = UdpBatchSocket.Bind(address, shared))
        {
            Assert.Equal(first.LocalAddress, second.LocalAddress);
        }
        using var alone = UdpBatchSocket.Bind(address);
    }

    [Fact]
    public void Flush_NobodyAtThePort_NamesTheDestinationAndLosesNothingElse()
    {
        using var asking = UdpBatchSocket.Bind(AnyLoopbackPort, new UdpSocketOptions { ReportsRefusals = true });
        using var poller = new SocketPoller(_wakeUp, asking.Descriptor);
        TransportAddress closed;
        using (var gone = UdpBatchSocket.Bind(AnyLoopbackPort)) closed = gone.LocalAddress;
        for (int i = 0; i < 20; i++)
        {
            asking.Queue(closed, default, 1);
            asking.Queue(_b.LocalAddress, default, 1)[0] = (byte)i;
        }
        asking.Flush();
        var seen = new List<byte>();
        ReceiveAll(_b, _poller, 20, (datagram, _, _) => seen.Add(datagram[0]));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (byte)i), seen);

        _b.Queue(asking.LocalAddress, default, 1)[0] = 77;
        _b.Flush();
        var answers = new List<byte>();
        ReceiveAll(asking, poller, 1, (datagram, _, _) => answers.Add(datagram[0]));
        Assert.Equal([77], answers);
        Assert.True(asking.TryTakeRefusal(out TransportAddress refused));
        Assert.Equal(closed, refused);
        Assert.False(asking.TryTakeRefusal(out _));
    }

    [Fact]
    public void TryTakeRefusal_NotAskedFor_ThereIsNone()
    {
        TransportAddress closed;
        using (var gone = UdpBatchSocket.Bind(AnyLoopbackPort)) closed = gone.LocalAddress;
        _a.Queue(closed, default, 1);
        _a.Flush();
        Assert.Equal(0, _a.Receive());
        Assert.False(_a.TryTakeRefusal(out _));
    }

    [Fact]
    public void Wait_SignalledByAnotherThread_Returns()
    {
        var signaller = new Thread(_wakeUp.Signal);
        signaller.Start();
        Assert.True(_poller.Wait(Patience));
        signaller.Join();
        Assert.False(_poller.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void Dispose_Twice_AndSignalAfterwards_AreHarmless()
    {
        _a.Dispose();
        _a.Dispose();
        _wakeUp.Dispose();
        _wakeUp.Signal();
    }

    [Fact]
    public void PacketPath_SendAndReceive_AllocatesNothing()
    {
        Assert.Equal(0, Allocations.Least(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int received = 0;
            while (received < 2000)
            {
                for (int i = 0; i < 50; i++) _a.Queue(_b.LocalAddress, default, 160)[0] = 1;
                _a.Flush();
                _poller.Wait(Patience);
                int count = _b.Receive();
                for (int i = 0; i < count; i++) _b.Get(i, out _, out _, out _);
                received += count;
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }));
    }
}
