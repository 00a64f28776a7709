using System.Net;
using System.Net.Sockets;
using Dapr.Voice.TestKit.Network;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Network;

/// <summary>The proxies' sockets, on loopback.</summary>
public sealed class ImpairingProxyTests
{
    private const int LimitMilliseconds = 10_000;

    [Fact]
    public void Udp_WithoutImpairment_PassesBothWays()
    {
        using Socket server = UdpServer();
        using var proxy = UdpImpairingProxy.Start((IPEndPoint)server.LocalEndPoint!);
        using Socket client = UdpClient(proxy);
        byte[] buffer = new byte[2048];
        for (int i = 0; i < 20; i++)
        {
            client.Send([1, (byte)i]);
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            Assert.Equal(2, server.ReceiveFrom(buffer, ref from));
            server.SendTo([2, buffer[1]], from);
            Assert.Equal(2, client.Receive(buffer));
            Assert.Equal((2, i), (buffer[0], buffer[1]));
        }
        Assert.Equal((20, 20), (proxy.Up.Delivered, proxy.Down.Delivered));
    }

    [Fact]
    public void Udp_OfOneSeed_LosesTheSamePackets()
    {
        static string Lost()
        {
            using Socket server = UdpServer();
            using var proxy = UdpImpairingProxy.Start(
                (IPEndPoint)server.LocalEndPoint!, new ProxyOptions { Seed = 9, Up = new ImpairmentOptions { Loss = 0.4 } });
            using Socket client = UdpClient(proxy);
            for (int i = 0; i < 100; i++) client.Send([(byte)i]);
            SpinWait.SpinUntil(() => proxy.Up is { Offered: 100 } up && up.Delivered + up.Lost == 100, LimitMilliseconds);
            Assert.Equal(100, proxy.Up.Offered);
            byte[] buffer = new byte[16];
            var came = new HashSet<int>();
            while (server.Available > 0)
            {
                server.Receive(buffer);
                came.Add(buffer[0]);
            }
            return string.Join(' ', Enumerable.Range(0, 100).Where(i => !came.Contains(i)));
        }
        string first = Lost();
        Assert.Equal(first, Lost());
        Assert.InRange(first.Split(' ').Length, 20, 60);
    }

    [Fact]
    public void Udp_AddressChanged_ComesFromAnotherPort()
    {
        using Socket server = UdpServer();
        using var proxy = UdpImpairingProxy.Start((IPEndPoint)server.LocalEndPoint!);
        using Socket client = UdpClient(proxy);
        byte[] buffer = new byte[16];
        EndPoint before = new IPEndPoint(IPAddress.Any, 0), after = new IPEndPoint(IPAddress.Any, 0);
        client.Send([1]);
        server.ReceiveFrom(buffer, ref before);
        proxy.ChangeAddress();
        client.Send([2]);
        server.ReceiveFrom(buffer, ref after);
        Assert.NotEqual(before, after);
        server.SendTo([3], after);
        Assert.Equal(1, client.Receive(buffer));
        Assert.Equal(3, buffer[0]);
    }

    [Fact]
    public void Udp_StalledInOneDirection_PassesTheOther()
    {
        using Socket server = UdpServer();
        using var proxy = UdpImpairingProxy.Start((IPEndPoint)server.LocalEndPoint!);
        using Socket client = UdpClient(proxy);
        byte[] buffer = new byte[16];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        client.Send([1]);
        server.ReceiveFrom(buffer, ref from);
        proxy.Stall(ProxyDirection.Down);
        server.SendTo([7], from);
        client.Send([2]);
        server.ReceiveFrom(buffer, ref from);
        Assert.True(SpinWait.SpinUntil(() => proxy.Down.Offered == 1, LimitMilliseconds));
        Assert.Equal((0, 0), (proxy.Down.Delivered, client.Available));
        proxy.Resume(ProxyDirection.Down);
        Assert.Equal(1, client.Receive(buffer));
        Assert.Equal(7, buffer[0]);
    }

