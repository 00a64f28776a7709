using Dapr.Voice.Steering;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class LinkEndpointTests
{
    [Theory]
    [InlineData("udp://10.0.0.4:20000", LinkScheme.Udp, "10.0.0.4", 20000)]
    [InlineData("10.0.0.4:20000", LinkScheme.Udp, "10.0.0.4", 20000)]
    [InlineData("TCP://transceiver-00:20016", LinkScheme.Tcp, "transceiver-00", 20016)]
    [InlineData(" tcp://transceiver-00.internal.example:1 ", LinkScheme.Tcp, "transceiver-00.internal.example", 1)]
    [InlineData("tcp://[2001:db8::4]:20000", LinkScheme.Tcp, "2001:db8::4", 20000)]
    [InlineData("[::1]:20000", LinkScheme.Udp, "::1", 20000)]
    public void TryParse_Endpoint_IsReadAndWrittenBack(string text, LinkScheme scheme, string host, int port)
    {
        Assert.True(LinkEndpoint.TryParse(text, out LinkEndpoint? endpoint, out string? error));
        Assert.Null(error);
        Assert.Equal(new LinkEndpoint(scheme, host, port), endpoint);
        Assert.True(LinkEndpoint.TryParse(endpoint.ToString(), out LinkEndpoint? again, out _));
        Assert.Equal(endpoint, again);
    }

    [Theory]
    [InlineData("http://10.0.0.4:20000", "begins with neither udp:// nor tcp://")]
    [InlineData("tcp://10.0.0.4", "has no port")]
    [InlineData("tcp://10.0.0.4:0", "has no port")]
    [InlineData("tcp://10.0.0.4:65536", "has no port")]
    [InlineData("tcp://10.0.0.4:+1", "has no port")]
    [InlineData("tcp://:20000", "names no host")]
    [InlineData("tcp://2001:db8::4:20000", "names no host")]
    [InlineData("tcp://[10.0.0.4]:20000", "names no host")]
    [InlineData("tcp://user@host:20000", "names no host")]
    [InlineData("tcp://host:20000/path", "has no port")]
    [InlineData("", "has no port")]
    [InlineData(null, "has no port")]
    public void TryParse_NoEndpoint_SaysWhatIsRight(string? text, string expected)
    {
        Assert.False(LinkEndpoint.TryParse(text, out _, out string? error));
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
        Assert.Contains("tcp://transceiver-00:20000", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_AnyText_NeverThrows() => Prop.ForAll<string>(text =>
    {
        if (LinkEndpoint.TryParse(text, out LinkEndpoint? endpoint, out _)) endpoint.TryGetAddress(out _);
        if (LinkEndpoint.TryParse($"tcp://{text}:20000", out endpoint, out _)) endpoint.TryGetAddress(out _);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("tcp://10.0.0.4:20000", "10.0.0.4:20000")]
    [InlineData("tcp://[2001:db8::4]:20000", "[2001:db8::4]:20000")]
    [InlineData("tcp://transceiver-00:20000", null)]
    [InlineData("tcp://20000:20000", null)]
    public void TryGetAddress_AddressOrName_TellsThemApart(string text, string? expected)
    {
        LinkEndpoint.TryParse(text, out LinkEndpoint? endpoint, out _);
        Assert.Equal(expected is not null, endpoint!.TryGetAddress(out TransportAddress address));
        if (expected is not null) Assert.Equal(expected, address.ToString());
    }

    [Fact]
    public void ForWorker_Number_CountsPorts()
        => Assert.Equal("tcp://t:20003", new LinkEndpoint(LinkScheme.Tcp, "t", 20000).ForWorker(3).ToString());
}
