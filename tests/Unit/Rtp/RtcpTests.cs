using Dapr.Voice.Rtp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Rtp;

public sealed class RtcpTests
{
    [Fact]
    public void RtcpWriter_CompoundOfFour_ParsesBack()
    {
        var info = new SenderInfo(new NtpTimestamp(0x1122334455667788), 48000, 17, 2720);
        var writer = new RtcpWriter(new byte[256]);
        writer.AddSenderReport(0xAA, info, new ReportBlock(0xBB, 12, -3, 70000, 55, 0x33445566, 65536));
        writer.AddReceiverReport(0xAA);
        writer.AddCname(0xAA, "caller@voice"u8);
        writer.AddBye(0xAA);

        Assert.True(RtcpCompound.TryParse(writer.Written, out RtcpCompound compound, out _));
        Assert.True(compound.MoveNext() && compound.Current.TryReadSenderReport(out SenderReport sr) && sr.Ssrc == 0xAA && sr.Info == info
            && sr.ReportBlocks.Count == 1 && sr.ReportBlocks[0].CumulativeLost == -3);
        Assert.True(compound.MoveNext() && compound.Current.TryReadReceiverReport(out ReceiverReport rr) && rr.ReportBlocks.Count == 0);
        // The SDES chunk: SSRC, item type 1 (CNAME), its length, the text, null octets up to a whole word.
        Assert.True(compound.MoveNext() && compound.Current is { Type: RtcpPacketType.SourceDescription, Count: 1 });
        byte[] cname = [0, 0, 0, 0xAA, 1, 12, .. "caller@voice"u8, 0, 0];
        Assert.Equal(cname, compound.Current.Body);
        Assert.True(compound.MoveNext() && compound.Current is { Type: RtcpPacketType.Bye, Count: 1 });
        Assert.Equal(new byte[] { 0, 0, 0, 0xAA }, compound.Current.Body);
        Assert.False(compound.MoveNext());
    }

    [Fact]
    public void RtcpCompound_ByeOfEightBytes_IsAccepted()
    {
        // Reduced size (RFC 5506), and what aiortc ends a session with.
        Assert.True(RtcpCompound.TryParse(Convert.FromHexString("81CB000100000001"), out RtcpCompound compound, out _));
        Assert.True(compound.MoveNext() && compound.Current is { Type: RtcpPacketType.Bye, Count: 1 } && compound.Current.Body.Length == 4);
    }

    [Fact]
    public void RtcpCompound_UnknownType_IsEnumeratedAndLeftAlone()
    {
        Assert.True(RtcpCompound.TryParse(Convert.FromHexString("81DF00010000000181CB000100000001"), out RtcpCompound compound, out _));
        Assert.True(compound.MoveNext());
        Assert.Equal(223, (int)compound.Current.Type);
        Assert.True(compound.MoveNext() && compound.Current.Type == RtcpPacketType.Bye);
    }

    [Theory]
    [InlineData("8000", RtcpParseError.TooShort)]
    [InlineData("01C80000", RtcpParseError.BadVersion)]
    [InlineData("806F0000", RtcpParseError.BadPacketType)]
    [InlineData("80C90002AAAAAAAA", RtcpParseError.LengthBeyondEnd)]
    [InlineData("80C90001AAAAAAAA00", RtcpParseError.TooShort)]
    [InlineData("A0C90002AAAAAAAA00000003", RtcpParseError.BadPadding)]
    [InlineData("A0C90002AAAAAAAA00000010", RtcpParseError.BadPadding)]
    [InlineData("A0C90002AAAAAAAA0000000480C90001AAAAAAAA", RtcpParseError.BadPadding)]
    public void RtcpCompound_Broken_SaysWhy(string hex, RtcpParseError expected)
    {
        Assert.False(RtcpCompound.TryParse(Convert.FromHexString(hex), out _, out RtcpParseError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void RtcpCompound_PaddedLastPacket_LosesItsPadding()
    {
        Assert.True(RtcpCompound.TryParse(Convert.FromHexString("A0C90002AAAAAAAA00000004"), out RtcpCompound compound, out _));
        Assert.True(compound.MoveNext());
        Assert.Equal(4, compound.Current.Body.Length);
    }

    [Fact]
    public void NtpTimestamp_KnownMoment_HasItsSecondsSince1900()
    {
        TimeSpan offset = new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero) - new DateTimeOffset(1900, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var ntp = NtpTimestamp.From(Instant.FromMilliseconds(500), offset);
        // Unix time plus the difference of the two epochs (RFC 868).
        Assert.Equal(1_795_305_600ul + 2_208_988_800ul, ntp.Value >> 32);
        Assert.Equal(0x8000_0000ul, ntp.Value & 0xFFFF_FFFF);
    }

    [Fact]
    public void RoundTripTime_ExampleOfRfc3550_Is6125Milliseconds()
    {
        // RFC 3550, section 6.4.1, figure 2.
        var block = new ReportBlock(1, 0, 0, 0, 0, 0xB705_2000, 0x0005_4000);
        var arrival = new NtpTimestamp((ulong)0xB710_8000 << 16);
        Assert.Equal(6125, block.RoundTripTime(arrival)!.Value.TotalMilliseconds, 0.1);
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(0xB710_9000, 0u)]
    [InlineData(0xB710_7000, 0x0001_0000u)]
    public void RoundTripTime_NoReportOrImpossibleNumbers_IsUnknown(uint lastSenderReport, uint delay)
        => Assert.Null(new ReportBlock(1, 0, 0, 0, 0, lastSenderReport, delay).RoundTripTime(new NtpTimestamp((ulong)0xB710_8000 << 16)));
}
