using Dapr.Voice.Ice;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ice;

public sealed class CandidateTests
{
    [Fact]
    public void Host_Priorities_AreThoseOfTheSpecification()
    {
        TransportAddress address = SimulatedIceNetwork.Address("192.0.2.1:3478");
        Assert.Equal(2130706431u, Candidate.Host(address).Priority);
        Assert.True(Candidate.Host(address, 1).Priority < Candidate.Host(address).Priority);
        Assert.True(Candidate.Host(address, 0, CandidateTransport.TcpPassive).Priority < Candidate.Host(address, 9).Priority);
    }

    [Theory]
    [InlineData("candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host")]
    [InlineData("candidate:2 1 tcp 1671430143 2001:db8::1 443 typ host tcptype passive")]
    [InlineData("candidate:842163049 1 udp 1677729535 203.0.113.7 61000 typ srflx raddr 10.0.0.5 rport 61000")]
    public void TryParse_ThenFormat_GivesTheSameText(string text)
    {
        Assert.True(Candidate.TryParse(text, out Candidate? candidate));
        Assert.Equal(text, candidate.ToString());
        Assert.True(Candidate.TryParse("a=" + text, out Candidate? again));
        Assert.Equal(candidate, again);
        Assert.True(Candidate.TryParse(text.AsSpan("candidate:".Length), out again));
        Assert.Equal(candidate, again);
    }

    [Fact]
    public void TryParse_BrowserExtensions_AreSkipped()
    {
        Assert.True(Candidate.TryParse("candidate:1 1 UDP 5 192.0.2.1 9 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag Ab/+ "
            + "network-cost 999", out Candidate? candidate));
        Assert.Equal("candidate:1 1 udp 5 192.0.2.1 9 typ srflx raddr 0.0.0.0 rport 0", candidate.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("candidate:")]
    [InlineData("candidate:1 1 udp 1 8c9e6f5a-1111-2222-3333-444455556666.local 9 typ host")]
    [InlineData("candidate:1 1 tcp 1 192.0.2.1 9 typ host")]
    [InlineData("candidate:1 1 sctp 1 192.0.2.1 9 typ host")]
    [InlineData("candidate:1 0 udp 1 192.0.2.1 9 typ host")]
    [InlineData("candidate:1 1 udp 4294967296 192.0.2.1 9 typ host")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 65536 typ host")]
    [InlineData("candidate:1 1 udp 1 192.0.2 9 typ host")]
    [InlineData("candidate:1 1 udp 1 fe80::1%eth0 9 typ host")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 9 typ cloud")]
    [InlineData("candidate:1 1 udp 1 192.0.2.1 9")]
    [InlineData("candidate:=~ 1 udp 1 192.0.2.1 9 typ host")]
    public void TryParse_NotUsable_IsFalse(string text) => Assert.False(Candidate.TryParse(text, out _));

    [Fact]
    public void TryParse_AnyTextAndMutations_NeverThrow()
    {
        Prop.ForAll<string>(text => { _ = Candidate.TryParse(text, out _); }).QuickCheckThrowOnFailure();
        var random = new Random(8839);
        const string seed = "candidate:2 1 tcp 1671430143 2001:db8::1 443 typ srflx raddr 10.0.0.5 rport 9 tcptype passive";
        for (int i = 0; i < 20_000; i++)
        {
            char[] text = seed.ToCharArray();
            for (int n = random.Next(1, 5); n > 0; n--)
                text[random.Next(text.Length)] = (char)random.Next(random.Next(2) == 0 ? 128 : 65536);
            _ = Candidate.TryParse(text, out _);
        }
    }

    [Fact]
    public void Format_AnyAddress_ParsesBack()
        => Prop.ForAll<uint, ulong, ushort>((v4, low, port) =>
        {
            foreach (TransportAddress address in new[] { TransportAddress.FromIPv4(v4, port),
                new TransportAddress(0x2001_0DB8_0000_0000, low, port) })
            {
                var candidate = Candidate.Host(address, port % 100);
                Assert.True(Candidate.TryParse(candidate.ToString(), out Candidate? read));
                Assert.Equal(candidate, read);
            }
        }).QuickCheckThrowOnFailure();
}
