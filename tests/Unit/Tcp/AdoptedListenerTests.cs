using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Native;
using Dapr.Voice.Tcp;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Tcp;

public sealed class AdoptedListenerTests
{
    [Fact]
    public void Adopt_ListenerWithConnectionsThatWaited_TakesThemAndNewOnes()
    {
        using Socket held = Held(out TransportAddress local);
        using var clients = TcpFrameSocket.Create();
        clients.Connect(local, MonotonicClock.Now);
        using var server = TcpFrameSocket.Create();
        server.Adopt(Duplicate(held), local);
        clients.Connect(local, MonotonicClock.Now);
        Until(() => server.Counters.Accepted == 2, server, clients);
    }

    [Fact]
    public void Adopt_OwnerGone_TheNextOneGetsWhoCameMeanwhile()
    {
        using Socket held = Held(out TransportAddress local);
        using var clients = TcpFrameSocket.Create();
        using (var first = TcpFrameSocket.Create()) first.Adopt(Duplicate(held), local);
        clients.Connect(local, MonotonicClock.Now);
        using var second = TcpFrameSocket.Create();
        second.Adopt(Duplicate(held), local);
        Until(() => second.Counters.Accepted == 1, second, clients);
        Assert.Equal(0, clients.Counters.Closes(TcpCloseReason.Refused));
    }

    [Fact]
    public void Adopt_ListenerOfAnotherAddress_SaysSo()
    {
        using Socket held = Held(out TransportAddress local);
        using var server = TcpFrameSocket.Create();
        var wrong = TransportAddress.FromIPv4(local.IPv4, 1);
        Assert.Contains($"not at {wrong}", Assert.Throws<PortBindException>(() => server.Adopt(Duplicate(held), wrong)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Adopt_NoListener_SaysSo()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var server = TcpFrameSocket.Create();
        Assert.Contains("no listening TCP socket", Assert.Throws<PortBindException>(
            () => server.Adopt((int)socket.Handle, default)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rest_ListenerAwake_AcceptsOnlyThenWhoCameMeanwhile()
    {
        using var server = TcpFrameSocket.Create();
        using var clients = TcpFrameSocket.Create();
        server.Listen(TransportAddress.FromIPv4(0x7F000001, 0));
        server.Rest(MonotonicClock.Now + TimeSpan.FromMinutes(1));
        clients.Connect(server.LocalAddress, MonotonicClock.Now);
        Until(() => clients.Counters.Connected == 1, server, clients);
        Assert.Equal(0, server.Counters.Accepted);
        server.Wake();
        Until(() => server.Counters.Accepted == 1, server, clients);
    }

    private static Socket Held(out TransportAddress local)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(16);
        local = TransportAddress.From((IPEndPoint)socket.LocalEndPoint!);
        return socket;
    }

    /// <summary>What a process that is started gets.</summary>
    private static int Duplicate(Socket socket) => LibC.fcntl((int)socket.Handle, LibC.F_DUPFD_CLOEXEC, 3);

    private static void Until(Func<bool> condition, params TcpFrameSocket[] sockets)
    {
        Instant end = MonotonicClock.Now + TimeSpan.FromSeconds(5);
        while (!condition())
        {
            Assert.True(MonotonicClock.Now < end, "The condition never came true.");
            foreach (TcpFrameSocket socket in sockets)
            {
                socket.Receive(MonotonicClock.Now);
                while (socket.TryTakeEvent(out _))
                {
                }
            }
        }
    }
}
