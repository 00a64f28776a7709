using Dapr.Voice.Cli.Running;

namespace Dapr.Voice.Tests.Integration.Cli;

public sealed class RestartPauseTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    private readonly RestartPause _pause = new();

    [Fact]
    public void Next_OfAProcessThatEndsAtOnceAgainAndAgain_GrowsFromZeroToItsBound()
    {
        double[] pauses = [.. Enumerable.Range(0, 9).Select(_ => _pause.Next(Short).TotalSeconds)];
        Assert.Equal([0, 0.25, 0.5, 1, 2, 4, 8, 10, 10], pauses);
    }

    [Fact]
    public void Next_OfAProcessThatHadRunSteadily_IsZeroAgain()
    {
        for (int i = 0; i < 5; i++) _pause.Next(Short);
        Assert.Equal(TimeSpan.Zero, _pause.Next(RestartPause.Steady + Short));
        Assert.NotEqual(TimeSpan.Zero, _pause.Next(Short));
    }

    [Fact]
    public void Next_AfterThousandsOfEnds_StaysAtItsBound()
    {
        for (int i = 0; i < 5000; i++) _pause.Next(Short);
        Assert.Equal(RestartPause.Longest, _pause.Next(Short));
    }
}
