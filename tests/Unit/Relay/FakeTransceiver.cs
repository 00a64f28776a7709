using System.Security.Cryptography;
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

    public FakeTransceiver(LinkScheme scheme, TransportAddress address, ulong incarnation = 1, ushort slot = 3)
    {
        _port = new LinkPort(scheme == LinkScheme.Tcp ? TcpLinkTransport.Listen(address) : UdpLinkTransport.Bind(address),
            new LinkAcceptor(SteeringKeys.LinkKey(), 0, 0, incarnation, 64, RandomNumberGenerator.Fill, MonotonicClock.Now));
        Acceptor.SetSlots([new(slot, 1)], MonotonicClock.Now);
    }

    public LinkTransport Transport => _port.Transport;
    public LinkAcceptor Acceptor => _port.Acceptor;
    public LinkTarget Target => new(_port.Transport.Scheme, _port.Transport.LocalAddress);
    public List<LinkEvent> Events { get; } = [];
    public int Packets { get; private set; }
    public int Unverified { get; private set; }
    public int Units { get; private set; }

    /// <summary>Where the last packet came from.</summary>
    public (SessionId Session, TransportPath Path) Last { get; private set; }

    public void Turn()
    {
        Instant now = MonotonicClock.Now;
        int count = _port.Receive(now);
        Units += count;
        for (int i = 0; i < count; i++)
        {
            LinkAcceptor.Frames frames = _port.Read(i, now);
            while (frames.TryRead(out LinkData data))
            {
                Packets++;
                if (data.IsUnverifiedSource) { Unverified++; continue; }
                Last = (data.SessionId, data.Path);
                Send(data.SessionId, data.Path, data.Payload);
            }
        }
        _port.HandleTimeout(now);
        while (_port.TryTakeEvent(out LinkEvent occurred)) Events.Add(occurred);
        _port.Flush(now);
    }

    public void Send(SessionId session, TransportPath path, ReadOnlySpan<byte> packet)
        => _port.TrySend(session, path, packet, MonotonicClock.Now);

    /// <summary>Cuts the connection that a link came by, as its end of a broken one would.</summary>
    public void Break(int link)
    {
        TransportAddress peer = Acceptor.Address(link);
        _port.Transport.Close(peer);
        Acceptor.Disconnect(peer);
    }

    public void Flush() => _port.Flush(MonotonicClock.Now);

    public void Dispose() => _port.Dispose();
}
