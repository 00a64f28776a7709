using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Relay;
using Dapr.Voice.Relay.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class TransceiverDiscoveryTests
{
    private readonly MemoryStateStore _store = new();
    private readonly TransceiverDirectory _directory = new(Options);
    private readonly TransceiverDiscovery _discovery;

    private static RelayOptions Options => new() { Transceivers = ["127.0.0.1:7"] };

    public TransceiverDiscoveryTests()
        => _discovery = new TransceiverDiscovery(
        Options, new FleetOptions(), _directory, _store, TimeProvider.System, NullLogger<TransceiverDiscovery>.Instance);

    private Task PutAsync(int shard, double leaseSeconds, params string[] links)
        => _store.SaveAsync(ComponentNames.Sessions, StateKeys.Transceiver("local", shard),
        new TransceiverRecord("local", shard, "1", AppIds.Transceiver(shard), links, 10, 0, 0, false,
        TimeProvider.System.GetUtcNow().AddSeconds(leaseSeconds)), ContractsJson.Default.TransceiverRecord);

    private async Task<string> LookAsync()
    {
        await _discovery.LookAsync(default);
        return string.Join(' ', _directory.Targets.Select(e => e.ToString()));
    }

    [Fact]
    public async Task Look_RecordsInTheStore_AllTheirLinksAndTheConfiguredOnesAreKnown()
    {
        await PutAsync(0, 5, "udp://10.0.0.4:20000", "udp://10.0.0.4:20001");
        await PutAsync(3, 5, "udp://[2001:db8::4]:20000");
        Assert.Equal("udp://10.0.0.4:20000 udp://10.0.0.4:20001 udp://127.0.0.1:7 udp://[2001:db8::4]:20000", await LookAsync());
    }

    [Fact]
    public async Task Look_RelayWithoutUdp_LeavesItsEndpointsOut()
    {
        var options = new RelayOptions { PublicEndpoint = "", PublicTcpEndpoint = "0.0.0.0:3478" };
        var directory = new TransceiverDirectory(options);
        using var discovery = new TransceiverDiscovery(
            options, new FleetOptions(), directory, _store, TimeProvider.System, NullLogger<TransceiverDiscovery>.Instance);
        await PutAsync(0, 5, "udp://10.0.0.4:20000", "tcp://10.0.0.4:20000");
        await discovery.LookAsync(default);
        Assert.Equal("tcp://10.0.0.4:20000", Assert.Single(directory.Targets).ToString());
    }

    [Fact]
    public async Task Look_LeaseLongOver_IsLeftOut()
    {
        await PutAsync(0, -60, "udp://10.0.0.4:20000");
        Assert.Equal("udp://127.0.0.1:7", await LookAsync());
    }

    [Fact]
    public async Task Look_StoreAway_KeepsWhatIsKnown()
    {
        await PutAsync(0, 5, "udp://10.0.0.4:20000");
        string known = await LookAsync();
        _store.IsAway = true;
        Assert.Equal(known, await LookAsync());
    }

    [Theory]
    [InlineData("sctp://10.0.0.4:20000")]
    [InlineData("udp://10.0.0.4")]
    [InlineData("nonsense")]
    public async Task Look_EndpointThatIsNone_IsLeftOut(string link)
    {
        await PutAsync(0, 5, link);
        Assert.Equal("udp://127.0.0.1:7", await LookAsync());
    }
}
