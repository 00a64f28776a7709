using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Links;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Fuzz.Live;
using Dapr.Voice.Tests.Unit.Relay;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

/// <summary>Links over TCP, attacked at both ends, by strangers and by those who have the key.</summary>
internal static class LinkStreamTargets
{
    public static IEnumerable<FuzzTarget> All(WireCorpus wire)
    {
        Corpus units = SteeringTargets.RecordLink(wire);
        Corpus corpus = StreamCorpus.Of([.. units.Items]);
        yield return new AcceptorTarget("link over TCP, transceiver", 60_000, corpus, isInsider: false);
        yield return new AcceptorTarget("link over TCP, relay with key", 60_000, corpus, isInsider: true);
        yield return new ConnectorTarget("link over TCP, relay", 50_000, corpus, isInsider: false);
        yield return new ConnectorTarget("link over TCP, owner with key", 50_000, corpus, isInsider: true);
    }

    /// <summary>Right cookies and tags in every unit that the damage has left readable.</summary>
    private static void MendUnits(Mutator mutator, Span<byte> stream, ulong cookie, LinkKey key)
    {
        while (stream.Length > 2)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(stream);
            if (length + 2 > stream.Length) return;
            SteeringTargets.Mend(mutator, stream.Slice(2, length), cookie, key);
            stream = stream[(2 + length)..];
        }
    }

    /// <summary>
    /// Calls <paramref name="take"/> with each unit that a connection has brought. Units that came in part are of no interest here.
    /// </summary>
    private static void ReadUnits(RawConnection connection, byte[] buffer, Action<byte[]> take)
    {
        Span<byte> rest = buffer.AsSpan(0, connection.Receive(buffer));
        while (rest.Length > 2 && BinaryPrimitives.ReadUInt16BigEndian(rest) is var length && length + 2 <= rest.Length)
        {
            take(rest.Slice(2, length).ToArray());
            rest = rest[(2 + length)..];
        }
    }

    /// <summary>The transceiver's port. The honest relay's link and its client's packets are not touched, whoever comes.</summary>
    private sealed class AcceptorTarget(string name, int inputs, Corpus corpus, bool isInsider) : StreamTarget(name, inputs)
    {
        private const int Intruders = 16;
        private readonly TcpRelay _relay = new();
        private readonly LinkKey _key = SteeringKeys.LinkKey();
        private readonly ulong[] _cookies = new ulong[16];
        private readonly byte[] _buffer = new byte[8192];
        private int _turns, _welcomed;

        public override void Finish()
        {
            base.Finish();
            _relay.Until(() => _relay.Heard == _relay.Sent);
            Require(_relay.IsHonestClientOpen && _relay.Worker.LinkCount == _relay.Options.LinkConnections);
            // Each packet came once, and not by a stranger.
            if (!isInsider) Require(_relay.Transceiver.Packets == _relay.Sent);
            foreach (LinkDrop reason in Enum.GetValues<LinkDrop>()) Refuse(reason.ToString(), _relay.Transceiver.Acceptor.Drops[reason]);
            foreach ((string reason, long count) in _relay.Transceiver.Transport.Closes) Refuse($"(closed {reason})", count);
            Refuse("(handshakes made)", _welcomed);
            Refuse("(packets of the honest client, all answered)", _relay.Sent);
            Accepted = _relay.Transceiver.Packets - _relay.Sent;
            Require(!isInsider || (_welcomed > 100 && Accepted > 0));
        }

        public override void Dispose()
        {
            base.Dispose();
            _relay.Dispose();
        }

        protected override RawConnection TryOpen(Mutator mutator)
        {
            var connection = new RawConnection(_relay.Transceiver.Transport.LocalAddress);
            _cookies[Place] = 0;
            if (isInsider && !mutator.OneIn(4)) _cookies[Place] = ShakeHands(connection, mutator.Next(Intruders));
            return connection;
        }

        protected override int MakeStream(Mutator mutator, Span<byte> buffer)
        {
            int length = mutator.Mutate(corpus, buffer);
            if (isInsider) MendUnits(mutator, buffer[..length], _cookies[Place], _key);
            return length;
        }

        protected override void Turn()
        {
            if (_turns++ % 8 == 0) _relay.Talk();
            _relay.Turn();
            Require(_relay.Transceiver.Acceptor.LinkCount <= LinkAcceptor.MaximumLinks);
        }

        private ulong ShakeHands(RawConnection connection, int intruder)
        {
            Instant now = MonotonicClock.Now;
            var connector = new LinkConnector(
                _key, $"intruder-{intruder}.0", (ulong)_turns, LinkPair.TransceiverAddress, 64, Seeded.Random((ulong)_turns), now);
            for (int i = 0; i < 100 && connector.Cookie == 0; i++)
            {
                now = MonotonicClock.Now;
                connector.HandleTimeout(now);
                while (connector.TryTransmit(_buffer, out int length, now)) connection.Send(StreamCorpus.Framed(_buffer.AsSpan(0, length)));
                _relay.Turn();
                ReadUnits(connection, _buffer, unit =>
                {
                    LinkConnector.Frames frames = connector.Receive(unit, now);
                    while (frames.TryRead(out _)) { }
                });
            }
            if (connector.Cookie != 0) _welcomed++;
            return connector.Cookie;
        }
    }

    /// <summary>
    /// The relay's links to an honest transceiver and to one that answers with damage. In virtual time, so that the pauses between the
    /// attempts to connect cost none. The honest one's echo comes whatever the other does.
    /// </summary>
    private sealed class ConnectorTarget : StreamTarget
    {
        private const int LinkConnections = 4;
        private static readonly TransportAddress Loopback = TransportAddress.FromIPv4(0x7F00_0001, 0);
        private static readonly TransportAddress Client = TransportAddress.FromIPv4(0xC000_0207, 5004);
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
        private readonly Corpus _corpus;
        private readonly bool _isInsider;
        private readonly LinkKey _key = SteeringKeys.LinkKey();
        private readonly FakeTransceiver _honest = new(LinkScheme.Tcp, Loopback);
        private readonly Socket _rogue = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        private readonly UdpLinkTransport _udp = UdpLinkTransport.Bind(Loopback);
        private readonly TcpLinkTransport _tcp = TcpLinkTransport.Create(LinkSet.MaximumLinks);
        private readonly LinkSet _links;
        private readonly LinkAcceptor _acceptor;
        private readonly ulong[] _cookies = new ulong[16];
        private readonly byte[] _buffer = new byte[16 * 1024];
        private Instant _now = Instant.FromMilliseconds(1_000_000);
        private int _turns, _said, _echoed, _welcomed;
        private long _wentDown;

        public ConnectorTarget(string name, int inputs, Corpus corpus, bool isInsider) : base(name, inputs)
        {
            (_corpus, _isInsider) = (corpus, isInsider);
            _rogue.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _rogue.Listen(64);
            _acceptor = new LinkAcceptor(_key, 0, 1, 2, 64, Seeded.Random(2), _now);
            _acceptor.SetSlots([new(5, 1)], _now);
            var flows = new FlowTable(new FlowLimits(64, 64, 8, 1000, TimeSpan.FromSeconds(60)), KeyedHash.CreateRandom());
            _links = new LinkSet(_key, "relay-0", 0, LinkConnections, 1, new SlotTable(0, 64), flows, [_udp, _tcp]);
            _links.Apply([_honest.Target, new LinkTarget(LinkScheme.Tcp, TransportAddress.From((IPEndPoint)_rogue.LocalEndPoint!))], _now);
            for (int i = 0; i < 10_000 && _links.Count < LinkConnections; i++) Turn();
            Require(_links.Count == LinkConnections);
        }

        public override void Finish()
        {
            base.Finish();
            for (int i = 0; i < 10_000 && _echoed < _said; i++) Turn();
            Require(_echoed == _said && _links.Count >= LinkConnections && _wentDown == 0);
            foreach (LinkDrop reason in Enum.GetValues<LinkDrop>()) Refuse(reason.ToString(), _links.Drops(reason));
            foreach ((string reason, long count) in _tcp.Closes) Refuse($"(closed {reason})", count);
            Refuse("(handshakes made)", _welcomed);
            Refuse("(packets to the honest transceiver, all echoed)", _echoed);
            Require(!_isInsider || _welcomed > 10);
        }

        public override void Dispose()
        {
            base.Dispose();
            _rogue.Dispose();
            _tcp.Dispose();
            _udp.Dispose();
            _honest.Dispose();
        }

        protected override RawConnection? TryOpen(Mutator mutator)
        {
            // The relay comes again after a pause; until then there is nobody to talk to.
            for (int i = 0; i < 200; i++)
            {
                if (_rogue.Poll(0, SelectMode.SelectRead))
                {
                    var connection = new RawConnection(_rogue.Accept());
                    _cookies[Place] = 0;
                    if (_isInsider && !mutator.OneIn(4)) _cookies[Place] = Welcome(connection);
                    return connection;
                }
                if (HasOpen) return null;
                Turn();
            }
            return null;
        }

        protected override int MakeStream(Mutator mutator, Span<byte> buffer)
        {
            int length = mutator.Mutate(_corpus, buffer);
            if (_isInsider) MendUnits(mutator, buffer[..length], _cookies[Place], _key);
            return length;
        }

        protected override void Turn()
        {
            _now += Step;
            if (_turns++ % 8 == 0 && _links.Count >= LinkConnections)
            {
                _links.Send(0, new SessionId((ulong)_turns), Client, LinkFrame.TcpIngress, isUnverified: false,
                    [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], _now);
                _said++;
            }
            Receive(_udp);
            Receive(_tcp);
            _links.Drive(_now);
            _udp.Flush(_now);
            _tcp.Flush(_now);
            _honest.Turn();
            foreach (LinkEvent down in _honest.Events) _wentDown += down.Kind == LinkEventKind.Down ? 1 : 0;
            _honest.Events.Clear();
        }

        private void Receive(LinkTransport transport)
        {
            int count = transport.Receive(_now);
            for (int i = 0; i < count; i++)
            {
                transport.Get(i, out Span<byte> unit, out TransportAddress from);
                if (_links.Find(from, out int link) is not { } connector) continue;
                LinkConnector.Frames frames = connector.Receive(unit, _now);
                while (frames.TryRead(out LinkFrame frame))
                {
                    Require(frame.Kind is LinkFrameKind.Data or LinkFrameKind.Gone);
                    if (link >= LinkConnections) Accepted++;
                    else if (frame.Kind == LinkFrameKind.Data) _echoed++;
                }
            }
        }

        /// <summary>Answers the HELLO as an owner does, who has slots of its own.</summary>
        private ulong Welcome(RawConnection connection)
        {
            var from = TransportAddress.FromIPv4(0x0A00_0001, (ushort)(1 + Place));
            ulong cookie = 0;
            for (int i = 0; i < 20 && cookie == 0; i++)
            {
                Turn();
                ReadUnits(connection, _buffer, unit =>
                {
                    LinkAcceptor.Frames frames = _acceptor.Receive(unit, from, _now);
                    while (frames.TryRead(out _)) { }
                });
                while (_acceptor.TryTransmit(_buffer, out int length, out TransportAddress to, _now))
                {
                    if (to != from) continue;
                    connection.Send(StreamCorpus.Framed(_buffer.AsSpan(0, length)));
                    // The SLOTS that ride along carry the cookie of the link to be.
                    if (LinkFrame.TryRead(_buffer.AsSpan(0, length), out LinkFrame welcome, out _) && welcome.Kind == LinkFrameKind.Welcome
                        && LinkFrame.TryRead(_buffer.AsSpan(welcome.Length), out LinkFrame slots, out _)) cookie = slots.Cookie;
                }
                while (_acceptor.TryTakeEvent(out _)) { }
            }
            if (cookie != 0) _welcomed++;
            return cookie;
        }
    }
}
