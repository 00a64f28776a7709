using Dapr.Voice.Cli.Drills.Measures;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Cli;

public sealed class GapsTests
{
    [Fact]
    public void Longest_OfASteadyStream_IsTheFrameTime()
        => Assert.Equal(20, Gaps.LongestMilliseconds(Steady(0, 2000), from: 1000, until: 1990));

    [Fact]
    public void Longest_OfAStreamThatComesBack_IsTheSilence()
        => Assert.Equal(420, Gaps.LongestMilliseconds([.. Steady(0, 1000), .. Steady(1400, 3000)], from: 1000, until: 3000));

    [Fact]
    public void Longest_OfAStreamThatNeverComesBack_CountsToTheEnd()
        => Assert.Equal(59_020, Gaps.LongestMilliseconds(Steady(0, 1000), from: 1000, until: 60_000));

    [Fact]
    public void Longest_OfAGapBeforeTheDamage_DoesNotCount()
        => Assert.Equal(20, Gaps.LongestMilliseconds([.. Steady(0, 200), .. Steady(800, 2000)], from: 1000, until: 1990));

    [Fact]
    public void Longest_OfNothingHeard_IsTheWholeTime()
        => Assert.Equal(2000, Gaps.LongestMilliseconds([], from: 1000, until: 3000));

    [Fact]
    public void Missing_OfNumbersWithAHole_CountsTheHole() => Assert.Equal(3, Gaps.MissingFrames([4, 5, 9, 10]));

    /// <summary>39 was read as 38.</summary>
    [Theory]
    [InlineData(0, 36, null, null, 38, 40, 41)]
    [InlineData(0, 36, null, 37, 39, 40, 41)]
    [InlineData(1, 36, null, null, 38, 41, 42)]
    [InlineData(1, 36, null, null, 38, 39, 41)]
    public void Missing_OfAFrameReadAsTheOneBeforeIt_CountsWhatWasNotHeard(int missing, params int?[] numbers)
        => Assert.Equal(missing, Gaps.MissingFrames(numbers.Select(number => (long?)number)));

    [Fact]
    public void Missing_OfAFrameThatCouldNotBeRead_IsNone() => Assert.Equal(0, Gaps.MissingFrames([4, null, 6, 6, 7]));

    [Fact]
    public void Spread_OfTwentyCalls_HasTheWorstAsP99()
    {
        var spread = Spread.Of(Enumerable.Range(1, 20).Select(i => (double)i));
        Assert.Equal(new Spread(10, 20, 20), spread);
    }

    [Fact]
    public void Spread_OfNothing_IsNone() => Assert.Null(Spread.Of([]));

    private static IEnumerable<double> Steady(int from, int until)
    {
        for (int at = from; at < until; at += 20) yield return at;
    }
}
