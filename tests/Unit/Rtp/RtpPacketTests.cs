using Dapr.Voice.Rtp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Rtp;

public sealed class RtpPacketTests
{
    [Fact]
    public void TryParse_PacketOfRfc7714_ReadsEveryField()
    {
        // RFC 7714, section 16: the packet all vectors there start from.
        byte[] bytes = Convert.FromHexString(
            "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
        Assert.True(RtpPacket.TryParse(bytes, out RtpPacket packet, out RtpParseError error));
        Assert.Equal(RtpParseError.None, error);
        Assert.Equal(0x40, packet.PayloadType);
        Assert.False(packet.Marker);
        Assert.Equal(0xF17B, packet.SequenceNumber);
        Assert.Equal(0x8041F8D3u, packet.Timestamp);
        Assert.Equal(0x5501A0B2u, packet.Ssrc);
        Assert.Equal(12, packet.HeaderLength);
        Assert.Equal("Gallia est omnis divisa in partes tres"u8, packet.Payload);
    }

    [Fact]
    public void TryParse_CsrcExtensionAndPadding_AreTakenApart()
    {
        byte[] bytes = Convert.FromHexString("B2EF00010000000200000003" + "0000000A0000000B" + "BEDE0001" + "10AA0000" + "DEAD" + "000003");
        Assert.True(RtpPacket.TryParse(bytes, out RtpPacket packet, out _));
        Assert.True(packet.Marker);
        Assert.Equal(111, packet.PayloadType);
        Assert.Equal(28, packet.HeaderLength);
        Assert.Equal(3, packet.PaddingLength);
        Assert.Equal(new byte[] { 0xDE, 0xAD }, packet.Payload);
    }

    [Theory]
    [InlineData("80", RtpParseError.TooShort)]
    [InlineData("406F00010000000200000003", RtpParseError.BadVersion)]
    [InlineData("816F00010000000200000003", RtpParseError.CsrcListTruncated)]
    [InlineData("906F00010000000200000003", RtpParseError.ExtensionTruncated)]
    [InlineData("906F00010000000200000003BEDE0002AABBCCDD", RtpParseError.ExtensionTruncated)]
    [InlineData("A06F00010000000200000003", RtpParseError.BadPadding)]
    [InlineData("A06F0001000000020000000300", RtpParseError.BadPadding)]
    [InlineData("A06F0001000000020000000305", RtpParseError.BadPadding)]
    public void TryParse_BrokenPacket_SaysWhy(string hex, RtpParseError expected)
    {
        Assert.False(RtpPacket.TryParse(Convert.FromHexString(hex), out _, out RtpParseError error));
        Assert.Equal(expected, error);
    }
}
