using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class RelayWorkerOverTcpTests(ITestOutputHelper output) : RelayWorkerTests(LinkScheme.Tcp)
{
    [Fact]
    public void Worker_OneConnectionOfTwoDiesInMidCall_TheSessionGoesOverTheOtherAtOnce()
    {
        Connect();
        Until(() => Worker.LinkCount == 2);
        double longest = 0;
        int lost = 0;
        // Each in turn, so that it is the session's own once for each direction.
        for (int link = 0; link < 2; link++)
        {
            int sent = 0, before = Heard, heard = Heard;
            Instant last = MonotonicClock.Now;
            Instant next = last;
            Instant end = last + TimeSpan.FromMilliseconds(400);
            while (MonotonicClock.Now < end)
            {
                if (MonotonicClock.Now >= next)
                {
                    Send(RelayPackets.Rtp(5));
                    next += TimeSpan.FromMilliseconds(5);
                    if (++sent == 20) Transceiver.Break(link);
                }
                Turn();
                if (Heard == heard) continue;
                longest = Math.Max(longest, (MonotonicClock.Now - last).TotalMilliseconds);
                (last, heard) = (MonotonicClock.Now, Heard);
            }
            Until(() => Worker.LinkCount == 2);
            lost += sent - (Heard - before);
        }
        output.WriteLine($"longest gap {longest:f1} ms at a packet each 5 ms, {lost} packets lost by two broken connections");
        // What was under way on the broken connection is lost, no more.
        Assert.InRange(lost, 0, 12);
        Assert.Equal(2, Transceiver.Acceptor.LinkCount);
        Assert.Equal(0, Worker.Verdicts[Verdict.DropOwnerUnknown]);
    }

    [Fact]
    public void Worker_SessionsOfBothKinds_UseBothConnections()
    {
        Connect();
        Until(() => Worker.LinkCount == 2);
        var seen = new HashSet<TransportAddress>();
        for (ulong session = 0; session < 8; session++)
        {
            Transceiver.Acceptor.TryGetRelay(Transceiver.Last.Path, new SessionId(session), out _, out TransportAddress relay);
            seen.Add(relay);
        }
        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void Worker_WelcomeAndGarbageInOneSegment_ConnectsAgain()
    {
        using var rogue = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        rogue.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        rogue.Listen();
        var acceptor = new LinkAcceptor(SteeringKeys.LinkKey(), 0, 1, 2, 64, Seeded.Random(1), MonotonicClock.Now);
        Worker.SetTargets([new LinkTarget(LinkScheme.Tcp, TransportAddress.From((IPEndPoint)rogue.LocalEndPoint!))]);
        byte[] buffer = new byte[2048];
        // Both of its connections, and each of them again.
        for (int i = 0; i < 4; i++)
        {
            Until(() => rogue.Poll(0, SelectMode.SelectRead));
            using Socket connection = rogue.Accept();
            Until(() => connection.Available > 2);
            int length = connection.Receive(buffer);
            LinkAcceptor.Frames frames = acceptor.Receive(buffer.AsSpan(2, length - 2), Loopback, MonotonicClock.Now);
            while (frames.TryRead(out _)) { }
            Assert.True(acceptor.TryTransmit(buffer, out length, out _, MonotonicClock.Now));
            connection.Send([(byte)(length >> 8), (byte)length, .. buffer.AsSpan(0, length), 0xFF, 0xFF]);
            int tooLong = i + 1;
            Until(() => Worker.LinkCloses.Single(c => c.Key == "FrameTooLong").Value == tooLong);
        }
    }

    [Fact]
    public void Worker_TransceiversOverUdpAndTcpAtOnce_EachHasItsSlots()
    {
        using var other = new FakeTransceiver(LinkScheme.Udp, Loopback, slot: 4);
        Worker.SetTargets([Transceiver.Target, other.Target]);
        Until(() => { other.Turn(); return Worker.LinkCount == 3; });
        Send(RelayPackets.Check(RelayPackets.Hint(8, slot: 4, expiry: InAnHour)));
        Until(() => { other.Turn(); return other.Packets == 1; });
        using var caller = UdpBatchSocket.Bind(Loopback);
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7, expiry: InAnHour));
        check.CopyTo(caller.Queue(TransportAddress.FromIPv4(0x7F000001, Public.Port), default, check.Length));
        caller.Flush();
        Until(() => Transceiver.Packets == 1);
        Until(() => caller.Receive() == 1);
    }

    [Fact]
    public void Worker_OneTransceiverStandsStill_TheOtherNoticesNothingAndNothingGrows()
    {
        using var stalled = new FakeTransceiver(LinkScheme.Tcp, Loopback, slot: 4);
        Worker.SetTargets([Transceiver.Target, stalled.Target]);
        Until(() => { stalled.Turn(); return Worker.LinkCount == 4; });
        using var caller = UdpBatchSocket.Bind(Loopback);
        byte[] check = RelayPackets.Check(RelayPackets.Hint(8, slot: 4, expiry: InAnHour)), audio = RelayPackets.Rtp(6, payload: 1200);
        check.CopyTo(caller.Queue(TransportAddress.FromIPv4(0x7F000001, Public.Port), default, check.Length));
        caller.Flush();
        Until(() => { stalled.Turn(); return stalled.Packets == 1; });
        Connect();

        // From here on nobody takes the turns of the stalled one: what its kernel does not hold waits with the relay, and no more than its
        // queue.
        int sent = 0, before = Heard;
        long memory = 0;
        for (Instant end = MonotonicClock.Now + TimeSpan.FromSeconds(20); Worker.LinkCounters(LinkScheme.Tcp).SendQueueFull < 20_000
            && MonotonicClock.Now < end;)
        {
            for (int i = 0; i < 20; i++)
                audio.CopyTo(caller.Queue(TransportAddress.FromIPv4(0x7F000001, Public.Port), default, audio.Length));
            caller.Flush();
            Send(RelayPackets.Rtp(5));
            sent++;
            Turn();
            if (Worker.LinkCounters(LinkScheme.Tcp).SendQueueFull is > 0 and < 100)
                memory = Process.GetCurrentProcess().PrivateMemorySize64;
        }
        Until(() => Heard >= before + sent);
        long grown = Process.GetCurrentProcess().PrivateMemorySize64 - memory;
        output.WriteLine(
            $"{Worker.LinkCounters(LinkScheme.Tcp).SendQueueFull} units of audio dropped, the neighbour heard {Heard - before} of {sent}, "
            + $"memory {grown / 1024} kB more than when the dropping began");
        Assert.True(Worker.LinkCounters(LinkScheme.Tcp).SendQueueFull >= 20_000);
        Assert.InRange(grown, long.MinValue, 16 * 1024 * 1024);

        // It goes on, hears what came last, and has lost no control.
        stalled.Acceptor.SendGone(new SessionId(8));
        int flows = Worker.FlowCount;
        Until(() => { stalled.Turn(); return Worker.FlowCount < flows; });
    }

    [Fact]
    public void Worker_TransceiverStandsStillForLong_ItsLinksGoDownAndComeBack()
    {
        Connect();
        Until(() => Worker.LinkCount == 2);
        for (Instant end = MonotonicClock.Now + LinkTiming.DownAfter + TimeSpan.FromSeconds(1); Worker.LinkCount > 0
            && MonotonicClock.Now < end;) Worker.Turn(TimeSpan.FromMilliseconds(5));
        Assert.Equal(0, Worker.LinkCount);
        int before = Heard;
        Until(() => Worker.LinkCount == 2);
        Send(RelayPackets.Rtp(5));
        Until(() => Heard > before);
    }

    [Fact]
    public void Worker_NobodyListens_AsksAgainLessAndLessOften()
    {
        TransportAddress address = Transceiver.Target.Address;
        Transceiver.Dispose();
        for (Instant end = MonotonicClock.Now + TimeSpan.FromSeconds(2); MonotonicClock.Now < end;)
            Worker.Turn(TimeSpan.FromMilliseconds(20));
        // 25, 50, 100… ms at least, two connections: a handful in two seconds.
        Assert.InRange(Worker.LinkCloses.Single(c => c.Key == "Refused").Value, 4, 24);
        Transceiver = new FakeTransceiver(LinkScheme.Tcp, address, incarnation: 2);
        Until(() => Worker.LinkCount == 2);
    }
}
