using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Checkpoints;

public sealed class CheckpointScheduleTests
{
    private readonly CheckpointSchedule _schedule = new();

    private static Instant At(double seconds) => Instant.FromMilliseconds((long)(seconds * 1000));

    [Fact]
    public void TryBegin_NothingChanged_IsNeverDue()
    {
        Assert.Equal(Instant.Never, _schedule.NextTimeout);
        Assert.False(_schedule.TryBegin(isPeerDue: false, At(3600)));
    }

    [Fact]
    public void TryBegin_PeerIsDue_BeginsOnceUntilItIsComplete()
    {
        Assert.True(_schedule.TryBegin(isPeerDue: true, At(1)));
        Assert.False(_schedule.TryBegin(isPeerDue: true, At(2)));
        _schedule.Complete(isWritten: true, At(2));
        Assert.False(_schedule.TryBegin(isPeerDue: false, At(3)));
        Assert.True(_schedule.TryBegin(isPeerDue: true, At(3)));
    }

    [Fact]
    public void Request_SeveralTimes_IsOneWriteAtTheEarliestTime()
    {
        _schedule.Request(At(4));
        _schedule.Request(At(2));
        Assert.Equal(At(2), _schedule.NextTimeout);
        Assert.False(_schedule.TryBegin(isPeerDue: false, At(1.9)));
        Assert.True(_schedule.TryBegin(isPeerDue: false, At(2)));
        _schedule.Complete(isWritten: true, At(2.1));
        Assert.Equal(Instant.Never, _schedule.NextTimeout);
    }

    [Fact]
    public void Request_WhileAWriteRuns_IsWrittenAfterIt()
    {
        Assert.True(_schedule.TryBegin(isPeerDue: true, At(1)));
        _schedule.Request(At(1.1));
        Assert.Equal(Instant.Never, _schedule.NextTimeout);
        _schedule.Complete(isWritten: true, At(2));
        Assert.Equal(At(2) + CheckpointSchedule.Pause, _schedule.NextTimeout);
        Assert.True(_schedule.TryBegin(isPeerDue: false, At(2) + CheckpointSchedule.Pause));
    }

    [Fact]
    public void Complete_AfterFailures_TriesAgainWithPausesThatDouble()
    {
        Instant now = At(1);
        var pauses = new List<double>();
        Assert.True(_schedule.TryBegin(isPeerDue: true, now));
        for (int i = 0; i < 9; i++)
        {
            _schedule.Complete(isWritten: false, now);
            pauses.Add((_schedule.NextTimeout - now).TotalMilliseconds);
            now = _schedule.NextTimeout;
            Assert.False(_schedule.TryBegin(isPeerDue: true, now - TimeSpan.FromTicks(1)));
            Assert.True(_schedule.TryBegin(isPeerDue: false, now));
        }
        Assert.Equal([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000], pauses);
    }
}
