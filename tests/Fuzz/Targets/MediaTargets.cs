using Dapr.Voice.Opus;
using Dapr.Voice.Rtp;
using Dapr.Voice.Srtp;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

internal static class MediaTargets
{
    public static IEnumerable<FuzzTarget> All(WireCorpus wire)
    {
        yield return new ParserTarget<RtpParseError>("RtpPacket", 150_000, wire.Rtp, ReadRtp);
        yield return new ParserTarget<RtcpParseError>("RtcpCompound, every packet", 150_000, wire.Rtcp, ReadRtcp);
        yield return new ReceivingTarget(wire.Rtp);
        foreach (SrtpProtectionProfile profile in Enum.GetValues<SrtpProtectionProfile>())
        {
            yield return new SrtpTarget(profile, wire.Rtp);
            yield return new SrtcpTarget(profile, wire.Rtcp);
        }
        yield return new OpusTarget();
    }

    private static RtpParseError ReadRtp(Span<byte> input)
    {
        if (!RtpPacket.TryParse(input, out RtpPacket packet, out RtpParseError error)) return error;
        if (packet.HeaderLength + packet.Payload.Length + packet.PaddingLength != input.Length)
            throw new InvalidOperationException("The parts are not the whole.");
        return RtpParseError.None;
    }

    private static RtcpParseError ReadRtcp(Span<byte> input)
    {
        if (!RtcpCompound.TryParse(input, out RtcpCompound compound, out RtcpParseError error)) return error;
        int packets = 0;
        foreach (RtcpPacket packet in compound)
        {
            if (++packets > input.Length / 4) throw new InvalidOperationException("More packets than fit.");
            _ = packet.Body.Length + packet.Count;
            if (packet.TryReadSenderReport(out SenderReport sent)) ReadBlocks(sent.ReportBlocks);
            if (packet.TryReadReceiverReport(out ReceiverReport received)) ReadBlocks(received.ReportBlocks);
        }
        return RtcpParseError.None;
    }

    private static void ReadBlocks(ReportBlockList blocks)
    {
        for (int i = 0; i < blocks.Count; i++) _ = blocks[i].RoundTripTime(new NtpTimestamp(0x1234_5678_9ABC_DEF0));
    }

    /// <summary>Statistics and order of a stream whose numbers jump about, as authentic packets of a broken sender would.</summary>
    private sealed class ReceivingTarget(Corpus corpus) : FuzzTarget("RtpReceiver and JitterBuffer", 60_000)
    {
        private readonly RtpReceiver _receiver = new(Conversation.CallerSsrc);
        private readonly JitterBuffer _jitter = new();
        private readonly byte[] _frame = new byte[2048];
        private Instant _now = Instant.FromMilliseconds(1000);
        private long _frames;

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(corpus, buffer);

        public override void Take(Span<byte> input)
        {
            _now += TimeSpan.FromMilliseconds(5);
            if (!RtpPacket.TryParse(input, out RtpPacket packet, out RtpParseError error))
            {
                Refuse(error.ToString());
                return;
            }
            Accepted++;
            _receiver.OnPacket(packet.Header, _now);
            _receiver.OnSenderReport(new NtpTimestamp(packet.Timestamp), _now);
            _jitter.Insert(packet.Payload, packet.SequenceNumber, packet.Timestamp, _now);
            int steps = 0;
            while (_jitter.TryTake(_frame, out _, out _, _now))
            {
                _frames++;
                Require(++steps < 1000);
            }
            Require(_jitter.NextTimeout > _now);
            _ = _receiver.ToReportBlock(_now);
            _ = _receiver.Jitter;
        }
    }

    /// <summary>A receiving context; at its end the true sender is still understood.</summary>
    private sealed class SrtpTarget(SrtpProtectionProfile profile, Corpus corpus) : FuzzTarget($"SrtpContext, {profile}", 40_000)
    {
        private readonly SrtpContext _sender = new(Keys(profile)), _receiver = new(Keys(profile));
        private readonly Corpus _corpus = Protect(corpus, profile);

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(_corpus, buffer);

        public override void Take(Span<byte> input)
        {
            if (_receiver.TryUnprotect(input, input.Length, out int length, out _)) Accepted++;
            Require(length <= input.Length);
        }

        public override void Finish()
        {
            foreach (SrtpError reason in Enum.GetValues<SrtpError>()) Refuse(reason.ToString(), _receiver.Errors[reason]);
            Require(Accepted == 0);
            byte[] packet = new byte[200];
            int length = _sender.Protect(packet, RtpPacketWriter.WriteHeader(packet, 111, false, 5, 6, 7) + 60);
            Require(_receiver.TryUnprotect(packet, length, out _, out _));
        }

