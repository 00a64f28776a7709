using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

/// <summary>
/// A transceiver worker's end of all its links: the <see cref="LinkAcceptor"/> on top of the transport that carries its frames. One thread
/// owns it. A turn of that thread calls <see cref="Receive"/> and <see cref="Read"/>, then <see cref="HandleTimeout"/>, then takes all
/// events, then calls <see cref="Flush"/>.
/// </summary>
/// <param name="transport">Owned from here on.</param>
public sealed class LinkPort(LinkTransport transport, LinkAcceptor acceptor) : IDisposable
{
    private readonly OpenDatagram[] _open = new OpenDatagram[LinkAcceptor.MaximumLinks];
    private readonly TransportAddress[] _peers = new TransportAddress[LinkAcceptor.MaximumLinks];
    private readonly byte[] _control = new byte[2048];

    public LinkTransport Transport { get; } = transport;
    public LinkAcceptor Acceptor { get; } = acceptor;

    public Instant NextTimeout => Instant.Min(Acceptor.NextTimeout, Transport.NextTimeout);

    /// <summary>Receives what has arrived, without waiting. Returns the number of units; pass each index to <see cref="Read"/>.</summary>
    public int Receive(Instant now) => Transport.Receive(now);

    /// <summary>Enumerates the packets in a unit. The enumeration also handles the unit's control frames, so read it to the end.</summary>
    public LinkAcceptor.Frames Read(int index, Instant now)
    {
        Transport.Get(index, out Span<byte> unit, out TransportAddress from);
        return Acceptor.Receive(unit, from, now);
    }

    /// <summary>
    /// Queues a session's packet for the client at the end of the path; false if no relay was ever there, which is counted.
    /// </summary>
    public bool TrySend(SessionId session, in TransportPath to, ReadOnlySpan<byte> packet, Instant now)
    {
        if (!Acceptor.TryGetRelay(to, session, out int link, out TransportAddress relay)) return false;
        if (Transport.TryAppend(ref _open[link], relay, LinkAcceptor.DataFrameLength(to, packet.Length), LinkTransport.IsAudio(packet), now,
            out Span<byte> room))
            Acceptor.WriteData(room, link, session, to, packet);
        return true;
    }

    /// <summary>Runs the timers that are due and handles connections that have closed.</summary>
    public void HandleTimeout(Instant now)
    {
        if (Transport.NextTimeout <= now) Transport.HandleTimeout(now);
        while (Transport.TryTakeEvent(out LinkTransportEvent occurred))
        {
            if (occurred.Kind == LinkTransportEventKind.Closed) Acceptor.Disconnect(occurred.Peer);
            else if (occurred.Kind == LinkTransportEventKind.Refused) Acceptor.NoteRefused(occurred.Peer, now);
        }
        if (Acceptor.NextTimeout <= now) Acceptor.HandleTimeout(now);
    }

    /// <summary>
    /// Takes the next event of the links. Call it until it returns false: connections are updated while events are taken.
    /// </summary>
    public bool TryTakeEvent(out LinkEvent occurred)
    {
        if (!Acceptor.TryTakeEvent(out occurred)) return false;
        int link = occurred.Link;
        if (occurred.Kind is LinkEventKind.Up or LinkEventKind.Replaced)
        {
            TransportAddress peer = Acceptor.Address(link);
            // What is still being filled for this relay would go to its old address.
            _open[link] = default;
            if (_peers[link] != peer && _peers[link] != default) Transport.Close(_peers[link]);
            _peers[link] = peer;
            Transport.Admit(peer);
        }
        else if (occurred.Kind == LinkEventKind.Down)
        {
            Transport.Close(_peers[link]);
        }
        return true;
    }

    /// <summary>Sends what is queued, control frames included.</summary>
    public void Flush(Instant now)
    {
        while (Acceptor.TryTransmit(_control, out int length, out TransportAddress to, now))
            Transport.SendControl(to, _control.AsSpan(0, length), now);
        Transport.Flush(now);
    }

    /// <summary>Sends only the queued packets. Use it when the turn still has other work to do.</summary>
    public void FlushPackets(Instant now) => Transport.Flush(now);

    public void Dispose() => Transport.Dispose();
}
