using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Tcp;
using Dapr.Voice.TestKit;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Tcp;

/// <summary>Over real sockets on loopback.</summary>
public sealed class TcpFrameSocketTests
{
    private static Socket RawClient(TransportAddress to, int receiveBufferBytes = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0) socket.ReceiveBufferSize = receiveBufferBytes;
        socket.Connect(to.ToIPEndPoint());
        return socket;
    }

    /// <summary>The first connection that came in.</summary>
    private static TcpConnectionId Accepted(TcpPair pair)
    {
        pair.Until(() => pair.ServerEvents.Exists(e => e.Kind == TcpEventKind.Accepted));
        return pair.ServerEvents.Find(e => e.Kind == TcpEventKind.Accepted).Connection;
    }

    private static TcpCloseReason WaitForClose(TcpPair pair)
    {
        pair.Until(() => pair.ServerEvents.Exists(e => e.Kind == TcpEventKind.Closed));
        return pair.ServerEvents.Last(e => e.Kind == TcpEventKind.Closed).Reason;
    }

    [Fact]
    public void Send_BothWays_FramesArriveInOrder()
    {
        using var pair = new TcpPair();
        (TcpConnectionId atClient, TcpConnectionId atServer) = pair.Connect();
        for (byte i = 1; i <= 100; i++)
            Assert.True(pair.Client.Send(atClient, new byte[i], i % 2 == 0 ? TcpFrameClass.Media : TcpFrameClass.Control, TcpPair.Now));
        pair.Until(() => pair.ServerFrames.Count == 100);
        Assert.Equal(Enumerable.Range(1, 100), pair.ServerFrames.Select(f => f.Frame.Length));
        Assert.All(pair.ServerFrames, f => Assert.Equal(atServer, f.From));
        pair.Server.Send(atServer, "answer"u8, TcpFrameClass.Control, TcpPair.Now);
        pair.Until(() => pair.ClientFrames.Count == 1);
        Assert.Equal("answer"u8.ToArray(), pair.ClientFrames[0].Frame);
        Assert.Equal(pair.Server.LocalAddress, pair.Client.RemoteOf(atClient));
    }

    [Fact]
    public void Connect_NobodyListens_IsRefused()
    {
        using var pair = new TcpPair();
        using var gone = new TcpPair();
        TransportAddress address = gone.Server.LocalAddress;
        gone.Dispose();
        TcpConnectionId id = pair.Client.Connect(address, TcpPair.Now);
        pair.Until(() => pair.ClientEvents.Contains(new TcpEvent(TcpEventKind.Closed, id, TcpCloseReason.Refused)));
        Assert.Equal(0, pair.Client.Counters.Open);
    }

    [Fact]
    public void Receive_PeerCloses_IsToldOnceAndTheIdIsOver()
    {
        using var pair = new TcpPair();
        (TcpConnectionId atClient, TcpConnectionId atServer) = pair.Connect();
        pair.Client.Close(atClient);
        Assert.Equal(TcpCloseReason.PeerClosed, WaitForClose(pair));
        Assert.False(pair.Server.Send(atServer, "x"u8, TcpFrameClass.Control, TcpPair.Now));
        (TcpConnectionId _, TcpConnectionId next) = pair.Connect();
        Assert.Equal(atServer.Index, next.Index);
        Assert.NotEqual(atServer, next);
        Assert.Single(pair.ServerEvents, e => e.Kind == TcpEventKind.Closed);
    }

    [Fact]
    public void Receive_PeerResets_IsCountedAsSuch()
    {
        using var pair = new TcpPair();
        using Socket raw = RawClient(pair.Server.LocalAddress);
        Accepted(pair);
        raw.LingerState = new LingerOption(true, 0);
        raw.Close();
        Assert.Equal(TcpCloseReason.Reset, WaitForClose(pair));
        Assert.Equal(1, pair.Server.Counters.Closes(TcpCloseReason.Reset));
    }

    [Fact]
    public void Receive_FrameAboveTheMaximum_ClosesThatConnectionOnly()
    {
        using var pair = new TcpPair();
        (TcpConnectionId atClient, TcpConnectionId atServer) = pair.Connect();
        using Socket raw = RawClient(pair.Server.LocalAddress);
        raw.Send([0, 1, 5, 0xFF, 0xFF, 1, 2, 3]);
        Assert.Equal(TcpCloseReason.FrameTooLong, WaitForClose(pair));
        Assert.Equal([5], Assert.Single(pair.ServerFrames).Frame);
        Assert.Equal(0, raw.Receive(new byte[1], SocketFlags.None, out SocketError error));
        Assert.True(error is SocketError.Success or SocketError.ConnectionReset);
        pair.Client.Send(atClient, "still here"u8, TcpFrameClass.Control, TcpPair.Now);
        pair.Until(() => pair.ServerFrames.Exists(f => f.From == atServer));
    }

    [Fact]
    public void Receive_EmptyFrames_AreCountedAndSkipped()
    {
        using var pair = new TcpPair();
        using Socket raw = RawClient(pair.Server.LocalAddress);
        raw.Send([0, 0, 0, 0, 0, 1, 7]);
        pair.Until(() => pair.ServerFrames.Count == 1);
        Assert.Equal((2, 1), (pair.Server.Counters.EmptyFrames, pair.Server.Counters.FramesReceived));
    }

    [Fact]
    public void HandleTimeout_FrameThatTrickles_ClosesTheConnection()
    {
        using var pair = new TcpPair(new TcpFrameSocketOptions { SlowFrameTime = TimeSpan.FromMilliseconds(100) });
        using Socket raw = RawClient(pair.Server.LocalAddress);
        raw.Send([0, 10, 1]);
        Assert.Equal(TcpCloseReason.SlowFrame, WaitForClose(pair));
        pair.Until(() => pair.Server.NextTimeout == Instant.Never);
    }

    [Fact]
    public void Receive_MoreConnectionsThanPlaces_AreClosedAndCountedAndPlacesAreUsedAgain()
    {
        using var pair = new TcpPair(new TcpFrameSocketOptions { MaximumConnections = 2 });
        using Socket first = RawClient(pair.Server.LocalAddress);
        using Socket second = RawClient(pair.Server.LocalAddress);
        using Socket third = RawClient(pair.Server.LocalAddress);
        pair.Until(() => pair.Server.Counters.Closes(TcpCloseReason.Limit) == 1);
        Assert.Equal(2, pair.Server.Counters.Open);
        first.Close();
        WaitForClose(pair);
        using Socket fourth = RawClient(pair.Server.LocalAddress);
        pair.Until(() => pair.Server.Counters.Accepted == 3);
    }

    [Fact]
    public void Receive_NoDescriptorsLeft_ListenerRestsAndComesBack()
    {
        using var pair = new TcpPair();
        using Socket waiting = RawClient(pair.Server.LocalAddress);
        using (new DescriptorLimit())
        {
            pair.Server.Receive(TcpPair.Now);
            // It rests: what waits in the backlog does not keep the thread busy.
            pair.Server.Receive(TcpPair.Now);
            Assert.True(pair.Client.Connect(pair.Server.LocalAddress, TcpPair.Now).IsNone);
        }
        Assert.Equal((0, 1), (pair.Server.Counters.Accepted, pair.Server.Counters.AcceptPauses));
        Assert.Equal(1, pair.Client.Counters.Closes(TcpCloseReason.Failed));
        Assert.NotEqual(Instant.Never, pair.Server.NextTimeout);
        Accepted(pair);
        pair.Until(() => pair.Server.NextTimeout == Instant.Never);
    }

    [Fact]
    public void Accept_Options_AreThoseOfTheListener()
    {
        using var pair = new TcpPair();
        (TcpConnectionId _, TcpConnectionId atServer) = pair.Connect();
        Assert.Equal((1, 1024, 15_000), pair.Server.KernelOptionsOf(atServer));
    }

    [Fact]
    public void Receive_BurstOfConnections_IsTakenInPortions()
    {
        using var pair = new TcpPair(new TcpFrameSocketOptions { AcceptsPerTurn = 4 });
        var clients = Enumerable.Range(0, 10).Select(_ => RawClient(pair.Server.LocalAddress)).ToList();
        pair.Server.Receive(TcpPair.Now);
        Assert.Equal(4, pair.Server.Counters.Accepted);
        pair.Until(() => pair.Server.Counters.Accepted == 10);
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public void Receive_OneConnectionFloods_OthersAreServedInTheSameTurn()
    {
        using var pair = new TcpPair(new TcpFrameSocketOptions { ReceiveBytesPerConnection = 2048, ReceiveBudgetBytes = 8192 });
        (TcpConnectionId _, TcpConnectionId _) = pair.Connect();
        using Socket flood = RawClient(pair.Server.LocalAddress);
        Accepted(pair);
        byte[] frames = [.. Enumerable.Repeat<byte[]>([0, 98, .. new byte[98]], 2000).SelectMany(f => f)];
        flood.SendBufferSize = 1 << 20;
        flood.Blocking = false;
        flood.Send(frames, SocketFlags.None, out _);
        pair.Client.Send(pair.ClientEvents[0].Connection, "me too"u8, TcpFrameClass.Control, TcpPair.Now);
        pair.Client.Flush(TcpPair.Now);
        pair.Until(() => pair.ServerFrames.Exists(f => f.Frame.Length == 6));
        // The flood had its share of each turn and no more.
        Assert.InRange(pair.ServerFrames.FindIndex(f => f.Frame.Length == 6), 0, 200);
    }

    [Fact]
    public void Send_PeerReadsNothing_MediaIsDroppedOldestFirstAndOthersAreNotHeldUp()
    {
        using var pair = new TcpPair(new TcpFrameSocketOptions { MediaAgeLimit = TimeSpan.FromMilliseconds(50), QueueBytes = 16 * 1024 });
        using Socket stalled = RawClient(pair.Server.LocalAddress, receiveBufferBytes: 2048);
        TcpConnectionId atServer = Accepted(pair);
        (TcpConnectionId _, TcpConnectionId living) = pair.Connect();
        byte[] media = new byte[200];
        int sent = 0;
        pair.Until(() =>
        {
            pair.Server.Send(atServer, media, TcpFrameClass.Media, TcpPair.Now);
            pair.Server.Send(living, media, TcpFrameClass.Media, TcpPair.Now);
            sent++;
            return pair.Server.Counters.MediaDropped > 10;
        });
        pair.Until(() => pair.ClientFrames.Count == sent);
        Assert.Equal(2, pair.Server.Counters.Open);
    }

    [Fact]
    public void Send_PeerReadsNothing_ControlIsNeverDroppedAndEndsTheConnection()
    {
        using var pair = new TcpPair(new TcpFrameSocketOptions { QueueBytes = 16 * 1024 });
        using Socket stalled = RawClient(pair.Server.LocalAddress, receiveBufferBytes: 2048);
        TcpConnectionId atServer = Accepted(pair);
        pair.Until(() =>
        {
            pair.Server.Send(atServer, new byte[1000], TcpFrameClass.Control, TcpPair.Now);
            return pair.ServerEvents.Contains(new TcpEvent(TcpEventKind.Closed, atServer, TcpCloseReason.QueueFull));
        });
        Assert.Equal(0, pair.Server.Counters.MediaDropped);
    }

    [Fact]
    public void Send_SlowReader_EveryFrameThatArrivesIsWhole()
    {
        using var pair = new TcpPair(new TcpFrameSocketOptions { MediaAgeLimit = TimeSpan.FromMilliseconds(5) });
        using Socket slow = RawClient(pair.Server.LocalAddress, receiveBufferBytes: 2048);
        TcpConnectionId atServer = Accepted(pair);
        var wire = new List<byte>();
        byte[] buffer = new byte[701];
        slow.Blocking = false;
        int number = 0, lastControl = 0;
        for (int turn = 0; turn < 400 || slow.Available > 0 || turn < 600; turn++)
        {
            for (int i = 0; i < 4 && turn < 400; i++)
            {
                bool isControl = number % 16 == 0;
                byte[] frame = new byte[300 + (number % 700)];
                (frame[0], frame[1], frame[2]) = (isControl ? (byte)1 : (byte)0, (byte)(number >> 8), (byte)number);
                Assert.True(pair.Server.Send(atServer, frame, isControl ? TcpFrameClass.Control : TcpFrameClass.Media, TcpPair.Now));
                if (isControl) lastControl = number;
                number++;
            }
            pair.Turn();
            for (int reads = turn < 400 ? 1 : 100; reads > 0; reads--)
            {
                int got = slow.Receive(buffer, SocketFlags.None, out _);
                if (got > 0) wire.AddRange(buffer.AsSpan(0, got));
            }
        }
        int previous = -1, controls = 0;
        byte[] bytes = [.. wire];
        for (int at = 0; at < bytes.Length;)
        {
            int length = (bytes[at] << 8) | bytes[at + 1];
            int current = (bytes[at + 3] << 8) | bytes[at + 4];
            Assert.Equal(300 + (current % 700), length);
            Assert.True(current > previous);
            controls += bytes[at + 2];
            previous = current;
            at += 2 + length;
        }
        Assert.Equal((lastControl / 16) + 1, controls);
        Assert.True(pair.Server.Counters.MediaDropped > 0);
    }

    [Fact]
    public void CloseWhenSent_QueueNotEmpty_PeerHearsAllOfItFirst()
    {
        using var pair = new TcpPair();
        (TcpConnectionId _, TcpConnectionId atServer) = pair.Connect();
        for (int i = 0; i < 30; i++) pair.Server.Send(atServer, new byte[1000], TcpFrameClass.Control, TcpPair.Now);
        pair.Server.CloseWhenSent(atServer, TcpPair.Now);
        Assert.False(pair.Server.Send(atServer, "late"u8, TcpFrameClass.Control, TcpPair.Now));
        pair.Until(() => pair.ClientEvents.Exists(e => e.Kind == TcpEventKind.Closed));
        Assert.Equal(30, pair.ClientFrames.Count);
        Assert.Equal(TcpCloseReason.Local, WaitForClose(pair));
        pair.Until(() => pair.Server.NextTimeout == Instant.Never);
    }

    [Fact]
    public void CloseWhenSent_PeerReadsNothing_EndsAfterAMoment()
    {
        using var pair = new TcpPair();
        using Socket stalled = RawClient(pair.Server.LocalAddress, receiveBufferBytes: 2048);
        TcpConnectionId atServer = Accepted(pair);
        for (int i = 0; i < 60; i++) pair.Server.Send(atServer, new byte[1000], TcpFrameClass.Control, TcpPair.Now);
        pair.Server.CloseWhenSent(atServer, TcpPair.Now);
        Assert.Equal(TcpCloseReason.Local, WaitForClose(pair));
    }

    [Fact]
    public void Listen_TwoSocketsOfAProcess_ShareThePortAndAStrangerIsNamed()
    {
        TransportAddress address;
        using (var any = TcpFrameSocket.Create())
        {
            any.Listen(TcpPair.Loopback);
            address = any.LocalAddress;
            using var late = TcpFrameSocket.Create();
            PortBindException e = Assert.Throws<PortBindException>(() => late.Listen(address));
            Assert.Contains("/tcp is taken by", e.Message, StringComparison.Ordinal);
        }
        using var one = TcpFrameSocket.Create();
        using var two = TcpFrameSocket.Create();
        one.Listen(address);
        two.Listen(address);
        var clients = Enumerable.Range(0, 64).Select(_ => RawClient(address)).ToList();
        for (int i = 0; i < 10; i++)
        {
            one.Receive(TcpPair.Now);
            two.Receive(TcpPair.Now);
        }
        Assert.Equal(64, one.Counters.Accepted + two.Counters.Accepted);
        Assert.True(one.Counters.Accepted > 0 && two.Counters.Accepted > 0);
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public void Listen_IPv6Wildcard_TakesIPv4()
    {
        using var server = TcpFrameSocket.Create();
        server.Listen(TransportAddress.From(new IPEndPoint(IPAddress.IPv6Any, 0)));
        using Socket raw = RawClient(TransportAddress.FromIPv4(0x7F000001, server.LocalAddress.Port));
        while (server.Receive(TcpPair.Now) == 0 && server.Counters.Accepted == 0) { }
        Assert.True(server.TryTakeEvent(out TcpEvent accepted));
        Assert.Equal(TransportAddress.From((IPEndPoint)raw.LocalEndPoint!), server.RemoteOf(accepted.Connection));
    }

    [Fact]
    public void Receive_ConnectionAcceptedFromWhatWasLeftOver_IsToldOfBeforeItsFirstFrame()
    {
        // Room for one connection in a turn, so that the listener's event is left over.
        using var pair = new TcpPair(new TcpFrameSocketOptions {
            MaximumFrameBytes = 100, ReceiveBudgetBytes = 1, ReceiveBytesPerConnection = 512 });
        (TcpConnectionId first, TcpConnectionId _) = pair.Connect();
        // The kernel's list of what is ready is empty after this, so that it names the first connection first.
        pair.Turn();
        pair.Client.Send(first, [1], TcpFrameClass.Control, TcpPair.Now);
        pair.Client.Flush(TcpPair.Now);
        TcpConnectionId second = pair.Client.Connect(pair.Server.LocalAddress, TcpPair.Now);
        pair.Client.Send(second, [2], TcpFrameClass.Control, TcpPair.Now);
        while (!pair.ClientEvents.Exists(e => e.Connection == second))
        {
            pair.Client.Receive(TcpPair.Now);
            while (pair.Client.TryTakeEvent(out TcpEvent occurred)) pair.ClientEvents.Add(occurred);
        }
        pair.Client.Flush(TcpPair.Now);
        var accepted = new List<TcpConnectionId>();
        var heard = new List<byte>();
        for (Instant end = TcpPair.Now + TimeSpan.FromSeconds(5); heard.Count < 2 && TcpPair.Now < end;)
        {
            int count = pair.Server.Receive(TcpPair.Now);
            for (int i = 0; i < count; i++)
            {
                pair.Server.Get(i, out Span<byte> frame, out TcpConnectionId from);
                heard.Add(frame[0]);
                Assert.True(frame[0] == 1 || accepted.Contains(from));
            }
            while (pair.Server.TryTakeEvent(out TcpEvent occurred)) accepted.Add(occurred.Connection);
        }
        Assert.Equal([1, 2], heard);
    }

    [Fact]
    public void Send_FrameTooLongOrEmpty_IsCountedNotSent()
    {
        using var pair = new TcpPair();
        (TcpConnectionId atClient, TcpConnectionId _) = pair.Connect();
        Assert.False(pair.Client.Send(atClient, new byte[1501], TcpFrameClass.Control, TcpPair.Now));
        Assert.False(pair.Client.Send(atClient, [], TcpFrameClass.Control, TcpPair.Now));
        Assert.Equal(2, pair.Client.Counters.Oversized);
    }

    [Fact]
    public void Turns_TenThousandFrames_AllocateNothing()
    {
        using var pair = new TcpPair();
        (TcpConnectionId atClient, TcpConnectionId _) = pair.Connect();
        byte[] frame = new byte[160];
        Assert.Equal(0, Allocations.Least(() =>
        {
            long allocated = 0;
            int heard = 0;
            Instant end = TcpPair.Now + TimeSpan.FromSeconds(20);
            while (heard < 10_000 && TcpPair.Now < end)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 20; i++) pair.Client.Send(atClient, frame, TcpFrameClass.Media, TcpPair.Now);
                pair.Client.Receive(TcpPair.Now);
                pair.Client.Flush(TcpPair.Now);
                int count = pair.Server.Receive(TcpPair.Now);
                for (int i = 0; i < count; i++) pair.Server.Get(i, out _, out _);
                heard += count;
                pair.Server.Flush(TcpPair.Now);
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            }
            Assert.True(heard >= 10_000);
            return allocated;
        }));
    }
}
