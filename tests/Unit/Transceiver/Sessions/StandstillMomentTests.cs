using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class StandstillMomentTests
{
    private static readonly Instant Now = Instant.FromMilliseconds(1_000_000);

    private static double Choose(params (double NextDown, double LastUp)[] flows)
    {
        var moment = new StandstillMoment(Now);
        foreach ((double nextDown, double lastUp) in flows) moment.Add(At(nextDown), At(lastUp));
        return (moment.Choose() - Now).TotalMilliseconds;
    }

    private static Instant At(double milliseconds)
        => double.IsNaN(milliseconds) ? Instant.Never : Now + TimeSpan.FromMilliseconds(milliseconds);

    [Fact]
    public void Choose_NobodySpeaks_IsNow()
    {
        Assert.Equal(0, Choose());
        Assert.Equal(0, Choose((double.NaN, double.NaN)));
        Assert.Equal(0, Choose((double.NaN, -500)));
    }

    [Fact]
    public void Choose_OnlyTheAgentSpeaks_IsWhenItsFrameIsSent()
    {
        Assert.Equal(7, Choose((7, double.NaN)));
        Assert.Equal(0, Choose((0, double.NaN)));
        // A frame that is late is sent before anything stands still.
        Assert.Equal(19, Choose((-1, double.NaN)));
    }

    [Fact]
    public void Choose_OnlyTheCallerSpeaks_IsTwoMillisecondsAfterItsNextPacketIsExpected() => Assert.Equal(14, Choose((double.NaN, -8)));

    /// <summary>The caller's next packet comes in 5 ms or a little later, and the agent's frame is sent in 12.</summary>
    [Fact]
    public void Choose_BothSpeak_TheLongerTimeWithoutAPacketIsAsShortAsPossible()
    {
        Assert.Equal(12, Choose((12, -15)));
        // The other way round: 18 ms after now is 6 ms after the agent's frame, and 26 ms would be 14 after the caller's packet.
        Assert.Equal(18, Choose((12, -4)));
    }

    [Fact]
    public void Choose_SeveralSessions_IsLessThanAFrameAfterNow()
    {
        var random = new Random(4);
        for (int i = 0; i < 10_000; i++)
        {
            var flows = new (double, double)[random.Next(1, 6)];
            for (int j = 0; j < flows.Length; j++) flows[j] = ((random.NextDouble() * 40) - 20, -random.NextDouble() * 80);
            Assert.InRange(Choose(flows), 0, 20);
        }
    }
}