        private static Corpus Protect(Corpus plain, SrtpProtectionProfile profile)
        {
            var items = new List<byte[]>();
            foreach (byte[] item in plain.Items)
            {
                // Each under a context of its own: the numbers repeat.
                using var context = new SrtpContext(Keys(profile));
                byte[] packet = new byte[item.Length + 16];
                item.CopyTo(packet, 0);
                items.Add(packet[..context.Protect(packet, item.Length)]);
            }
            return new Corpus(items);
        }

        public override void Dispose()
        {
            _sender.Dispose();
            _receiver.Dispose();
        }
    }

    private sealed class SrtcpTarget(SrtpProtectionProfile profile, Corpus corpus) : FuzzTarget($"SrtcpContext, {profile}", 30_000)
    {
        private readonly SrtcpContext _sender = new(Keys(profile)), _receiver = new(Keys(profile));
        private readonly Corpus _corpus = Protect(corpus, profile);

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(_corpus, buffer);

        public override void Take(Span<byte> input)
        {
            if (_receiver.TryUnprotect(input, input.Length, out int length, out _)) Accepted++;
            Require(length <= input.Length);
        }

        public override void Finish()
        {
            foreach (SrtpError reason in Enum.GetValues<SrtpError>()) Refuse(reason.ToString(), _receiver.Errors[reason]);
            Require(Accepted == 0);
            byte[] packet = new byte[200];
            var writer = new RtcpWriter(packet);
            writer.AddReceiverReport(7);
            Require(_receiver.TryUnprotect(packet, _sender.Protect(packet, writer.Length), out _, out _));
        }

        private static Corpus Protect(Corpus plain, SrtpProtectionProfile profile)
        {
            var items = new List<byte[]>();
            using var context = new SrtcpContext(Keys(profile));
            foreach (byte[] item in plain.Items)
            {
                byte[] packet = new byte[item.Length + 20];
                item.CopyTo(packet, 0);
                items.Add(packet[..context.Protect(packet, item.Length)]);
            }
            return new Corpus(items);
        }

        public override void Dispose()
        {
            _sender.Dispose();
            _receiver.Dispose();
        }
    }

    /// <summary>libopus is C: what it gets from a caller is only authentic, not well formed.</summary>
    private sealed class OpusTarget() : FuzzTarget("UplinkDecoder, libopus", 20_000)
    {
        private static readonly SessionDropCounters Drops = new();
        private readonly UplinkDecoder _decoder = new(OpusCodec.Libopus, Drops);
        private readonly Corpus _corpus = Encode();

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            int length = mutator.Mutate(_corpus, buffer);
            return mutator.OneIn(32) ? 0 : length;
        }

        public override void Take(Span<byte> input)
        {
            if (input.IsEmpty) _decoder.OnLost();
            else _decoder.OnPacket(input);
            int frames = 0;
            while (_decoder.TryTake(out _)) Require(++frames <= 20);
        }

        public override void Finish()
        {
            Accepted = _decoder.Decoded;
            Refuse("Malformed", Drops[SessionDrop.MediaNotOpus]);
            Refuse("Lost", Inputs - _decoder.Decoded - Drops[SessionDrop.MediaNotOpus]);
        }

        public override void Dispose() => _decoder.Dispose();

        private static Corpus Encode()
        {
            var packets = new List<byte[]>();
            short[] pcm = new short[2880];
            for (int i = 0; i < pcm.Length; i++) pcm[i] = (short)(8000 * Math.Sin(i * i * 0.0003));
            byte[] packet = new byte[1500];
            foreach (OpusApplication application in Enum.GetValues<OpusApplication>())
            {
                using IOpusEncoder encoder = OpusCodec.Libopus.CreateEncoder(application: application);
                encoder.InbandFec = true;
                encoder.ExpectedLossPercent = 20;
                foreach (int bitrate in new[] { 8_000, 24_000, 64_000 })
                {
                    encoder.Bitrate = bitrate;
                    foreach (int samples in new[] { 240, 480, 960, 1440 })
                    {
                        for (int i = 0; i < 4; i++) packets.Add(packet[..encoder.Encode(pcm.AsSpan(i * 100, samples), packet)]);
                    }
                }
            }
            return new Corpus(packets);
        }
    }

    private static SrtpKeyingMaterial Keys(SrtpProtectionProfile profile)
        => new(profile, [.. Enumerable.Range(1, 16).Select(i => (byte)i)],
        new byte[profile == SrtpProtectionProfile.AeadAes128Gcm ? 12 : 14]);
}
