using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

/// <summary>
/// A transceiver worker's end of all its links: the <see cref="LinkAcceptor"/> over what carries its frames. One thread's. A turn is
/// <see cref="Receive"/> and
/// <see cref="Read"/>, then <see cref="HandleTimeout"/>, then the events until there is none, then <see cref="Flush"/>.
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

    /// <summary>Takes what has arrived, without waiting; returns how many units, each for <see cref="Read"/>.</summary>
    public int Receive(Instant now) => Transport.Receive(now);

    /// <summary>The packets in a unit. Reading them is what handles the other frames, so read to the end.</summary>
    public LinkAcceptor.Frames Read(int index, Instant now)
    {
        Transport.Get(index, out var unit, out var from);
        return Acceptor.Receive(unit, from, now);
    }

    /// <summary>
    /// Queues a session's packet for the client at the end of the path; false if no relay was ever there, which is counted.
    /// </summary>
    public bool TrySend(SessionId session, in TransportPath to, ReadOnlySpan<byte> packet, Instant now)
    {
        if (!Acceptor.TryGetRelay(to, session, out int link, out var relay)) return false;
        if (Transport.TryAppend(ref _open[link], relay, LinkAcceptor.DataFrameLength(to, packet.Length), LinkTransport.IsAudio(packet), now,
            out var room))
            Acceptor.WriteData(room, link, session, to, packet);
        return true;
    }

    /// <summary>Runs the timers that are due and takes note of connections that are gone.</summary>
    public void HandleTimeout(Instant now)
    {
        if (Transport.NextTimeout <= now) Transport.HandleTimeout(now);
        while (Transport.TryTakeEvent(out var occurred))
        {
            if (occurred.Kind == LinkTransportEventKind.Closed) Acceptor.Disconnect(occurred.Peer);
        }
        if (Acceptor.NextTimeout <= now) Acceptor.HandleTimeout(now);
    }

    /// <summary>What happened on the links. What it means for their connections is done on the way, so take all.</summary>
    public bool TryTakeEvent(out LinkEvent occurred)
    {
        if (!Acceptor.TryTakeEvent(out occurred)) return false;
        int link = occurred.Link;
        if (occurred.Kind is LinkEventKind.Up or LinkEventKind.Replaced)
        {
            var peer = Acceptor.Address(link);
            // What is being filled for the relay before it goes to its old address.
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
        while (Acceptor.TryTransmit(_control, out int length, out var to, now)) Transport.SendControl(to, _control.AsSpan(0, length), now);
        Transport.Flush(now);
    }

    /// <summary>Sends the packets that are queued, for one who has more to do before the end of the turn.</summary>
    public void FlushPackets(Instant now) => Transport.Flush(now);

    public void Dispose() => Transport.Dispose();
}
