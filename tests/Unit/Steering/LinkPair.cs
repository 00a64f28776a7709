using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

/// <summary>A relay's end and a transceiver's end joined by a network that the test can cut, in virtual time.</summary>
internal sealed class LinkPair
{
    public const int SlotCount = 64;
    public static readonly TransportAddress RelayAddress = TransportAddress.FromIPv4(0x0A000001, 40001);
    public static readonly TransportAddress TransceiverAddress = TransportAddress.FromIPv4(0x0A000002, 20000);
    public static readonly TransportAddress Client = TransportAddress.FromIPv4(0xC0000207, 5004);

    private ulong _handshakers;
    private readonly byte[] _buffer = new byte[2048];

    /// <param name="seed">Of the random bytes of both ends: two pairs with one seed have the same cookies.</param>
    public LinkPair(int acceptorKey = 9, ulong seed = 0)
    {
        _handshakers = seed;
        Acceptor = NewAcceptor(1, acceptorKey);
        Connector = NewConnector(1);
    }

    public LinkConnector Connector { get; set; }
    public LinkAcceptor Acceptor { get; set; }
    public Instant Now { get; private set; } = Instant.FromMilliseconds(1_000_000);
    public TransportAddress ConnectorAddress { get; set; } = RelayAddress;
    public bool IsCut { get; set; }
    public List<byte[]> ToAcceptor { get; } = [];
    public List<byte[]> ToConnector { get; } = [];
    public List<LinkEvent> AcceptorEvents { get; } = [];
    public List<LinkEvent> ConnectorEvents { get; } = [];
    public List<(SessionId Session, TransportPath Path, bool IsUnverified, byte[] Packet)> Up { get; } = [];
    public List<(LinkFrameKind Kind, SessionId Session, TransportAddress Client, byte Ingress, byte[] Packet)> Down { get; } = [];

    public LinkConnector NewConnector(
        ulong incarnation, string id = "relay-0.0", int slotCount = SlotCount, long[]? seen = null, byte region = 0)
        => new(SteeringKeys.LinkKey(), id, incarnation, TransceiverAddress, slotCount, Seeded.Random(1 + _handshakers++), Now,
        new SlotEpochs(region, seen));

    public LinkAcceptor NewAcceptor(ulong incarnation, int key = 9, int slotCount = SlotCount)
        => new(SteeringKeys.LinkKey(key), 0, 3, incarnation, slotCount, Seeded.Random(1 + _handshakers++), Now);

    /// <summary>Delivers until neither end has anything to say at this instant.</summary>
    public void Exchange()
    {
        for (bool isBusy = true; isBusy;)
        {
            isBusy = false;
            while (Connector.TryTransmit(_buffer, out int length, Now))
            {
                isBusy = true;
                byte[] datagram = _buffer[..length];
                ToAcceptor.Add(datagram);
                if (!IsCut) DeliverToAcceptor(datagram, ConnectorAddress);
            }
            while (Acceptor.TryTransmit(_buffer, out int length, out TransportAddress to, Now))
            {
                isBusy = true;
                byte[] datagram = _buffer[..length];
                ToConnector.Add(datagram);
                if (!IsCut && to == ConnectorAddress) DeliverToConnector(datagram);
            }
        }
        while (Connector.TryTakeEvent(out LinkEvent e)) ConnectorEvents.Add(e);
        while (Acceptor.TryTakeEvent(out LinkEvent e)) AcceptorEvents.Add(e);
    }

    public void DeliverToAcceptor(byte[] datagram, TransportAddress from)
    {
        LinkAcceptor.Frames frames = Acceptor.Receive(datagram.ToArray(), from, Now);
        while (frames.TryRead(out LinkData data)) Up.Add((data.SessionId, data.Path, data.IsUnverifiedSource, data.Payload.ToArray()));
    }

    public void DeliverToConnector(byte[] datagram)
    {
        LinkConnector.Frames frames = Connector.Receive(datagram.ToArray(), Now);
        while (frames.TryRead(out LinkFrame frame))
            Down.Add((frame.Kind, frame.SessionId, frame.Client, frame.Ingress, frame.Payload.ToArray()));
    }

    /// <summary>Moves time from timer to timer.</summary>
    public void Run(TimeSpan duration)
    {
        Instant end = Now + duration;
        Exchange();
        while (true)
        {
            var next = Instant.Min(Connector.NextTimeout, Acceptor.NextTimeout);
            if (next > end) break;
            Now = Instant.Max(Now, next);
            Connector.HandleTimeout(Now);
            Acceptor.HandleTimeout(Now);
            Exchange();
        }
        Now = end;
    }

    public byte[] UpFrame(ulong session, byte[] packet, bool isUnverified = false)
    {
        int length = Connector.WriteData(_buffer, new SessionId(session), Client, 2, isUnverified, packet);
        return _buffer[..length];
    }

    public byte[] DownFrame(ulong session, TransportPath path, byte[] packet)
    {
        Assert.True(Acceptor.TryGetRelay(path, new SessionId(session), out int link, out _));
        int length = Acceptor.WriteData(_buffer, link, new SessionId(session), path, packet);
        return _buffer[..length];
    }
}
