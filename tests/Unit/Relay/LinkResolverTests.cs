using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Relay.Steering;
using Dapr.Voice.Steering;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class LinkResolverTests
{
    private static readonly LinkEndpoint Named = new(LinkScheme.Tcp, "transceiver-00", 20000);

    private readonly FakeTimeProvider _time = new();
    private readonly LinkResolver _resolver;
    private string[]? _answer = ["10.0.0.4"];
    private bool _isReached = true;
    private int _lookUps;

    public LinkResolverTests() => _resolver = new LinkResolver(_time, (_, _) =>
    {
        _lookUps++;
        return _answer is null ? Task.FromException<IPAddress[]>(new SocketException())
            : Task.FromResult(_answer.Select(IPAddress.Parse).ToArray());
    });

    private async Task<string> LookAsync(params LinkEndpoint[] endpoints)
    {
        IReadOnlyList<LinkTarget> targets = await _resolver.ResolveAsync(
            endpoints.Length > 0 ? endpoints : [Named], _ => _isReached, default);
        _time.Advance(TimeSpan.FromSeconds(1));
        return string.Join(' ', targets.Select(t => t.ToString()));
    }

    [Fact]
    public async Task Resolve_NameAndAddress_BothAreTargetsAndAddressesAreNotAskedFor()
    {
        Assert.Equal("tcp://10.0.0.4:20000 udp://10.0.0.9:7", await LookAsync(Named, new LinkEndpoint(LinkScheme.Udp, "10.0.0.9", 7)));
        Assert.Equal(1, _lookUps);
    }

    [Fact]
    public async Task Resolve_PortsOfOneHost_AskOnce()
    {
        Assert.Equal("tcp://10.0.0.4:20000 tcp://10.0.0.4:20001", await LookAsync(Named, Named.ForWorker(1)));
        Assert.Equal(1, _lookUps);
    }

    [Fact]
    public async Task Resolve_LinkIsUp_AsksAgainOnlyAfterTheAnswersLifetime()
    {
        for (int i = 0; i < 30; i++) await LookAsync();
        Assert.Equal(1, _lookUps);
        await LookAsync();
        Assert.Equal(2, _lookUps);
    }

    [Fact]
    public async Task Resolve_LinkStaysDown_AsksEachTimeAndFollowsTheName()
    {
        await LookAsync();
        _isReached = false;
        await LookAsync();
        _answer = ["10.0.0.5"];
        Assert.Equal("tcp://10.0.0.5:20000", await LookAsync());
        Assert.Equal(3, _lookUps);
    }

    [Fact]
    public async Task Resolve_NoAnswer_KeepsWhatWasKnownAndLeavesOutWhatWasNot()
    {
        await LookAsync();
        (_answer, _isReached) = (null, false);
        Assert.Equal("tcp://10.0.0.4:20000", await LookAsync());
        Assert.Equal("", await LookAsync(Named with { Host = "transceiver-01" }));
    }

    [Fact]
    public async Task Resolve_SeveralAddresses_StaysWithOneThatWorksAndTriesTheNextElse()
    {
        _answer = ["10.0.0.6", "10.0.0.5"];
        Assert.Equal("tcp://10.0.0.5:20000", await LookAsync());
        _answer = ["10.0.0.5", "10.0.0.6"];
        _time.Advance(LinkResolver.AnswerLifetime);
        Assert.Equal("tcp://10.0.0.5:20000", await LookAsync());
        _isReached = false;
        for (int i = 1; i < LinkResolver.LooksPerAddress; i++) Assert.Equal("tcp://10.0.0.5:20000", await LookAsync());
        Assert.Equal("tcp://10.0.0.6:20000", await LookAsync());
    }
}
