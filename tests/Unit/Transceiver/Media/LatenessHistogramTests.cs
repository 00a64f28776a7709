using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Media;

public sealed class LatenessHistogramTests
{
    private readonly LatenessHistogram _histogram = new();

    [Fact]
    public void Percentile_WithoutFrames_IsZero() => Assert.Equal(0, _histogram.Percentile(0.99, At(5)));

    [Fact]
    public void Percentile_OneInAHundredLate_IsInTheP995Only()
    {
        for (int i = 0; i < 990; i++) _histogram.Record(TimeSpan.FromMilliseconds(0.25), At(1));
        for (int i = 0; i < 10; i++) _histogram.Record(TimeSpan.FromMilliseconds(7.33), At(1));
        Assert.Equal(0.3, _histogram.Percentile(0.5, At(1)), 3);
        Assert.Equal(0.3, _histogram.Percentile(0.99, At(1)), 3);
        Assert.Equal(7.4, _histogram.Percentile(0.995, At(1)), 3);
        Assert.Equal(1000, _histogram.Recorded);
    }

    [Theory]
    [InlineData(-1, 0.1)]
    [InlineData(0, 0.1)]
    [InlineData(10, 11)]
    [InlineData(57.5, 58)]
    [InlineData(109.9, 110)]
    [InlineData(60_000, 111)]
    public void Percentile_AnyLateness_IsTheUpperBoundOfItsBucket(double lateness, double expected)
    {
        _histogram.Record(TimeSpan.FromMilliseconds(lateness), At(1));
        Assert.Equal(expected, _histogram.Percentile(0.5, At(1)), 3);
    }

    [Fact]
    public void Percentile_AfterTheWindow_ForgetsWhatWasBefore()
    {
        _histogram.Record(TimeSpan.FromMilliseconds(50), At(1));
        Assert.Equal(51, _histogram.Percentile(0.99, At(10)));
        Assert.Equal(0, _histogram.Percentile(0.99, At(11)));
        _histogram.Record(TimeSpan.FromMilliseconds(1.05), At(11));
        Assert.Equal(1.1, _histogram.Percentile(0.99, At(11)), 3);
    }

    [Fact]
    public void Record_Always_AllocatesNothing()
    {
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++) _histogram.Record(TimeSpan.FromMilliseconds(i), At(i / 100));
            _histogram.Percentile(0.99, At(10));
        }));
    }

    private static Instant At(int second) => Instant.FromMilliseconds(second * 1000L);
}