    [Fact]
    public void Tcp_WithLossJitterAndRate_PassesEveryByteInOrder()
    {
        using Socket listener = TcpListener();
        var impaired = new ImpairmentOptions { Loss = 0.01, Jitter = TimeSpan.FromMilliseconds(2), BitsPerSecond = 80_000_000,
            RetransmissionTime = TimeSpan.FromMilliseconds(5) };
        using var proxy = TcpImpairingProxy.Start((IPEndPoint)listener.LocalEndPoint!, new ProxyOptions { Up = impaired, Down = impaired });
        using Socket client = TcpClient(proxy);
        using Socket server = listener.Accept();
        server.ReceiveTimeout = LimitMilliseconds;
        byte[] sent = new byte[200_000];
        new Random(3).NextBytes(sent);
        var back = new Thread(() =>
        {
            byte[] buffer = new byte[4096];
            int read;
            while ((read = server.Receive(buffer)) > 0) server.Send(buffer.AsSpan(0, read));
            server.Shutdown(SocketShutdown.Send);
        });
        back.Start();
        var sender = new Thread(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        sender.Start();
        byte[] received = new byte[sent.Length];
        int got = 0;
        while (got < received.Length && client.Receive(received.AsSpan(got)) is > 0 and var more) got += more;
        Assert.Equal(sent, received);
        // The end of the stream comes through, too.
        Assert.Equal(0, client.Receive(received));
        sender.Join();
        back.Join();
    }

    [Fact]
    public void Tcp_Stalled_LeavesTheRestWithTheSender()
    {
        using Socket listener = TcpListener();
        using var proxy = TcpImpairingProxy.Start((IPEndPoint)listener.LocalEndPoint!);
        using Socket client = TcpClient(proxy);
        using Socket server = listener.Accept();
        server.SendBufferSize = 4096;
        server.Blocking = false;
        Assert.True(SpinWait.SpinUntil(() => proxy.Accepted == 1, LimitMilliseconds));
        proxy.Stall(ProxyDirection.Down);
        byte[] bytes = new byte[1024];
        int taken = 0;
        for (int quiet = 0; quiet < 50;)
        {
            int written = server.Send(bytes, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                quiet++;
                Thread.Sleep(1);
                continue;
            }
            taken += written;
            quiet = 0;
            Assert.True(taken < 200_000, "the stall does not reach the sender");
        }
        Assert.Equal(0, proxy.Down.Offered);
        proxy.Resume(ProxyDirection.Down);
        int received = 0;
        while (received < taken && client.Receive(bytes) is > 0 and var more) received += more;
        Assert.Equal(taken, received);
    }

    [Fact]
    public void Tcp_AddressChanged_ResetsBothSides()
    {
        using Socket listener = TcpListener();
        using var proxy = TcpImpairingProxy.Start((IPEndPoint)listener.LocalEndPoint!);
        using Socket client = TcpClient(proxy);
        using Socket server = listener.Accept();
        server.ReceiveTimeout = LimitMilliseconds;
        proxy.ChangeAddress();
        byte[] buffer = new byte[16];
        foreach (Socket? side in new[] { client, server })
            Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => side.Receive(buffer)).SocketErrorCode);
        using Socket again = TcpClient(proxy);
        using Socket accepted = listener.Accept();
        again.Send([5]);
        Assert.Equal(1, accepted.Receive(buffer));
        Assert.Equal(2, proxy.Accepted);
    }

    private static Socket UdpServer()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = LimitMilliseconds };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static Socket UdpClient(ImpairingProxy proxy)
    {
        Socket socket = UdpServer();
        socket.Connect(proxy.EndPoint);
        return socket;
    }

    private static Socket TcpListener()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private static Socket TcpClient(ImpairingProxy proxy)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = LimitMilliseconds };
        socket.Connect(proxy.EndPoint);
        return socket;
    }
}
