using Dapr.Voice.Links;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Unit.Relay;

/// <summary>A transceiver that has a link and no sessions: it echoes each packet to where it came from.</summary>
internal sealed class FakeTransceiver : IDisposable
{
    private readonly LinkPort _port;

    public FakeTransceiver(TransportAddress address, ulong incarnation = 1)
    {
        _port = new LinkPort(UdpLinkTransport.Bind(address), new LinkAcceptor(SteeringKeys.LinkKey(), 0, 0, incarnation, 64, MonotonicClock.Now));
        Acceptor.SetSlots([new(3, 1)], MonotonicClock.Now);
    }

    public LinkAcceptor Acceptor => _port.Acceptor;
    public LinkTarget Target => new(_port.Transport.Scheme, _port.Transport.LocalAddress);
    public int Packets { get; private set; }
    public int Unverified { get; private set; }
    public int Units { get; private set; }

    /// <summary>Where the last packet came from.</summary>
    public (SessionId Session, TransportPath Path) Last { get; private set; }

    public void Turn()
    {
        var now = MonotonicClock.Now;
        int count = _port.Receive(now);
        Units += count;
        for (int i = 0; i < count; i++)
        {
            var frames = _port.Read(i, now);
            while (frames.TryRead(out var data))
            {
                Packets++;
                if (data.IsUnverifiedSource) { Unverified++; continue; }
                Last = (data.SessionId, data.Path);
                Send(data.SessionId, data.Path, data.Payload);
            }
        }
        _port.HandleTimeout(now);
        while (_port.TryTakeEvent(out _)) { }
        _port.Flush(now);
    }

    public void Send(SessionId session, TransportPath path, ReadOnlySpan<byte> packet) => _port.TrySend(session, path, packet, MonotonicClock.Now);

    public void Flush() => _port.Flush(MonotonicClock.Now);

    public void Dispose() => _port.Dispose();
}
