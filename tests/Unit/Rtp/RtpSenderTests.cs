using Dapr.Voice.Rtp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Rtp;

public sealed class RtpSenderTests
{
    [Fact]
    public void WritePacket_TwoPackets_AreNumberedAndTimedOn()
    {
        var sender = new RtpSender(0xCAFE, 111, 65535, uint.MaxValue - 959);
        byte[] buffer = new byte[100];
        int length = sender.WritePacket(buffer, [1, 2, 3], 960, marker: true, Instant.Zero);
        Assert.True(RtpPacket.TryParse(buffer.AsSpan(0, length), out RtpPacket first, out _));
        Assert.Equal((ushort)65535, first.SequenceNumber);
        Assert.True(first.Marker);
        Assert.Equal(new byte[] { 1, 2, 3 }, first.Payload);
        sender.Skip(960);
        length = sender.WritePacket(buffer, [4], 960, marker: false, Instant.Zero);
        Assert.True(RtpPacket.TryParse(buffer.AsSpan(0, length), out RtpPacket second, out _));
        Assert.Equal((ushort)0, second.SequenceNumber);
        Assert.Equal(960u, second.Timestamp);
        Assert.Equal((2u, 4u), (sender.PacketCount, sender.OctetCount));
    }

    [Fact]
    public void TryGetSenderInfo_BetweenPackets_ExtrapolatesTheMediaClock()
    {
        var sender = new RtpSender(1, 111, 1, 1000);
        Assert.False(sender.TryGetSenderInfo(Instant.Zero, TimeSpan.Zero, out _));
        sender.WritePacket(new byte[100], [1], 960, false, Instant.FromMilliseconds(100));
        Assert.True(sender.TryGetSenderInfo(Instant.FromMilliseconds(110), TimeSpan.Zero, out SenderInfo info));
        Assert.Equal(1000u + 480, info.RtpTimestamp);
        Assert.Equal(NtpTimestamp.From(Instant.FromMilliseconds(110), TimeSpan.Zero), info.Ntp);
    }

    [Fact]
    public void Import_OnAnotherClock_GoesOnWhereTheFirstStopped()
    {
        var sender = new RtpSender(1, 111, 1, 1000);
        sender.WritePacket(new byte[100], [1], 960, false, Instant.FromMilliseconds(100));
        var imported = RtpSender.Import(sender.ExportState(Instant.FromMilliseconds(105)), Instant.FromMilliseconds(7_000_000));
        Assert.Equal((sender.NextSequenceNumber, sender.NextTimestamp), (imported.NextSequenceNumber, imported.NextTimestamp));
        Assert.True(imported.TryGetSenderInfo(Instant.FromMilliseconds(7_000_005), TimeSpan.Zero, out SenderInfo info));
        Assert.Equal(1000u + 480, info.RtpTimestamp);
        Assert.Equal(1u, info.PacketCount);
    }

    [Fact]
    public void WritePacket_SteadyState_AllocatesNothing()
    {
        var sender = new RtpSender(1, 111, 1, 1);
        byte[] buffer = new byte[300];
        byte[] payload = new byte[160];
        sender.WritePacket(buffer, payload, 960, false, Instant.Zero);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            int length = sender.WritePacket(buffer, payload, 960, false, Instant.Zero);
            Assert.True(RtpPacket.TryParse(buffer.AsSpan(0, length), out RtpPacket packet, out _)
                && packet.HeaderLength == RtpHeader.FixedLength);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
