using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Wire;

public sealed class TransportAddressTests
{
    [Theory]
    [InlineData("192.0.2.7:3478", true)]
    [InlineData("[2001:db8::1]:443", false)]
    public void TryParse_TextForm_RoundTrips(string text, bool isIPv4)
    {
        Assert.True(TransportAddress.TryParse(text, out TransportAddress address));
        Assert.Equal(isIPv4, address.IsIPv4);
        Assert.Equal(text, address.ToString());
        Span<byte> bytes = stackalloc byte[16];
        address.WriteAddress16(bytes);
        Assert.Equal(address, TransportAddress.FromBytes(bytes, address.Port));
    }

    [Fact]
    public void TryParse_Nonsense_IsRefused() => Assert.False(TransportAddress.TryParse("relay:3478:1", out _));

    [Theory]
    [InlineData(new byte[] { 0, 1 }, DatagramKind.Stun)]
    [InlineData(new byte[] { 22, 254 }, DatagramKind.Dtls)]
    [InlineData(new byte[] { 64, 0 }, DatagramKind.TurnChannel)]
    [InlineData(new byte[] { 128, 111 }, DatagramKind.Rtp)]
    [InlineData(new byte[] { 128, 200 }, DatagramKind.Rtcp)]
    [InlineData(new byte[] { 144, 0xEF }, DatagramKind.Rtp)]
    [InlineData(new byte[] { 255, 0 }, DatagramKind.Unknown)]
    [InlineData(new byte[] { 128 }, DatagramKind.Unknown)]
    public void Classify_FirstBytes_FollowRfc7983(byte[] datagram, DatagramKind expected)
        => Assert.Equal(expected, DatagramDemultiplexer.Classify(datagram));

    [Fact]
    public void SerialNumber_AcrossTheWrap_IsNewer()
    {
        Assert.True(SerialNumber.IsNewer((ushort)3, (ushort)65530));
        Assert.False(SerialNumber.IsNewer(4_000_000_000u, 5u));
        Assert.Equal(9, SerialNumber.Distance((ushort)3, (ushort)65530));
    }
}
