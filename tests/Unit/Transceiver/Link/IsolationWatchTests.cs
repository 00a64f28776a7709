using Dapr.Voice.Transceiver.Link;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Link;

public sealed class IsolationWatchTests
{
    private static readonly Instant Heard = Instant.FromMilliseconds(10_000);

    [Fact]
    public void Look_RelaysFallSilent_IsIsolatedUntilOneIsHeardAgain()
    {
        var watch = new IsolationWatch();
        Assert.False(watch.Look(Heard, isCertain: true, Heard + IsolationWatch.Silence - TimeSpan.FromMilliseconds(1)));
        Assert.True(watch.Look(Heard, isCertain: true, Heard + IsolationWatch.Silence));
        Assert.True(watch.IsIsolated);
        Assert.False(watch.Look(Heard, isCertain: true, Heard + 2 * IsolationWatch.Silence));
        Assert.True(watch.Look(Heard + 3 * IsolationWatch.Silence, isCertain: true, Heard + 3 * IsolationWatch.Silence));
        Assert.False(watch.IsIsolated);
    }

    [Fact]
    public void Look_NoRelayWasEverHeard_IsNotIsolated()
    {
        var watch = new IsolationWatch();
        Assert.False(watch.Look(Instant.Never, isCertain: true, Heard + 10 * IsolationWatch.Silence));
        Assert.False(watch.IsIsolated);
    }

    /// <summary>Its own pause looks like the silence of all others.</summary>
    [Fact]
    public void Look_AfterAPauseOfThisProcess_WaitsUntilItsWorkersRunAgain()
    {
        var watch = new IsolationWatch();
        Assert.False(watch.Look(Heard, isCertain: false, Heard + 10 * IsolationWatch.Silence));
        Assert.False(watch.IsIsolated);
    }
}
