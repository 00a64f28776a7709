using Dapr.Voice.Rtp;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Rtp;

public sealed class RtpProperties
{
    [Fact]
    public void RtpPacket_WhatIsWritten_ParsesBack()
        => Prop.ForAll(ArbMap.Default.ArbFor<(byte, bool, ushort, uint, uint, byte[])>(), fields =>
        {
            (byte type, bool marker, ushort sequence, uint timestamp, uint ssrc, byte[]? payload) = fields;
            payload ??= [];
            byte[] buffer = new byte[64 + payload.Length];
            int length = RtpPacketWriter.WriteHeader(buffer, (byte)(type & 0x7F), marker, sequence, timestamp, ssrc);
            payload.CopyTo(buffer, length);
            length += payload.Length;
            return RtpPacket.TryParse(buffer.AsSpan(0, length), out RtpPacket packet, out _)
                && packet.PayloadType == (type & 0x7F) && packet.Marker == marker && packet.SequenceNumber == sequence
                && packet.Timestamp == timestamp && packet.Ssrc == ssrc && packet.Payload.SequenceEqual(payload);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void RtpPacket_AnyBytes_NeverThrow()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            foreach (byte first in new byte[] { 0x80, 0x90, 0xA0, 0xBF, 0x9F })
            {
                byte[] datagram = [first, .. bytes ?? []];
                if (!RtpPacket.TryParse(datagram, out RtpPacket packet, out _)) continue;
                _ = packet.Payload.Length;
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rtcp_AnyBytes_NeverThrow()
    {
        var random = new Random(1);
        for (int round = 0; round < 50_000; round++)
        {
            byte[] datagram = new byte[4 * random.Next(1, 20)];
            random.NextBytes(datagram);
            // Shaped enough to pass the door: else only the door is tested.
            for (int offset = 0; offset + 4 <= datagram.Length;)
            {
                int words = random.Next(0, Math.Min(9, (datagram.Length - offset) / 4));
                datagram[offset] = (byte)(0x80 | random.Next(0, 32));
                datagram[offset + 1] = (byte)random.Next(199, 209);
                datagram[offset + 2] = 0;
                datagram[offset + 3] = (byte)words;
                offset += 4 * (words + 1);
            }
            ReadAll(datagram);
        }
    }

    [Fact]
    public void Rtcp_UnshapedBytes_NeverThrow()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => ReadAll(bytes ?? [])).QuickCheckThrowOnFailure();

    [Fact]
    public void ReportBlock_WhatIsWritten_ParsesBack()
        => Prop.ForAll(ArbMap.Default.ArbFor<(uint, byte, int, uint, uint, uint, uint)>(), f =>
        {
            int lost = Math.Clamp(f.Item3 * 1000, ReportBlock.MinimumCumulativeLost, ReportBlock.MaximumCumulativeLost);
            var block = new ReportBlock(f.Item1, f.Item2, lost, f.Item4, f.Item5, f.Item6, f.Item7);
            var writer = new RtcpWriter(new byte[128]);
            writer.AddReceiverReport(9, block, block);
            RtcpCompound.TryParse(writer.Written, out RtcpCompound compound, out _);
            return compound.MoveNext() && compound.Current.TryReadReceiverReport(out ReceiverReport report) && report.Ssrc == 9
                && report.ReportBlocks.Count == 2 && report.ReportBlocks[1] == block && !compound.MoveNext();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void JitterBuffer_AnyOrderOfAnyPackets_HandsOnInOrder()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var buffer = new JitterBuffer();
            byte[] output = new byte[1280];
            Instant now = Instant.Zero;
            int? previous = null;
            ushort first = (ushort)random.Next(65536);
            // Wild but within reordering distance: every packet may come late, twice or not at all.
            var arrivals = Enumerable.Range(0, 400).Where(_ => random.Next(10) != 0)
                .SelectMany(i => Enumerable.Repeat(i, random.Next(20) == 0 ? 2 : 1)).OrderBy(i => i + random.Next(4)).ToList();
            int accepted = 0, delivered = 0;
            foreach (int i in arrivals)
            {
                now += TimeSpan.FromMilliseconds(random.Next(30));
                if (buffer.Insert([(byte)i], (ushort)(first + i), (uint)(i * 960), now) == JitterInsertResult.Accepted) accepted++;
                while (buffer.TryTake(output, out int length, out JitterFrame frame, now))
                {
                    int index = (ushort)(frame.SequenceNumber - first);
                    if (previous is { } p) Assert.Equal(p + 1, index);
                    previous = index;
                    Assert.Equal((uint)(index * 960), frame.Timestamp);
                    if (frame.Kind == JitterFrameKind.Lost) continue;
                    Assert.Equal(new[] { (byte)index }, output.AsSpan(0, length));
                    delivered++;
                }
                Assert.True(buffer.Count < 8);
            }
            now += TimeSpan.FromSeconds(1);
            while (buffer.TryTake(output, out _, out JitterFrame frame, now)) if (frame.Kind == JitterFrameKind.Packet) delivered++;
            Assert.Equal(accepted, delivered);
            Assert.Equal(0, buffer.Count);
        }
    }

    private static void ReadAll(ReadOnlySpan<byte> datagram)
    {
        if (!RtcpCompound.TryParse(datagram, out RtcpCompound compound, out _)) return;
        foreach (RtcpPacket packet in compound)
        {
            if (packet.TryReadSenderReport(out SenderReport sr)) for (int i = 0; i < sr.ReportBlocks.Count; i++)
                _ = sr.ReportBlocks[i].Jitter + sr.Info.PacketCount;
            if (packet.TryReadReceiverReport(out ReceiverReport rr)) for (int i = 0; i < rr.ReportBlocks.Count; i++) _ = rr.ReportBlocks[i];
        }
    }
}
