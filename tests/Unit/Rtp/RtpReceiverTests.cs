using Dapr.Voice.Rtp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Rtp;

public sealed class RtpReceiverTests
{
    private static readonly Instant Start = Instant.FromMilliseconds(1_000_000);

    [Fact]
    public void OnPacket_SequenceWraps_ExtendsIt()
    {
        var receiver = new RtpReceiver(1);
        foreach (ushort s in new ushort[] { 65534, 65535, 0, 1 }) Assert.Equal(RtpSequenceVerdict.Valid, Feed(receiver, s));
        Assert.Equal(65537u, receiver.ExtendedHighestSequenceNumber);
        Assert.Equal(0, receiver.CumulativeLost);
    }

    [Fact]
    public void OnPacket_Probation_WantsPacketsInOrder()
    {
        var receiver = new RtpReceiver(1, probation: 2);
        Assert.Equal(RtpSequenceVerdict.Probation, Feed(receiver, 10));
        Assert.Equal(RtpSequenceVerdict.Probation, Feed(receiver, 20));
        Assert.Equal(RtpSequenceVerdict.Valid, Feed(receiver, 21));
        Assert.Equal(1u, receiver.Received);
    }

    [Fact]
    public void OnPacket_LargeJump_CountsOnlyWhenRepeatedInOrder()
    {
        var receiver = new RtpReceiver(1);
        Feed(receiver, 10);
        Assert.Equal(RtpSequenceVerdict.Jump, Feed(receiver, 20_000));
        Assert.Equal(RtpSequenceVerdict.Valid, Feed(receiver, 11));
        Assert.Equal(RtpSequenceVerdict.Jump, Feed(receiver, 30_000));
        Assert.Equal(RtpSequenceVerdict.Restarted, Feed(receiver, 30_001));
        Assert.Equal(30_001u, receiver.ExtendedHighestSequenceNumber);
        Assert.Equal(0, receiver.CumulativeLost);
    }

    [Fact]
    public void ToReportBlock_QuarterLost_SaysSoOncePerInterval()
    {
        var receiver = new RtpReceiver(7);
        for (ushort s = 1; s <= 100; s++) if (s % 4 != 0) Feed(receiver, s);
        var first = receiver.ToReportBlock(Start);
        // Number 100 was never missed: nothing came after it.
        Assert.Equal(24, first.CumulativeLost);
        Assert.Equal(24 * 256 / 99, first.FractionLost);
        Assert.Equal(99u, first.ExtendedHighestSequenceNumber);
        Feed(receiver, 100);
        var second = receiver.ToReportBlock(Start);
        Assert.Equal(0, second.FractionLost);
        Assert.Equal(24, second.CumulativeLost);
    }

    [Fact]
    public void ToReportBlock_Duplicates_MakeTheLossNegative()
    {
        var receiver = new RtpReceiver(7);
        Feed(receiver, 1);
        Feed(receiver, 1);
        Feed(receiver, 1);
        var block = receiver.ToReportBlock(Start);
        Assert.Equal(-2, block.CumulativeLost);
        Assert.Equal(0, block.FractionLost);
    }

    [Fact]
    public void Jitter_SteadyStream_IsZeroAndAlternatingDelayConverges()
    {
        var steady = new RtpReceiver(1);
        var shaken = new RtpReceiver(1);
        for (int i = 0; i < 500; i++)
        {
            Feed(steady, (ushort)i, i * 20);
            Feed(shaken, (ushort)i, i * 20 + (i % 2) * 10);
        }
        Assert.Equal(TimeSpan.Zero, steady.Jitter);
        // |D| is always 10 ms = 480 ticks; A.8 in integers settles within its own rounding.
        Assert.InRange(shaken.Jitter.TotalMilliseconds, 9.5, 10.5);
    }

    [Fact]
    public void ToReportBlock_AfterSenderReport_CarriesItsTimeAndAge()
    {
        var receiver = new RtpReceiver(1);
        Feed(receiver, 1);
        receiver.OnSenderReport(new NtpTimestamp(0x1111_2222_3333_4444), Start);
        var block = receiver.ToReportBlock(Start + TimeSpan.FromSeconds(2));
        Assert.Equal(0x2222_3333u, block.LastSenderReport);
        Assert.Equal(2u << 16, block.DelaySinceLastSenderReport);
    }

    [Fact]
    public void Import_InMidStream_ReportsTheSame()
    {
        var receiver = new RtpReceiver(1);
        for (int i = 0; i < 70_000; i++) if (i % 7 != 0) Feed(receiver, (ushort)i, i * 20);
        receiver.OnSenderReport(new NtpTimestamp(0x1111_2222_3333_4444), Start);
        Instant later = Start + TimeSpan.FromSeconds(1);
        var imported = RtpReceiver.Import(receiver.ExportState(later), later);
        Assert.Equal(receiver.ToReportBlock(later), imported.ToReportBlock(later));
        Feed(receiver, 4500, 70_001 * 20);
        Feed(imported, 4500, 70_001 * 20);
        Assert.Equal(receiver.ExtendedHighestSequenceNumber, imported.ExtendedHighestSequenceNumber);
    }

    [Fact]
    public void OnPacket_SteadyState_AllocatesNothing()
    {
        var receiver = new RtpReceiver(1);
        for (int i = 0; i < 100; i++) Feed(receiver, (ushort)i, i * 20);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 100; i < 1000; i++) { Feed(receiver, (ushort)i, i * 20); receiver.ToReportBlock(Start); }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static RtpSequenceVerdict Feed(RtpReceiver receiver, ushort sequence, long atMilliseconds = 0)
    {
        var header = new RtpHeader(111, false, sequence, (uint)(sequence * 960), 1, 12, HasPadding: false);
        if (atMilliseconds > 0) header = header with { Timestamp = (uint)(atMilliseconds / 20 * 960) };
        return receiver.OnPacket(header, Start + TimeSpan.FromMilliseconds(atMilliseconds));
    }
}
