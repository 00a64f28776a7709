using Dapr.Voice.Dtls;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class DtlsTargets
{
    public static IEnumerable<FuzzTarget> All(Corpus datagrams)
    {
        yield return new HandshakeTarget(datagrams);
        yield return new RecordTarget(datagrams);
    }

    /// <summary>
    /// OpenSSL in all stages of a handshake. Until Finished nothing is authenticated, so a handshake may fail; it may also be finished
    /// nevertheless.
    /// </summary>
    private sealed class HandshakeTarget(Corpus corpus) : FuzzTarget("DtlsTransport, in the handshake", 12_000)
    {
        private const int InputsPerHandshake = 8;
        private static readonly DtlsCertificate Certificate = DtlsCertificate.Generate();
        private readonly byte[] _buffer = new byte[2048];
        private readonly List<byte[]> _flights = [];
        private DtlsTransport? _client, _server;
        private bool _isForClient;
        private int _taken, _handshakes, _failed, _completed;

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            if (_taken++ % InputsPerHandshake == 0) Begin(mutator.Next(7));
            _isForClient = mutator.OneIn(2);
            // Mostly what was just said, changed: it has the right randoms and numbers.
            return _flights.Count > 0 && !mutator.OneIn(4) ? mutator.Mutate(mutator.Pick(_flights), corpus, buffer)
                : mutator.Mutate(corpus, buffer);
        }

        public override void Take(Span<byte> input)
        {
            DtlsTransport target = _isForClient ? _client! : _server!;
            target.Receive(input);
            Pass(_isForClient ? _client! : _server!, _isForClient ? _server! : _client!);
            if (_taken % InputsPerHandshake != 0) return;
            // Then the rest of the handshake, as far as it still goes.
            for (int i = 0; i < 6; i++)
            {
                Pass(_client!, _server!);
                Pass(_server!, _client!);
            }
            if (_client!.IsConnected && _server!.IsConnected) _completed++;
            else _failed++;
        }

        public override void Finish()
        {
            Accepted = 0;
            Refuse("(handshakes)", _handshakes);
            Refuse("(completed all the same)", _completed);
            Refuse("(failed)", _failed);
            Require(_completed > 0);
        }

        public override void Dispose()
        {
            _client?.Dispose();
            _server?.Dispose();
        }

        private void Begin(int steps)
        {
            Dispose();
            _handshakes++;
            _flights.Clear();
            _client = new DtlsTransport(DtlsRole.Client, Certificate, [Certificate.Fingerprint]);
            _server = new DtlsTransport(DtlsRole.Server, Certificate, [Certificate.Fingerprint]);
            _client.Start();
            for (int i = 0; i < steps; i++)
            {
                if ((i & 1) == 0) Pass(_client, _server);
                else Pass(_server, _client);
            }
        }

        private void Pass(DtlsTransport from, DtlsTransport to)
        {
            while (from.TryTransmit(_buffer, out int length))
            {
                if (_flights.Count < 16) _flights.Add(_buffer[..length]);
                to.Receive(_buffer.AsSpan(0, length));
            }
            while (to.TryReceive(_buffer, out _)) { }
            while (from.TryTakeEvent(out _)) { }
            if (from.NextTimeout <= TimeSpan.Zero) from.HandleTimeout();
        }
    }

    /// <summary>
    /// The record layer that goes on with an exported connection: damaged records change nothing, the true ones still open.
    /// </summary>
    private sealed class RecordTarget : FuzzTarget
    {
        private readonly Corpus _corpus;
        private readonly DtlsTransport _client, _server;
        private readonly byte[] _buffer = new byte[2048];

        public RecordTarget(Corpus corpus) : base("DtlsTransport, imported", 60_000)
        {
            using var conversation = new Conversation(60);
            conversation.Connect();
            _client = DtlsTransport.Import(conversation.Caller.ExportState(conversation.Now).Dtls);
            _server = DtlsTransport.Import(conversation.Server.ExportState(conversation.Now).Dtls);
            var records = new List<byte[]>();
            for (int size = 1; size < 1200; size += 37)
            {
                _client.Send(new byte[size]);
                while (_client.TryTransmit(_buffer, out int length)) records.Add(_buffer[..length]);
            }
            _corpus = new Corpus(records) + corpus;
        }

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(_corpus, buffer);

        public override void Take(Span<byte> input)
        {
            _server.Receive(input);
            // Several records may share a datagram: one of them may have stayed whole.
            while (_server.TryReceive(_buffer, out _)) Accepted++;
            Require(!_server.TryTransmit(_buffer, out _));
            Require(_server.IsConnected);
        }

        public override void Finish()
        {
            Refuse("Dropped", Inputs - Accepted);
            Require(_client.Send([1, 2, 3]));
            while (_client.TryTransmit(_buffer, out int length)) _server.Receive(_buffer.AsSpan(0, length).ToArray());
            Require(_server.TryReceive(_buffer, out int received) && received == 3);
        }

        public override void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
        }
    }
}
