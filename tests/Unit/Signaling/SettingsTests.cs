using System.Net;
using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling;
using Dapr.Voice.Signaling.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("udp://203.0.113.7:3478", "candidate:1 1 udp 2130706431 203.0.113.7 3478 typ host")]
    [InlineData("tcp://203.0.113.7:443", "candidate:1 1 tcp 1520435199 203.0.113.7 443 typ host tcptype passive")]
    [InlineData("udp://[2001:db8::7]:3478", "candidate:1 1 udp 2130706431 2001:db8::7 3478 typ host")]
    public void Ingress_Address_BecomesAHostCandidate(string text, string candidate)
    {
        Assert.True(Ingress.TryParse(text, out Ingress? ingress));
        Assert.Equal(candidate, ingress.ToCandidate(0));
    }

    [Fact]
    public void Ingress_UdpBehindManyTcp_StillRanksFirst()
    {
        Assert.True(Ingress.TryParse("udp://203.0.113.7:3478", out Ingress? udp));
        Assert.True(Ingress.TryParse("tcp://203.0.113.7:3478", out Ingress? tcp));
        uint[] ranked = [Priority(udp.ToCandidate(0)), Priority(udp.ToCandidate(1000)), Priority(tcp.ToCandidate(0)),
            Priority(tcp.ToCandidate(1)), Priority(tcp.ToCandidate(1000))];
        Assert.Equal(ranked.OrderDescending(), ranked);
        Assert.Equal(ranked.Length, ranked.Distinct().Count());
        // RFC 6544, section 4.2: the direction preference of a passive host candidate is 4, in the three highest bits of the local
        // preference.
        Assert.Equal(4u, (ranked[2] >> 8 & 0xFFFF) >> 13);

        static uint Priority(string candidate) => uint.Parse(candidate.Split(' ')[3], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("")]
    [InlineData("203.0.113.7:3478")]
    [InlineData("http://203.0.113.7:3478")]
    [InlineData("udp://relay.example.com:3478")]
    [InlineData("udp://0.0.0.0:3478")]
    [InlineData("udp://203.0.113.7")]
    [InlineData("udp://203.0.113.7:3478/path")]
    public void Ingress_NotAnAddress_IsRefused(string text) => Assert.False(Ingress.TryParse(text, out _));

    [Theory]
    [InlineData("Ingresses:0", "udp://relay:3478")]
    [InlineData("Agents:0", "an agent")]
    [InlineData("AllowedOrigins:0", "https://app.example.com/path")]
    [InlineData("MaximumSessionSeconds", "0")]
    [InlineData("RequestBurstPerAddress", "0")]
    [InlineData("TrustedProxies", "-1")]
    public void Options_BadValue_IsNamed(string setting, string value)
    {
        SettingsException e = Assert.Throws<SettingsException>(() => ServiceOptions.Read<SignalingOptions>(
            new ConfigurationBuilder().AddInMemoryCollection([new("Signaling:" + setting, value)]).Build()));

        Assert.Contains("Signaling__" + setting.Split(':')[0], e.Message);
    }

    [Theory]
    [InlineData(0, "198.51.100.1", "10.0.0.1")]
    [InlineData(1, "198.51.100.1", "198.51.100.1")]
    [InlineData(1, "1.2.3.4, 198.51.100.1", "198.51.100.1")]
    [InlineData(1, "1.2.3.4, 198.51.100.1:5555", "198.51.100.1")]
    [InlineData(2, "1.2.3.4, 198.51.100.1, 10.1.1.1", "198.51.100.1")]
    [InlineData(1, "nonsense", "10.0.0.1")]
    [InlineData(1, "", "10.0.0.1")]
    public async Task ClientAddress_ForwardedHeader_IsTrustedAsFarAsConfigured(int proxies, string forwarded, string client)
    {
        await using ServiceProvider services = new ServiceCollection().AddLogging()
            .AddSingleton(new SignalingOptions { TrustedProxies = proxies }).AddPublicApi().BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.UseClientAddress();
        app.Run(_ => Task.CompletedTask);
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse("10.0.0.1");
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        await app.Build()(context);

        Assert.Equal(IPAddress.Parse(client), context.Connection.RemoteIpAddress);
    }

    [Fact]
    public void Block_Addresses_AreOnePerSubscriber()
    {
        Assert.Equal(IPAddress.Parse("2001:db8:1:2::"), PublicApi.Block(IPAddress.Parse("2001:db8:1:2:3:4:5:6")));
        Assert.Equal(IPAddress.Parse("198.51.100.1"), PublicApi.Block(IPAddress.Parse("::ffff:198.51.100.1")));
    }
}
