using Dapr.Voice.Ownership;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ownership;

public sealed class SendFenceTests
{
    private static readonly Instant Never = new(long.MinValue);

    private readonly SendFence _fence = new(OwnershipTiming.Default, At(0));

    private static Instant At(int milliseconds) => Instant.FromMilliseconds(milliseconds);

    [Fact]
    public void Pause_ShorterThanTheFence_ChangesNothing()
    {
        Assert.False(_fence.Run(At(1200), Never));
        Assert.True(_fence.IsOpen);
    }

    [Fact]
    public void Pause_LongerThanTheFence_ClosesUntilALaterConfirmation()
    {
        Assert.True(_fence.Run(At(1201), At(1200)));
        Assert.False(_fence.IsOpen);
        // It began before the pause was over.
        Assert.False(_fence.Run(At(1202), At(1200)));
        Assert.False(_fence.IsOpen);
        Assert.False(_fence.Run(At(1220), At(1205)));
        Assert.True(_fence.IsOpen);
    }

    [Fact]
    public void Relay_ThatAcknowledgesALaterAnnouncement_Opens()
    {
        _fence.Run(At(5000), Never);
        _fence.Confirm(At(4999));
        Assert.False(_fence.IsOpen);
        _fence.Confirm(At(5001));
        Assert.True(_fence.IsOpen);
    }

    [Fact]
    public void Run_Always_AllocatesNothing()
        => Assert.Equal(0, Allocations.Of(() => _fence.Run(At(10), At(5))));
}
