using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Tests.Fuzz.Live;
using Dapr.Voice.Tests.Unit.Relay;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class IngressTargets
{
    public static IEnumerable<FuzzTarget> All(WireCorpus wire)
    {
        yield return new IngressTarget(wire);
    }

    /// <summary>
    /// ICE-TCP into a relay's worker: streams of real connections, damaged; some behind a check that is in order, some behind one of
    /// another region, slot, time or key. An honest client beside them gets an answer to everything it says.
    /// </summary>
    private sealed class IngressTarget : StreamTarget
    {
        private const ulong FirstSession = 100;
        private const int Sessions = 24;
        private readonly TcpRelay _relay = new();
        private readonly byte[][] _checks =
            [.. Enumerable.Range(0, Sessions).Select(i => StreamCorpus.Framed(TcpRelay.Check(FirstSession + (ulong)i)))];
        private readonly Corpus _corpus;
        private int _turns;

        public IngressTarget(WireCorpus wire) : base("ICE-TCP, relay worker", 150_000)
        {
            byte[][] first =
            [
                TcpRelay.Check(FirstSession), TcpRelay.Check(FirstSession + 1), TcpRelay.Check(1, slot: 9), TcpRelay.Check(2, region: 3),
                    TcpRelay.Check(3, minutes: -10), TcpRelay.Check(TcpRelay.HonestSession),
                RelayPackets.Check(RelayPackets.Hint(4).Encode(RelayPackets.HintKeys), "wrong"), RelayPackets.Check("forged", "x"),
            ];
            // Every capture with a check before it, as connections begin, and without one.
            var packets = new List<byte[]>();
            for (int i = 0; i < wire.All.Items.Count; i++)
            {
                if (i % 3 == 0) packets.Add(first[i / 3 % first.Length]);
                if (wire.All.Items[i].Length <= TcpIngress.MaximumFrameBytes) packets.Add(wire.All.Items[i]);
            }
            _corpus = StreamCorpus.Of(packets);
        }

        public override void Finish()
        {
            base.Finish();
            _relay.Until(() => _relay.Worker.TcpCounters!.Open == 1 && _relay.Heard == _relay.Sent);
            Require(_relay.IsHonestClientOpen && _relay.Worker.FlowCount == 1 && _relay.Worker.LinkCount == _relay.Options.LinkConnections);
            long closes = Enum.GetValues<TcpClose>().Sum(_relay.Worker.TcpCloses);
            Require(closes == _relay.Worker.TcpCounters!.Accepted - 1);
            Accepted = _relay.Worker.Verdicts[Verdict.Forward] - _relay.Sent;
            foreach (Verdict verdict in Enum.GetValues<Verdict>().Where(v => v is not (Verdict.Forward or Verdict.Deliver)))
                Refuse(verdict.ToString(), _relay.Worker.Verdicts[verdict]);
            foreach (TcpClose reason in Enum.GetValues<TcpClose>()) Refuse($"(closed {reason})", _relay.Worker.TcpCloses(reason));
            Refuse("(empty frames)", _relay.Worker.TcpCounters.EmptyFrames);
            Refuse("(packets of the honest client, all answered)", _relay.Sent);
        }

        public override void Dispose()
        {
            base.Dispose();
            _relay.Dispose();
        }

        protected override RawConnection TryOpen(Mutator mutator)
        {
            var connection = new RawConnection(_relay.Public);
            if (mutator.OneIn(2)) connection.Send(mutator.Pick(_checks));
            return connection;
        }

        protected override int MakeStream(Mutator mutator, Span<byte> buffer) => mutator.Mutate(_corpus, buffer);

        protected override void Turn()
        {
            if (_turns++ % 8 == 0) _relay.Talk();
            _relay.Turn();
            Require(_relay.Worker.TcpCounters!.Open <= _relay.Options.MaximumTcpConnections + 64);
        }
    }
}
