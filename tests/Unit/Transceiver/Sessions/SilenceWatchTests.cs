using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class SilenceWatchTests
{
    [Fact]
    public void Next_OverTheWholeSilence_AsksReleasesAndResumesOnce()
    {
        var watch = new SilenceWatch(TimeSpan.FromSeconds(10));
        Assert.Equal(At(5), watch.NextTimeout(At(0)));
        Assert.Equal(SilenceStep.None, watch.Next(At(0), At(4.9)));
        Assert.Equal(SilenceStep.Ask, watch.Next(At(0), At(5)));
        Assert.Equal(At(10), watch.NextTimeout(At(0)));
        Assert.Equal(SilenceStep.None, watch.Next(At(0), At(9)));
        Assert.Equal(SilenceStep.Release, watch.Next(At(0), At(10)));
        Assert.True(watch.IsReleased);
        Assert.Equal(Instant.Never, watch.NextTimeout(At(0)));
        Assert.Equal(SilenceStep.None, watch.Next(At(0), At(20)));
        Assert.Equal(SilenceStep.Resume, watch.Next(At(21), At(21)));
        Assert.Equal(SilenceStep.None, watch.Next(At(21), At(22)));
        Assert.Equal(SilenceStep.Ask, watch.Next(At(21), At(26)));
        // An answer to the question is life.
        Assert.Equal(SilenceStep.None, watch.Next(At(26.1), At(26.1)));
        Assert.Equal(At(31.1), watch.NextTimeout(At(26.1)));
    }

    [Fact]
    public void Next_WithoutARelease_OnlyAsks()
    {
        var watch = new SilenceWatch(TimeSpan.Zero);
        Assert.Equal(SilenceStep.Ask, watch.Next(At(0), At(5)));
        Assert.Equal(Instant.Never, watch.NextTimeout(At(0)));
        Assert.Equal(SilenceStep.None, watch.Next(At(0), At(29)));
    }

    private static Instant At(double seconds) => Instant.FromMilliseconds((long)(seconds * 1000));
}
