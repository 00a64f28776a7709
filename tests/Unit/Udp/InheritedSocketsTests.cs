using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Native;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Udp;

public sealed class InheritedSocketsTests
{
    [Theory]
    [InlineData("77", "1", 1)]
    [InlineData("77", "2", 2)]
    [InlineData("76", "1", 0)]
    [InlineData(null, "1", 0)]
    [InlineData("77", null, 0)]
    [InlineData("77", "0", 0)]
    [InlineData("77", "-1", 0)]
    [InlineData("77", "65", 0)]
    [InlineData("x", "y", 0)]
    public void Find_Environment_NamesWhatIsMeantForThisProcess(string? pid, string? count, int expected)
    {
        var found = InheritedSockets.Find(name => name is "LISTEN_PID" ? pid : name is "LISTEN_FDS" ? count : null, 77);
        // What stands at these descriptors here is the test host's. Each of them is of one kind.
        Assert.InRange(found.Datagram.Count + found.Stream.Count + (found.Memory is null ? 0 : 1), Math.Min(expected, 1), expected);
    }

    [Fact]
    public void Sort_DescriptorsOfEachKind_AreToldApart()
    {
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        int memory = LibC.memfd_create("test", LibC.MFD_CLOEXEC);
        var sorted = InheritedSockets.Sort([(int)tcp.Handle, memory, (int)udp.Handle]);
        Assert.Equal([(int)udp.Handle], sorted.Datagram);
        Assert.Equal([(int)tcp.Handle], sorted.Stream);
        Assert.Equal(memory, sorted.Memory);
        _ = LibC.close(memory);
    }

    [Fact]
    public void Adopt_OwnerGone_TheNextOneGetsWhatCameMeanwhile()
    {
        using Socket held = Held(out TransportAddress local);
        using var client = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F000001, 0));
        var shared = new UdpSocketOptions { IsPortShared = true };
        UdpBatchSocket.Adopt(Duplicate(held), local, shared).Dispose();
        for (int i = 0; i < 10; i++) client.Queue(local, default, 1)[0] = (byte)i;
        client.Flush();
        using var next = UdpBatchSocket.Adopt(Duplicate(held), local, shared);
        Assert.Equal(local, next.LocalAddress);
        Assert.Equal(10, next.Receive());
        next.Get(9, out Span<byte> last, out TransportAddress from, out TransportAddress to);
        Assert.Equal((9, client.LocalAddress), (last[0], from));
        // The socket names the address that a packet came to, as one that this process has opened.
        Assert.Equal(TransportAddress.FromIPv4(0x7F000001, 0), to);
    }

    [Fact]
    public void Adopt_SocketOfAnotherAddress_SaysSo()
    {
        using Socket held = Held(out TransportAddress local);
        var wrong = TransportAddress.FromIPv4(local.IPv4, 1);
        Assert.Contains($"not to {wrong}", Assert.Throws<PortBindException>(() => UdpBatchSocket.Adopt(Duplicate(held), wrong)).Message,
            StringComparison.Ordinal);
    }

    private static Socket Held(out TransportAddress local)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        local = TransportAddress.From((IPEndPoint)socket.LocalEndPoint!);
        return socket;
    }

    /// <summary>What a process that is started gets.</summary>
    private static int Duplicate(Socket socket) => LibC.fcntl((int)socket.Handle, LibC.F_DUPFD_CLOEXEC, 3);
}
