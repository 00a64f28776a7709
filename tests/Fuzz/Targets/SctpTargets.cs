using System.Buffers.Binary;
using Dapr.Voice.Sctp;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class SctpTargets
{
    public static IEnumerable<FuzzTarget> All(Corpus packets)
    {
        yield return new StrangerTarget(packets);
        yield return new AssociationTarget("SctpAssociation, living on", 120_000, packets, inputsPerAssociation: int.MaxValue);
        yield return new AssociationTarget("SctpAssociation, fresh", 40_000, packets, inputsPerAssociation: 8);
        var dcep = new Corpus([.. DcepMessages(packets)]);
        yield return new ParserTarget<Outcome>("DataChannelOpen", 80_000, dcep,
            static input => DataChannelOpen.TryParse(input, out DataChannelOpen open)
            && open.Label.Length <= DataChannelOpen.MaximumNameBytes ? Outcome.Accepted : Outcome.Refused);
        yield return new ChannelTarget(dcep);
    }

    private static IEnumerable<byte[]> DcepMessages(Corpus packets)
    {
        foreach (byte[] packet in packets.Items)
        {
            for (int at = 12; at + 16 < packet.Length; at += (BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2)) + 3) & ~3)
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2));
                if ((ChunkType)packet[at] == ChunkType.Data && BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(at + 12))
                    == PayloadProtocolId.Dcep) yield return packet[(at + 16)..(at + length)];
            }
        }
        byte[] named = new byte[DataChannelOpen.MaximumBytes];
        yield return named[..new DataChannelOpen(
            new DataChannelReliability(false, 3), 256, new string('l', 256), new string('p', 256)).Write(named)];
    }

    /// <summary>Packets as they are, damaged: only chance gets them past the checksum, and the conversation behind it goes on.</summary>
    private sealed class StrangerTarget(Corpus packets) : FuzzTarget("SctpAssociation, checksum not mended", 50_000)
    {
        private readonly SctpPair _pair = new(7);

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(packets, buffer);

        public override void Take(Span<byte> input)
        {
            if (!_pair.B.IsConnected) _pair.Connect();
            _pair.B.Receive(input, _pair.Now);
            _pair.Pass(_pair.B);
        }

        public override void Finish()
        {
            foreach (SctpDropReason reason in Enum.GetValues<SctpDropReason>()) Refuse(reason.ToString(), _pair.B.DropCount(reason));
            Require(_pair.B.IsConnected && _pair.A.IsConnected);
            Require(_pair.Says(_pair.A, _pair.B) && _pair.Says(_pair.B, _pair.A));
        }
    }

    /// <summary>
    /// What a peer inside the DTLS connection can send: ports, tag, checksum and often the numbers fit. It may end its own association,
    /// nothing else.
    /// </summary>
    private sealed class AssociationTarget(string name, int inputs, Corpus packets, int inputsPerAssociation) : FuzzTarget(name, inputs)
    {
        private readonly long[] _drops = new long[Enum.GetValues<SctpDropReason>().Length];
        private readonly SortedDictionary<string, int> _ends = new(StringComparer.Ordinal);
        private SctpPair? _pair;
        private SctpAssociationState? _state;
        private int _taken, _associations;

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            if (_pair is null || _pair.B.Phase == SctpPhase.Ended || _taken >= inputsPerAssociation) Begin(mutator);
            if (_state is null || _taken % 16 == 0) _state = _pair!.B.ExportState(_pair.Now);
            int length = Math.Max(16, mutator.Mutate(packets, buffer));
            SctpForge.Aim(mutator, buffer[..length], _state);
            return length;
        }

        public override void Take(Span<byte> input)
        {
            _taken++;
            _pair!.Now += TimeSpan.FromMilliseconds(1);
            long received = _pair.B.Statistics.PacketsReceived;
            _pair.B.Receive(input, _pair.Now);
            Accepted += _pair.B.Statistics.PacketsReceived - received;
            // Something is always under way, so that what is acknowledged, reset or lost means something.
            if (_taken % 8 == 0)
                _pair.B.Send((ushort)(_taken & 7), PayloadProtocolId.Binary, input, unordered: (_taken & 8) == 0, (_taken & 16) == 0
                    ? (ushort)1 : null, _pair.Now);
            if (_taken % 64 == 0) _pair.B.ResetStream((ushort)(_taken >> 6 & 7), _pair.Now);
            if (_taken % 4 == 0) _pair.Exchange();
            else _pair.Pass(_pair.B);
        }

        public override void Finish()
        {
            End();
            for (int i = 0; i < _drops.Length; i++) Refuse(((SctpDropReason)i).ToString(), _drops[i]);
            Refuse("(associations)", _associations);
            foreach ((string end, int count) in _ends) Refuse($"(ended by {end})", count);
        }

        private void Begin(Mutator mutator)
        {
            End();
            _associations++;
            _taken = 0;
            _state = null;
            _pair = new SctpPair(mutator.Next());
            // Some are met in the middle of their handshake.
            if (inputsPerAssociation == int.MaxValue || !mutator.OneIn(3)) _pair.Connect();
            else _pair.Begin(mutator.Next(4));
        }

        private void End()
        {
            if (_pair is null) return;
            for (int i = 0; i < _drops.Length; i++) _drops[i] += _pair.B.DropCount((SctpDropReason)i);
            string end = _pair.B.Phase == SctpPhase.Ended ? _pair.LastClose.ToString() : "us";
            _ends[end] = _ends.GetValueOrDefault(end) + 1;
        }
    }

    /// <summary>Data channels under messages of any payload protocol on any stream, whole and in order.</summary>
    private sealed class ChannelTarget(Corpus dcep) : FuzzTarget("DataChannelSet", 40_000, 1100)
    {
        private static readonly uint[] Protocols = [PayloadProtocolId.Dcep, PayloadProtocolId.Dcep, PayloadProtocolId.Text,
            PayloadProtocolId.Binary, PayloadProtocolId.EmptyText, PayloadProtocolId.EmptyBinary, 54, 0, uint.MaxValue];
        private SctpPair? _pair;
        private DataChannelSet? _channels;
        private int _taken, _sets;
        private ushort _stream;
        private uint _protocol;
        private bool _isReset;

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            _stream = (ushort)mutator.Next(mutator.OneIn(4) ? 1024 : 24);
            _protocol = mutator.Pick(Protocols);
            _isReset = mutator.OneIn(16);
            return mutator.Mutate(dcep, buffer);
        }

        public override void Take(Span<byte> input)
        {
            if (_pair is null || _pair.A.Phase == SctpPhase.Ended || _taken++ % 500 == 0) Begin();
            _pair!.Now += TimeSpan.FromMilliseconds(1);
            if (!input.IsEmpty && _pair.A.Send(_stream, _protocol, input, unordered: false, null, _pair.Now) == SctpSendResult.Queued)
                Accepted++;
            if (_isReset) _pair.A.ResetStream(_stream, _pair.Now);
            for (int turns = 0; turns < 4; turns++)
            {
                _pair.Pass(_pair.A, _pair.B);
                while (_channels!.TryReceive(out DataChannelMessage message, _pair.Now)) Require(message.Channel is not null);
                while (_channels.TryTakeEvent(out _, _pair.Now)) { }
                _pair.Pass(_pair.B, _pair.A);
                while (_pair.A.TryReceive(out _)) { }
                while (_pair.A.TryTakeEvent(out _)) { }
            }
            Require(_channels!.Channels.Count <= DataChannelSet.MaximumChannels);
        }

        public override void Finish()
        {
            Refuse("(sets)", _sets);
            Refuse("RefusedOpening", _channels!.RefusedOpenings);
            Refuse("StrayMessage", _channels.StrayMessages);
        }

        private void Begin()
        {
            _sets++;
            _pair = new SctpPair((ulong)_sets);
            _pair.Connect();
            _channels = new DataChannelSet(_pair.B, isDtlsClient: false);
            _channels.Open("ours", DataChannelReliability.Full, _pair.Now);
        }
    }
}
