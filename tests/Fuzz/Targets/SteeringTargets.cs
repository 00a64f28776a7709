using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Unit.Relay;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class SteeringTargets
{
    public static IEnumerable<FuzzTarget> All(WireCorpus wire)
    {
        var hints = Corpus.OfText(
            [.. Enumerable.Range(0, 20).Select(i => RelayPackets.Hint((ulong)i << 40, (ushort)i).Encode(RelayPackets.HintKeys))
            .SelectMany(h => new[] { h, h + ":peer" })]);
        yield return new ParserTarget<HintError>("RoutingHint", 80_000, hints, static input =>
        {
            RoutingHint.TryDecode(input, RelayPackets.HintKeys, out _, out HintError error);
            return error;
        }, 512);

        Corpus link = RecordLink(wire);
        yield return new ParserTarget<LinkFrameError>("LinkFrame", 100_000, link, ReadFrames);
        yield return new AcceptorTarget("LinkAcceptor", 60_000, link, isInsider: false);
        yield return new AcceptorTarget("LinkAcceptor, relay with key", 40_000, link, isInsider: true);
        yield return new ConnectorTarget("LinkConnector", 40_000, link, isInsider: false);
        yield return new ConnectorTarget("LinkConnector, owner with key", 40_000, link, isInsider: true);
        yield return new RouterTarget(wire);
    }

    /// <summary>Every kind of frame of two links, alone and several to a datagram.</summary>
    public static Corpus RecordLink(WireCorpus wire)
    {
        // Not the cookies of the pair that the corpus was recorded from: whoever knows them is no stranger.
        var pair = new LinkPair(seed: 1_000);
        pair.Acceptor.SetSlots([.. Enumerable.Range(0, 60).Where(s => s % 3 != 0).Select(s => new SlotOwnership((ushort)s, (uint)s))],
            pair.Now);
        pair.Run(TimeSpan.FromSeconds(3));
        pair.Connector.Suspect(7, 99);
        pair.Connector.Drain();
        pair.Acceptor.SendGone(new SessionId(5));
        pair.Acceptor.SendGone(new SessionId(6));
        pair.Run(TimeSpan.FromSeconds(1));
        var path = new TransportPath(LinkBase.Compose(0, 2), LinkPair.Client);
        TransportPath path6 = path with { Remote = new TransportAddress(0x2001_0DB8_0000_0000, 1, 5) };
        var items = new List<byte[]>();
        for (int i = 0; i < 40; i++)
        {
            byte[] packet = wire.All.Items[i * wire.All.Items.Count / 40];
            items.Add(pair.UpFrame((ulong)i, packet, isUnverified: i % 2 == 0));
            items.Add(pair.DownFrame((ulong)i, i % 3 == 0 ? path6 : path, packet));
        }
        // A process that came anew does not know the cookie: RESET.
        pair.Acceptor = pair.NewAcceptor(2);
        pair.Run(TimeSpan.FromSeconds(2));
        items.AddRange(pair.ToAcceptor);
        items.AddRange(pair.ToConnector);
        items.Add([.. items[1], .. items[0], .. items[^1]]);
        return new Corpus([.. items.Where(i => i.Length <= 2048)]);
    }

    private static LinkFrameError ReadFrames(Span<byte> input)
    {
        LinkFrameError error = LinkFrameError.TooShort;
        while (!input.IsEmpty)
        {
            if (!LinkFrame.TryRead(input, out LinkFrame frame, out error)) return error;
            _ = frame.Client.GetHashCode() + frame.Ingress + frame.SessionId.Value.GetHashCode() + (frame.IsUnverifiedSource ? 1 : 0);
            if (frame.Length < LinkFrame.HeaderLengthIPv4 + frame.Payload.Length)
                throw new InvalidOperationException("A frame shorter than its payload.");
            input = input[frame.Length..];
        }
        return error;
    }

    /// <summary>A right cookie on every frame, and a right tag on what is signed: as far as the damage leaves frames at all.</summary>
    public static void Mend(Mutator mutator, Span<byte> datagram, ulong cookie, LinkKey key)
    {
        while (LinkFrame.TryRead(datagram, out LinkFrame frame, out _))
        {
            if (!mutator.OneIn(8)) BinaryPrimitives.WriteUInt64BigEndian(datagram[4..], cookie);
            Span<byte> payload = frame.Payload;
            if (frame.Kind is LinkFrameKind.Hello or LinkFrameKind.Welcome && payload.Length is > LinkKey.MacLength and < 128)
                key.Sign(frame.Kind == LinkFrameKind.Hello ? LinkKey.Purpose.Hello : LinkKey.Purpose.Welcome, payload[..^LinkKey.MacLength],
                    payload[^LinkKey.MacLength..]);
            datagram = datagram[frame.Length..];
        }
    }

    /// <summary>
    /// The transceiver's end. A stranger changes nothing; a relay that has the key may take links, but memory stays bounded.
    /// </summary>
    private sealed class AcceptorTarget(string name, int inputs, Corpus corpus, bool isInsider) : FuzzTarget(name, inputs)
    {
        private readonly LinkPair _pair = Connected();
        private readonly LinkKey _key = SteeringKeys.LinkKey();
        private readonly byte[] _buffer = new byte[2048];
        private Instant _now;
        private int _taken;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            int length = mutator.Mutate(corpus, buffer);
            if (isInsider) Mend(mutator, buffer[..length], _pair.Connector.Cookie, _key);
            return length;
        }

        public override void Take(Span<byte> input)
        {
            // Time stands still for the honest relay, so that it need not probe between all this; for the rest it moves.
            if (_taken == 0) _now = _pair.Now;
            if (isInsider) _now += TimeSpan.FromMilliseconds(1);
            TransportAddress from = _taken++ % 2 == 0 ? LinkPair.RelayAddress : TransportAddress.FromIPv4((uint)_taken, 9);
            LinkAcceptor.Frames frames = _pair.Acceptor.Receive(input, from, _now);
            while (frames.TryRead(out LinkData data))
            {
                Accepted++;
                if (_pair.Acceptor.TryGetRelay(data.Path, data.SessionId, out _, out _))
                    _ = LinkAcceptor.DataFrameLength(data.Path, data.Payload.Length);
            }
            if (_pair.Acceptor.NextTimeout <= _now) _pair.Acceptor.HandleTimeout(_now);
            while (_pair.Acceptor.TryTransmit(_buffer, out int length, out _, _now)) Require(length <= LinkFrame.CoalescedBytes);
            while (_pair.Acceptor.TryTakeEvent(out _)) { }
            Require(_pair.Acceptor.LinkCount <= LinkAcceptor.MaximumLinks);
        }

        public override void Finish()
        {
            foreach (LinkDrop reason in Enum.GetValues<LinkDrop>()) Refuse(reason.ToString(), _pair.Acceptor.Drops[reason]);
            if (isInsider) return;
            Require(Accepted == 0);
            _pair.DeliverToAcceptor(_pair.UpFrame(4711, [1, 2, 3]), LinkPair.RelayAddress);
            Require(_pair.Up is [.., { Session.Value: 4711 }]);
        }
    }

    /// <summary>
    /// The relay's end. It reads what comes from its transceiver's address only, so a stranger is one who can forge that.
    /// </summary>
    private sealed class ConnectorTarget(string name, int inputs, Corpus corpus, bool isInsider) : FuzzTarget(name, inputs)
    {
        private readonly LinkPair _pair = Connected();
        private readonly LinkKey _key = SteeringKeys.LinkKey();
        private readonly byte[] _buffer = new byte[2048];
        private Instant _now;
        private int _taken;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            int length = mutator.Mutate(corpus, buffer);
            if (isInsider) Mend(mutator, buffer[..length], _pair.Connector.Cookie, _key);
            return length;
        }

        public override void Take(Span<byte> input)
        {
            if (_taken++ == 0) _now = _pair.Now;
            if (isInsider) _now += TimeSpan.FromMilliseconds(1);
            LinkConnector.Frames frames = _pair.Connector.Receive(input, _now);
            while (frames.TryRead(out LinkFrame frame))
            {
                Accepted++;
                Require(frame.Kind is LinkFrameKind.Data or LinkFrameKind.Gone);
            }
            if (_pair.Connector.NextTimeout <= _now) _pair.Connector.HandleTimeout(_now);
            while (_pair.Connector.TryTransmit(_buffer, out int length, _now)) Require(length <= LinkFrame.CoalescedBytes);
            while (_pair.Connector.TryTakeEvent(out _)) { }
        }

        public override void Finish()
        {
            foreach (LinkDrop reason in Enum.GetValues<LinkDrop>()) Refuse(reason.ToString(), _pair.Connector.Drops[reason]);
            if (isInsider) return;
            Require(Accepted == 0);
            _pair.DeliverToConnector(_pair.DownFrame(4711, new TransportPath(LinkBase.Compose(0, 1), LinkPair.Client), [1, 2, 3]));
            Require(_pair.Down is [.., { Session.Value: 4711 }]);
        }
    }

    private static LinkPair Connected()
    {
        var pair = new LinkPair();
        pair.Acceptor.SetSlots([new SlotOwnership(3, 1)], pair.Now);
        pair.Run(TimeSpan.FromSeconds(1));
        if (!pair.Connector.IsUp || !pair.Acceptor.IsUp(0)) throw new InvalidOperationException("The link does not come up.");
        return pair;
    }

    /// <summary>The relay's decision over packets of all kinds from everywhere, and over frames to anywhere.</summary>
    private sealed class RouterTarget : FuzzTarget
    {
        private const int Link = 5;
        private const ushort Slot = 3;
        private static readonly TransportAddress Client = TransportAddress.FromIPv4(0xC000_0207, 5004);
        private readonly FlowTable _flows;
        private readonly Router _router;
        private readonly Corpus _corpus;
        private readonly long[] _verdicts = new long[256];
        private Instant _now = Instant.FromMilliseconds(1_000_000);
        private ulong _taken;

        public RouterTarget(WireCorpus wire) : base("Router, up and down", 120_000)
        {
            _flows = new FlowTable(new FlowLimits(1024, 64, 8, 1000, TimeSpan.FromSeconds(60)), KeyedHash.CreateRandom());
            var slots = new SlotTable(0, 64);
            slots.Set(Slot, Link, _now);
            _router = new Router(_flows, slots, RelayPackets.Keys) { NowMinutes = 10 };
            _corpus = wire.All + new Corpus(
                [.. Enumerable.Range(0, 40).Select(i => RelayPackets.Check(RelayPackets.Hint((ulong)i, (ushort)(i % 5))))]);
            Require(_router.RouteUp(RelayPackets.Check(RelayPackets.Hint(7)), Client, 0, _now, out _, out _) == Verdict.Forward);
        }

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(_corpus, buffer);

        public override void Take(Span<byte> input)
        {
            _taken++;
            _now += TimeSpan.FromMilliseconds(0.1);
            TransportAddress from = (_taken % 4) switch
            {
                0 => Client,
                1 => TransportAddress.FromIPv4((uint)(_taken * 0x9E37_79B9), (ushort)_taken),
                2 => new TransportAddress(_taken << 32, _taken, (ushort)_taken),
                _ => TransportAddress.FromIPv4(0xC000_0207, (ushort)_taken),
            };
            Verdict verdict = _router.RouteUp(input, from, (byte)(_taken & 15), _now, out int link, out _);
            Require(verdict is not (Verdict.Forward or Verdict.ForwardUnverified) || link == Link);
            _verdicts[(int)verdict]++;
            if (_taken % 8 == 0)
                _verdicts[(int)_router.RouteDown(from, new SessionId(_taken % 100), (byte)_taken, Link, default, _now)]++;
            if (_taken % 64 == 0) _flows.Sweep(_now);
        }

        public override void Finish()
        {
            foreach (Verdict verdict in Enum.GetValues<Verdict>())
            {
                if (verdict is Verdict.Forward) Accepted += _verdicts[(int)verdict];
                else Refuse(verdict.ToString(), _verdicts[(int)verdict]);
            }
            Require(_flows.Count <= 1024);
            // The caller who was there before still has its flow.
            Require(_router.RouteUp(new byte[] { 22, 254, 253, 0 }, Client, 0, _now, out _, out SessionId session) == Verdict.Forward
                && session == new SessionId(7));
        }
    }

    /// <summary>Texts of operators and of other services, not of callers: still nothing in them may throw.</summary>
    public static IEnumerable<FuzzTarget> Texts()
    {
        var rings = Corpus.OfText([SteeringKeys.RingText(1), SteeringKeys.RingText(1, 2, 15), " 3 : AAAA , ",
            Convert.ToBase64String(SteeringKeys.KeyBytes(4))], ",", ":", "16", "-1", "99999999999999999999", "=", "=====", "\u00e9", " ");
        yield return new ParserTarget<Outcome>("KeyRing, HintKeyRing, LinkKey", 30_000, rings, static input =>
        {
            string text = Encoding.UTF8.GetString(input);
            bool isRing = KeyRing.TryParse(text, out _, out string? problem) | HintKeyRing.TryParse(text, out _, out _)
                | LinkKey.TryParse(text, out _, out _);
            if (!isRing && problem is null) throw new InvalidOperationException("Refused without a word.");
            return isRing ? Outcome.Accepted : Outcome.Refused;
        }, 1024);
    }
}
