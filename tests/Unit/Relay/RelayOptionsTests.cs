using Dapr.Voice.Hosting;
using Dapr.Voice.Relay;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class RelayOptionsTests
{
    private static RelayOptions Read(params (string Key, string Value)[] settings)
        => ServiceOptions.Read<RelayOptions>(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"Relay:{s.Key}", (string?)s.Value)))
        .Build());

    [Fact]
    public void Read_NothingSet_WorksOnALaptop()
    {
        RelayOptions options = Read();
        Assert.Equal("0.0.0.0:3478", options.Public.ToString());
        Assert.True(options.WorkerCount >= 1);
        Assert.Empty(options.Problems());
    }

    [Fact]
    public void Read_AllThatComposeSets_IsUnderstood()
    {
        RelayOptions options = Read(("PublicEndpoint", "127.0.0.1:4000"), ("Workers", "3"), ("Transceivers:0", "127.0.0.1:20000"),
            ("IngressAddresses:0", "127.0.0.1"), ("FlowLifetime", "00:00:30"));
        Assert.Equal(("127.0.0.1:4000", 3, TimeSpan.FromSeconds(30)),
            (options.Public.ToString(), options.WorkerCount, options.FlowLifetime));
        Assert.Equal("udp://127.0.0.1:20000", Assert.Single(options.TransceiverEndpoints).ToString());
        Assert.Single(options.Ingresses);
    }

    [Fact]
    public void Read_TcpOnly_HasNoUdp()
    {
        RelayOptions options = Read(("PublicEndpoint", ""), ("PublicTcpEndpoint", "0.0.0.0:3478"), ("TcpClientsAreHidden", "true"));
        Assert.Null(options.Public);
        Assert.Equal("0.0.0.0:3478", options.PublicTcp.ToString());
        // Nor any link over UDP, unless it is asked for.
        Assert.Null(options.Link);
        Assert.Equal(
            "10.0.0.5:0", Read(("PublicEndpoint", ""), ("PublicTcpEndpoint", "0.0.0.0:3478"), ("LinkAddress", "10.0.0.5")).Link.ToString());
        Assert.Equal("127.0.0.1:0", Read().Link.ToString());
    }

    [Fact]
    public void Open_TcpOnly_HasNoUdpSocket()
    {
        var options = new RelayOptions { PublicEndpoint = "", PublicTcpEndpoint = "127.0.0.1:0", Workers = 1 };
        using RelaySockets sockets = RelaySockets.Open(options)[0];
        Assert.Equal((null, 1), (sockets.Public, sockets.Links.Count(l => l is not null)));
        Assert.Equal(LinkScheme.Tcp, sockets.Links[(int)LinkScheme.Tcp]!.Scheme);
    }

    [Fact]
    public void Read_TcpOnlyWithATransceiverOverUdp_NamesTheSettingThatIsMissing()
    {
        SettingsException e = Assert.Throws<SettingsException>(
            () => Read(("PublicEndpoint", ""), ("PublicTcpEndpoint", "0.0.0.0:3478"), ("Transceivers:0", "10.0.0.4:20000")));
        Assert.Contains("Relay__LinkAddress", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Id", "Relay 1")]
    [InlineData("PublicEndpoint", "3478")]
    [InlineData("PublicEndpoint", "")]
    [InlineData("PublicTcpEndpoint", "3478")]
    [InlineData("PublicTcpEndpoint", "0.0.0.0:0")]
    [InlineData("TcpFirstCheckTime", "00:00:00")]
    [InlineData("MaximumTcpConnections", "0")]
    [InlineData("MaximumTcpConnectionsPerPrefix", "0")]
    [InlineData("MaximumTcpConnectionsPerSession", "65")]
    [InlineData("LinkAddress", "eth0")]
    [InlineData("Transceivers:0", "transceiver-00")]
    [InlineData("Transceivers:0", "http://transceiver-00:20000")]
    [InlineData("LinkConnections", "9")]
    [InlineData("IngressAddresses:0", "relay.example")]
    [InlineData("MaximumFlows", "0")]
    [InlineData("FlowLifetime", "00:00:01")]
    [InlineData("DrainTime", "00:01:00")]
    [InlineData("Workers", "-1")]
    [InlineData("PublicPort", "3478")]
    public void Read_BadValue_NamesTheSetting(string key, string value)
    {
        SettingsException e = Assert.Throws<SettingsException>(() => Read((key, value)));
        Assert.Contains($"Relay__{key.Split(':')[0]}", e.Message, StringComparison.Ordinal);
    }
}
