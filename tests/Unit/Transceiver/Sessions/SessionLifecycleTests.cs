using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class SessionLifecycleTests
{
    private static readonly SessionLimits Limits = new(
        TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10));

    private static Instant At(double seconds) => Instant.FromMilliseconds((long)(seconds * 1000));

    [Fact]
    public void NoCheck_AfterFifteenSeconds_EndsWithSetupTimeout()
    {
        var lifecycle = new SessionLifecycle(Limits, Instant.Zero);
        Assert.Equal(At(15), lifecycle.NextTimeout);
        lifecycle.HandleTimeout(At(14.9));
        Assert.False(lifecycle.HasEnded);
        lifecycle.HandleTimeout(At(15));
        Assert.Equal(SessionEndReason.SetupTimeout, lifecycle.EndReason);
        Assert.Equal(2, lifecycle.EventSequence);
    }

    [Fact]
    public void CheckWithoutDtls_AfterThirtySeconds_EndsWithSetupTimeout()
    {
        var lifecycle = new SessionLifecycle(Limits, Instant.Zero);
        Assert.False(lifecycle.NoteIceConnected(At(1)));
        lifecycle.HandleTimeout(At(15));
        Assert.False(lifecycle.HasEnded);
        lifecycle.HandleTimeout(At(30));
        Assert.Equal(SessionEndReason.SetupTimeout, lifecycle.EndReason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void IceAndDtls_InAnyOrder_ConnectOnce(bool iceFirst)
    {
        var lifecycle = new SessionLifecycle(Limits, Instant.Zero);
        bool first = iceFirst ? lifecycle.NoteIceConnected(At(1)) : lifecycle.NoteDtlsConnected(At(1));
        bool second = iceFirst ? lifecycle.NoteDtlsConnected(At(2)) : lifecycle.NoteIceConnected(At(2));
        bool third = lifecycle.NoteIceConnected(At(3));
        Assert.Equal((false, true, false), (first, second, third));
        Assert.Equal(At(2), lifecycle.ConnectedAt);
        Assert.Equal(SessionState.Connected, lifecycle.State);
        Assert.Equal(2, lifecycle.EventSequence);
        Assert.Equal(At(60), lifecycle.NextTimeout);
    }

    [Fact]
    public void MaximumReached_EndsWithLimitReached()
    {
        var lifecycle = new SessionLifecycle(Limits, Instant.Zero);
        lifecycle.NoteIceConnected(At(1));
        lifecycle.NoteDtlsConnected(At(1));
        lifecycle.HandleTimeout(At(60));
        Assert.Equal(SessionEndReason.LimitReached, lifecycle.EndReason);
        Assert.Equal(3, lifecycle.EventSequence);
    }

    [Fact]
    public void TryEnd_Twice_KeepsTheFirstReason()
    {
        var lifecycle = new SessionLifecycle(Limits, Instant.Zero);
        Assert.True(lifecycle.TryEnd(SessionEndReason.ClientHangup, At(1)));
        Assert.False(lifecycle.TryEnd(SessionEndReason.ConsentExpired, At(2)));
        lifecycle.HandleTimeout(At(100));
        Assert.Equal(SessionEndReason.ClientHangup, lifecycle.EndReason);
        Assert.Equal(At(1), lifecycle.EndedAt);
        Assert.Equal(Instant.Never, lifecycle.NextTimeout);
    }

    [Fact]
    public void Connect_AfterTheEnd_IsNotConnected()
    {
        var lifecycle = new SessionLifecycle(Limits, Instant.Zero);
        lifecycle.NoteIceConnected(At(1));
        lifecycle.TryEnd(SessionEndReason.ApiHangup, At(1));
        Assert.False(lifecycle.NoteDtlsConnected(At(2)));
        Assert.Equal(2, lifecycle.EventSequence);
    }
}
