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

    private static TcpConnectionId Accepted(TcpPair pair)
    {
        pair.Until(() => pair.ServerEvents.Exists(e => e.Kind == TcpEventKind.Accepted));
        return pair.ServerEvents.Last(e => e.Kind == TcpEventKind.Accepted).Connection;
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
        var (atClient, atServer) = pair.Connect();
        for (byte i = 1; i <= 100; i++) Assert.True(pair.Client.Send(atClient, new byte[i], i % 2 == 0 ? TcpFrameClass.Media : TcpFrameClass.Control, TcpPair.Now));
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
        var address = gone.Server.LocalAddress;
        gone.Dispose();
        var id = pair.Client.Connect(address, TcpPair.Now);
        pair.Until(() => pair.ClientEvents.Contains(new TcpEvent(TcpEventKind.Closed, id, TcpCloseReason.Refused)));
        Assert.Equal(0, pair.Client.Counters.Open);
    }

    [Fact]
    public void Receive_PeerCloses_IsToldOnceAndTheIdIsOver()
    {
        using var pair = new TcpPair();
        var (atClient, atServer) = pair.Connect();
        pair.Client.Close(atClient);
        Assert.Equal(TcpCloseReason.PeerClosed, WaitForClose(pair));
        Assert.False(pair.Server.Send(atServer, "x"u8, TcpFrameClass.Control, TcpPair.Now));
        var (_, next) = pair.Connect();
        Assert.Equal(atServer.Index, next.Index);
        Assert.NotEqual(atServer, next);
        Assert.Single(pair.ServerEvents, e => e.Kind == TcpEventKind.Closed);
    }

    [Fact]
    public void Receive_PeerResets_IsCountedAsSuch()
    {
        using var pair = new TcpPair();
        using var raw = RawClient(pair.Server.LocalAddress);
        Accepted(pair);
        raw.LingerState = new LingerOption(true, 0);
        raw.Close();
        Assert.Equal(TcpCloseReason.Reset, WaitForClose(pair));
        Assert.Equal(1, pair.Server.Counters.Closes(TcpCloseReason.Reset));
    }
}
