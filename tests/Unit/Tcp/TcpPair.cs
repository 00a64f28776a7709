using Dapr.Voice.Tcp;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Tcp;

/// <summary>A listening socket and one that connects to it, both driven by the test's thread; remembers what happened at each.</summary>
internal sealed class TcpPair : IDisposable
{
    public static readonly TransportAddress Loopback = TransportAddress.FromIPv4(0x7F000001, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller;

    public TcpPair(TcpFrameSocketOptions? server = null, TcpFrameSocketOptions? client = null)
    {
        Server = TcpFrameSocket.Create(server);
        Client = TcpFrameSocket.Create(client);
        Server.Listen(Loopback);
        _poller = new SocketPoller(_wakeUp, Server.Descriptor, Client.Descriptor);
    }

    public TcpFrameSocket Server { get; }
    public TcpFrameSocket Client { get; }
    public List<TcpEvent> ServerEvents { get; } = [];
    public List<TcpEvent> ClientEvents { get; } = [];
    public List<(TcpConnectionId From, byte[] Frame)> ServerFrames { get; } = [];
    public List<(TcpConnectionId From, byte[] Frame)> ClientFrames { get; } = [];

    /// <summary>False: the client leaves what comes where it is.</summary>
    public bool IsClientReading { get; set; } = true;

    public static Instant Now => MonotonicClock.Now;

    /// <summary>Opens a connection and waits for both ends.</summary>
    public (TcpConnectionId AtClient, TcpConnectionId AtServer) Connect()
    {
        int accepted = ServerEvents.Count(e => e.Kind == TcpEventKind.Accepted);
        TcpConnectionId id = Client.Connect(Server.LocalAddress, Now);
        Until(() => ServerEvents.Count(e => e.Kind == TcpEventKind.Accepted) > accepted
            && ClientEvents.Contains(new TcpEvent(TcpEventKind.Connected, id)));
        return (id, ServerEvents.Last(e => e.Kind == TcpEventKind.Accepted).Connection);
    }

    public void Turn()
    {
        _poller.Wait(TimeSpan.FromMilliseconds(1));
        Turn(Server, ServerEvents, ServerFrames);
        if (IsClientReading) Turn(Client, ClientEvents, ClientFrames);
        else Client.Flush(Now);
    }

    public void Until(Func<bool> condition)
    {
        Instant end = Now + Patience;
        while (!condition())
        {
            Assert.True(Now < end, "The condition never came true.");
            Turn();
        }
    }

    public void Dispose()
    {
        _poller.Dispose();
        _wakeUp.Dispose();
        Server.Dispose();
        Client.Dispose();
    }

    private static void Turn(TcpFrameSocket socket, List<TcpEvent> events, List<(TcpConnectionId, byte[])> frames)
    {
        int count = socket.Receive(Now);
        for (int i = 0; i < count; i++)
        {
            socket.Get(i, out Span<byte> frame, out TcpConnectionId from);
            frames.Add((from, frame.ToArray()));
        }
        socket.HandleTimeout(Now);
        socket.Flush(Now);
        while (socket.TryTakeEvent(out TcpEvent occurred)) events.Add(occurred);
    }
}
