using System.Text;
using Dapr.Voice.Sctp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

/// <summary>RFC 3720, appendix B.4, and the usual check value.</summary>
public sealed class Crc32CTests
{
    [Fact]
    public void Of_CheckString_IsCheckValue() => Assert.Equal(0xE3069283u, Crc32C.Of(Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void Of_ThirtyTwoZeros_IsVector() => Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32]));

    [Fact]
    public void Of_ThirtyTwoOnes_IsVector() => Assert.Equal(0x62A8AB43u, Crc32C.Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));

    [Fact]
    public void Of_Ascending_IsVector() => Assert.Equal(0x46DD794Eu, Crc32C.Of(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));

    [Fact]
    public void OfPacket_IgnoresTheChecksumField()
    {
        byte[] packet = Enumerable.Range(0, 40).Select(i => (byte)i).ToArray();
        uint before = Crc32C.OfPacket(packet);
        packet[9] ^= 0xFF;
        Assert.Equal(before, Crc32C.OfPacket(packet));
        byte[] zeroed = [.. packet];
        zeroed.AsSpan(8, 4).Clear();
        Assert.Equal(Crc32C.Of(zeroed), before);
    }
}
