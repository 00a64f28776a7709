using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Unit.Relay;

/// <summary>A transceiver that has a link and no sessions: it echoes each packet to where it came from.</summary>
internal sealed class FakeTransceiver : IDisposable
{
    private readonly UdpBatchSocket _socket;
    private readonly OpenDatagram[] _open = new OpenDatagram[LinkAcceptor.MaximumLinks];
    private readonly byte[] _buffer = new byte[LinkFrame.CoalescedBytes];

    public FakeTransceiver(TransportAddress address, ulong incarnation = 1)
    {
        _socket = UdpBatchSocket.Bind(address);
        Acceptor = new LinkAcceptor(SteeringKeys.LinkKey(), 0, 0, incarnation, 64, MonotonicClock.Now);
        Acceptor.SetSlots([new(3, 1)], MonotonicClock.Now);
    }

    public LinkAcceptor Acceptor { get; }
    public TransportAddress Address => _socket.LocalAddress;
    public int Packets { get; private set; }
    public int Unverified { get; private set; }
    public int Datagrams { get; private set; }

    /// <summary>Where the last packet came from.</summary>
    public (SessionId Session, TransportPath Path) Last { get; private set; }

    public void Turn()
    {
        var now = MonotonicClock.Now;
        int count = _socket.Receive();
        Datagrams += count;
        for (int i = 0; i < count; i++)
        {
            _socket.Get(i, out var datagram, out var from, out _);
            var frames = Acceptor.Receive(datagram, from, now);
            while (frames.TryRead(out var data))
            {
                Packets++;
                if (data.IsUnverifiedSource) { Unverified++; continue; }
                Last = (data.SessionId, data.Path);
                Send(data.SessionId, data.Path, data.Payload);
            }
        }
        if (now >= Acceptor.NextTimeout) Acceptor.HandleTimeout(now);
        while (Acceptor.TryTransmit(_buffer, out int length, out var to, now)) _buffer.AsSpan(0, length).CopyTo(_socket.Queue(to, default, length));
        while (Acceptor.TryTakeEvent(out _)) { }
        _socket.Flush();
    }

    public void Send(SessionId session, TransportPath path, ReadOnlySpan<byte> packet)
    {
        if (!Acceptor.TryGetRelay(path, out var relay)) return;
        var room = _socket.Append(ref _open[LinkBase.Link(path.Base)], relay, LinkAcceptor.DataFrameLength(path, packet.Length), LinkFrame.CoalescedBytes);
        Acceptor.WriteData(room, session, path, packet);
    }

    public void Flush() => _socket.Flush();

    public void Dispose() => _socket.Dispose();
}
