using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class SessionTargets
{
    public static IEnumerable<FuzzTarget> All(WireCorpus wire, Corpus sctp)
    {
        yield return new LiveTarget(wire);
        yield return new InsiderTarget(wire, sctp);
        yield return new SetUpTarget(wire);
    }

    /// <summary>
    /// Two sessions talk while somebody who sees all their datagrams throws changed ones at both, from the caller's own address and from
    /// others. Not one frame and not one message may be lost by it.
    /// </summary>
    private sealed class LiveTarget : FuzzTarget
    {
        private const int InputsPerMillisecond = 10, Recent = 128;
        private readonly Conversation _conversation = new(80);
        private readonly Queue<byte[]> _recent = new();
        private readonly Corpus _wire;
        private Corpus _live;
        private int _taken;
        private bool _isForServer;
        private TransportPath _from;

        public LiveTarget(WireCorpus wire) : base("PeerSession, live, outsider", 250_000)
        {
            _live = _wire = wire.All;
            _conversation.Tap = (_, datagram) =>
            {
                _recent.Enqueue(datagram);
                if (_recent.Count > Recent) _recent.Dequeue();
            };
            _conversation.Connect();
            _conversation.IsTalking = true;
        }

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            if (_taken++ % InputsPerMillisecond == 0) _conversation.Step();
            if (_taken % 200 == 1) _live = new Corpus([.. _recent]);
            _isForServer = !mutator.OneIn(4);
            TransportPath true_ = _isForServer ? Conversation.CallerPath : Conversation.ServerPath;
            _from = mutator.Next(8) switch
            {
                < 5 => true_,
                5 => true_ with { Remote = true_.Remote with { Port = (ushort)mutator.Next(65_536) } },
                6 => new TransportPath(true_.Base, TransportAddress.FromIPv4((uint)mutator.Next(), (ushort)mutator.Next(65_536))),
                _ => true_ with { Base = mutator.Next(64) },
            };
            return mutator.Mutate(mutator.OneIn(4) ? _wire : _live, buffer);
        }

        public override void Take(Span<byte> input)
        {
            (_isForServer ? _conversation.Server : _conversation.Caller).Receive(input, _from, _conversation.Now);
            _conversation.Drain();
            if (_conversation.Trouble is { } trouble) throw new InvalidOperationException(trouble);
        }

        public override void Finish()
        {
            _conversation.Run(1000);
            _conversation.IsTalking = false;
            _conversation.Run(1000);
            Require(_conversation.Trouble is null);
            if (!_conversation.IsComplete) throw new InvalidOperationException(_conversation.Counts);
            Require(_conversation.Server.SelectedPath == Conversation.CallerPath);
            Require(_conversation.Strays == 0);
            foreach (PeerSession? peer in new[] { _conversation.Server, _conversation.Caller })
            {
                RefuseDrops(peer);
            }
            Refuse("(frames heard)", _conversation.Heard.Frames);
            Refuse("(messages heard)", _conversation.Heard.Texts);
        }

        public override void Dispose() => _conversation.Dispose();
    }

    /// <summary>
    /// The caller itself is the attacker: it has all keys, so that what it sends is authentic and as damaged as it likes. It may end its
    /// own session (then the next one takes its place); it must not take the process with it, nor its memory.
    /// </summary>
    private sealed class InsiderTarget : FuzzTarget
    {
        private const int InputsPerSession = 400;
        private static readonly byte[] ServerKey = Encoding.UTF8.GetBytes(Conversation.ServerCredentials.Password);
        private readonly PeerSessionState _serverState, _callerState;
        private readonly Instant _start;
        private readonly WireCorpus _wire;
        private readonly Corpus _sctp;
        private readonly byte[] _scratch = new byte[4096];
        private readonly long[] _ends = new long[Enum.GetValues<PeerCloseReason>().Length];
        private readonly ushort[] _sequence = new ushort[4];
        private PeerSession? _server;
        private DtlsTransport? _dtls;
        private SrtpContext? _srtp;
        private SrtcpContext? _srtcp;
        private SctpAssociationState? _association;
        private Instant _now;
        private int _taken, _sessions;
        private long _rtp, _rtcp, _messages, _frames;

        public InsiderTarget(WireCorpus wire, Corpus sctp) : base("PeerSession, live, caller with keys", 150_000)
        {
            (_wire, _sctp) = (wire, sctp);
            using var conversation = new Conversation(81);
            conversation.Connect();
            conversation.IsTalking = true;
            conversation.Run(500);
            conversation.IsTalking = false;
            conversation.Run(500);
            // From here on each session is the same one, imported again: no handshake has to be paid for.
            (_serverState, _callerState, _start) = (
                conversation.Server.ExportState(conversation.Now), conversation.Caller.ExportState(conversation.Now), conversation.Now);
        }

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            if (_server is null || _server.IsClosed || _taken >= InputsPerSession) Begin();
            if (_taken % 32 == 0 && !_server!.IsClosed) _association = _server.ExportState(_now).Sctp;
            // Protection adds up to 37 bytes.
            Span<byte> room = buffer[..1400];
            return mutator.Next(16) switch
            {
                < 4 => MakeRtp(mutator, buffer, mutator.Mutate(_wire.Rtp, room)),
                < 7 => MakeRtcp(mutator, buffer, mutator.Mutate(_wire.Rtcp, room)),
                < 12 => MakeSctp(mutator, buffer, mutator.Mutate(_sctp, room)),
                < 14 => MakeMessage(mutator, buffer),
                _ => StunTargets.Sign(buffer, mutator.Mutate(_wire.Stun, room), ServerKey, _scratch),
            };
        }

        public override void Take(Span<byte> input)
        {
            _taken++;
            _now += TimeSpan.FromMilliseconds(1);
            TransportPath path = _taken % 50 == 0 ? Conversation.CallerPath with { Remote = TransportAddress.FromIPv4((uint)_taken, 7) }
                : Conversation.CallerPath;
            _server!.Receive(input, path, _now);
            if (_server.NextTimeout <= _now) _server.HandleTimeout(_now);
            while (_server.TryReceiveAudio(_scratch, out _, out _, _now)) _frames++;
            while (_server.TryReceiveMessage(out _, _now)) _messages++;
            if (_taken % 20 == 0) _server.SendAudio(_scratch.AsSpan(0, 60), 960, false, _now);
            if (_taken % 50 == 0) _server.SendText("{}"u8, _now);
            while (_server.TryTransmit(_scratch, out int length, out _, _now)) Require(length <= PeerSession.MaximumDatagramBytes);
            while (_server.TryTakeEvent(out PeerEvent occurred))
            {
                if (occurred.Kind == PeerEventKind.Closed) _ends[(int)occurred.Reason]++;
            }
        }

        public override void Finish()
        {
            Gather();
            Accepted = _rtp + _rtcp;
            Refuse("(sessions)", _sessions);
            Refuse("(rtp taken)", _rtp);
            Refuse("(rtcp taken)", _rtcp);
            Refuse("(messages read)", _messages);
            Refuse("(frames heard or lost)", _frames);
            for (int i = 1; i < _ends.Length; i++) Refuse($"(ended {(PeerCloseReason)i})", _ends[i]);
            // Whatever came in, no end but those that a peer may bring about.
            Require(_ends[(int)PeerCloseReason.DtlsFailed] == 0 && _ends[(int)PeerCloseReason.IceFailed] == 0
                && _ends[(int)PeerCloseReason.FingerprintMismatch] == 0);
        }

        public override void Dispose()
        {
            _server?.Dispose();
            _dtls?.Dispose();
            _srtp?.Dispose();
            _srtcp?.Dispose();
        }

        private void Begin()
        {
            Gather();
            Dispose();
            _sessions++;
            _taken = 0;
            _now = _start;
            _server = PeerSession.Import(_serverState, Conversation.ServerCertificate, TimeSpan.Zero, Seeded.Random(1), _now);
            _dtls = DtlsTransport.Import(_callerState.Dtls);
            _srtp = SrtpContext.Import(_callerState.SrtpOutbound!);
            _srtcp = SrtcpContext.Import(_callerState.SrtcpOutbound!);
            _sequence.AsSpan().Fill((ushort)(_callerState.SrtpOutbound!.Sources[0].HighestIndex + 1));
        }

        private void Gather()
        {
            if (_server is null) return;
            PeerStatistics statistics = _server.Statistics;
            _rtp += statistics.RtpReceived;
            _rtcp += statistics.RtcpReceived;
            RefuseDrops(_server);
        }

        private int MakeRtp(Mutator mutator, Span<byte> buffer, int length)
        {
            if (!RtpHeader.TryParse(buffer[..length], out _, out _)) return length;
            // A context of ours refuses to use an index twice and more than eight sources; an attacker's numbers jump about all the same.
            int source = mutator.OneIn(4) ? mutator.Next(_sequence.Length) : 0;
            _sequence[source] += (ushort)(1 + (mutator.OneIn(16) ? mutator.Next(30_000) : 0));
            BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], _sequence[source]);
            BinaryPrimitives.WriteUInt32BigEndian(buffer[8..], Conversation.CallerSsrc + (uint)source);
            return _srtp!.Protect(buffer, length);
        }

        private int MakeRtcp(Mutator mutator, Span<byte> buffer, int length)
        {
            if (length < 8) return length;
            if (!mutator.OneIn(8)) (buffer[0], buffer[1]) = ((byte)(0x80 | buffer[0] & 0x3F), (byte)(192 + buffer[1] % 32));
            if ((buffer[0] & 0xC0) != 0x80) return length;
            BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], Conversation.CallerSsrc + (uint)(mutator.OneIn(4) ? mutator.Next(3) : 0));
            return _srtcp!.Protect(buffer, length);
        }

        private int MakeSctp(Mutator mutator, Span<byte> buffer, int length)
        {
            length = Math.Clamp(length, 16, 1160);
            if (_association is not null) SctpForge.Aim(mutator, buffer[..length], _association);
            return Record(buffer, length);
        }

        /// <summary>The next message on the events channel, or an opening, as damaged as an application can make it.</summary>
        private int MakeMessage(Mutator mutator, Span<byte> buffer)
        {
            if (_association is null) return 0;
            Span<byte> packet = buffer[..(12 + 16 + 4 + mutator.Next(60))];
            mutator.Fill(packet);
            packet[12] = (byte)ChunkType.Data;
            packet[13] = (byte)mutator.Next(8);
            BinaryPrimitives.WriteUInt16BigEndian(packet[14..], (ushort)(packet.Length - 12));
            BinaryPrimitives.WriteUInt32BigEndian(packet[16..], ++_association.CumulativeTsn);
            BinaryPrimitives.WriteUInt16BigEndian(packet[20..], (ushort)mutator.Next(8));
            BinaryPrimitives.WriteUInt16BigEndian(packet[22..], (ushort)mutator.Next(4));
            BinaryPrimitives.WriteUInt32BigEndian(packet[24..], mutator.OneIn(4) ? PayloadProtocolId.Dcep : PayloadProtocolId.Text);
            SctpForge.Complete(packet, _association.LocalTag);
            return Record(buffer, packet.Length);
        }

        private int Record(Span<byte> buffer, int length)
        {
            if (!_dtls!.Send(buffer[..length])) return length;
            return _dtls.TryTransmit(_scratch, out int sent) && _scratch.AsSpan(0, sent).TryCopyTo(buffer) ? sent : length;
        }
    }

    /// <summary>
    /// Sessions that are still being set up, whose caller's own address sends damage. Before Finished nothing is authenticated, so this may
    /// end a session; most come up all the same.
    /// </summary>
    private sealed class SetUpTarget(WireCorpus wire) : FuzzTarget("PeerSession, being set up", 8_000)
    {
        private const int InputsPerSession = 16;
        private readonly List<byte[]> _seen = [];
        private Conversation? _conversation;
        private int _taken, _connected, _sessions;

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            if (_taken++ % InputsPerSession == 0) Begin((ulong)_taken);
            _conversation!.Run(1 + mutator.Next(4));
            return _seen.Count > 0 && !mutator.OneIn(4) ? mutator.Mutate(mutator.Pick(_seen), wire.All, buffer)
                : mutator.Mutate(wire.All, buffer);
        }

        public override void Take(Span<byte> input)
        {
            if (_taken % 3 == 0) _conversation!.Caller.Receive(input, Conversation.ServerPath, _conversation.Now);
            else _conversation!.Server.Receive(input, Conversation.CallerPath, _conversation.Now);
            _conversation.Drain();
            if (_conversation.Server.IsConnected) Accepted++;
        }

        public override void Finish()
        {
            End();
            Refuse("(sessions)", _sessions);
            Refuse("(connected all the same)", _connected);
            Require(_connected > _sessions / 4);
        }

        public override void Dispose() => _conversation?.Dispose();

        private void Begin(ulong seed)
        {
            End();
            _sessions++;
            _seen.Clear();
            _conversation = new Conversation(seed) { Tap = (_, datagram) => _seen.Add(datagram) };
        }

        private void End()
        {
            if (_conversation is null) return;
            _conversation.Run(100);
            if (_conversation.Caller.IsConnected && _conversation.Server.IsConnected) _connected++;
            _conversation.Dispose();
        }
    }
}
