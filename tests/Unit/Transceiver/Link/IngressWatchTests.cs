using Xunit;
using Dapr.Voice.Transceiver.Link;

namespace Dapr.Voice.Tests.Unit.Transceiver.Link;

public sealed class IngressWatchTests
{
    private readonly List<string> _lost = [];
    private readonly IngressWatch _watch;

    public IngressWatchTests() => _watch = new IngressWatch(_lost.Add);

    [Fact]
    public void Set_AWorkerStillHasALink_NothingIsLost()
    {
        _watch.Set(0, ["relay-0.0", "relay-0.1"]);
        _watch.Set(1, ["relay-0.0"]);
        _watch.Set(0, []);
        Assert.Empty(_lost);
        _watch.Set(1, ["relay-0.1b"]);
        Assert.Empty(_lost);
    }

    [Fact]
    public void Set_LastLinkGoes_RelayIsLostOnce()
    {
        _watch.Set(0, ["relay-0.0a", "relay-1.0"]);
        _watch.Set(1, ["relay-0.1a"]);
        _watch.Set(0, ["relay-1.0"]);
        _watch.Set(1, []);
        _watch.Set(1, []);
        Assert.Equal(["relay-0"], _lost);
    }

    [Fact]
    public void Set_RelayCameBackAndGoes_IsLostAgain()
    {
        _watch.Set(0, ["eu.relay-0.0"]);
        _watch.Set(0, []);
        _watch.Set(0, ["eu.relay-0.0"]);
        _watch.Set(0, []);
        Assert.Equal(["eu.relay-0", "eu.relay-0"], _lost);
    }
}
