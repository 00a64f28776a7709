using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class UnprovenSessionsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private readonly UnprovenSessions _sessions = new(Patience);

    [Fact]
    public void Take_AWaitingSession_ReturnsItOnce()
    {
        Assert.True(_sessions.TryAdd(Id(1), Record(1), At(0)));
        Assert.False(_sessions.TryAdd(Id(1), Record(1), At(0)));
        Assert.Equal(1, _sessions.Count);
        Assert.Equal("rtc_local_1", _sessions.Find(Id(1))!.CallId);
        Assert.Equal("rtc_local_1", _sessions.Take(Id(1))!.CallId);
        Assert.Null(_sessions.Take(Id(1)));
        Assert.Empty(_sessions.TakeExpired(At(100)));
    }

    /// <summary>A slot was lost and came back.</summary>
    [Fact]
    public void TryAdd_ASessionThatLeft_WaitsForAsLongAsANewOne()
    {
        _sessions.TryAdd(Id(1), Record(1), At(0));
        _sessions.Take(Id(1));
        _sessions.TryAdd(Id(1), Record(1), At(10));
        Assert.Empty(_sessions.TakeExpired(At(16)));
        Assert.NotNull(_sessions.TakeExpired(At(25)).Single().Record);
    }

    [Fact]
    public void TakeExpired_AfterThePatience_ReturnsWhoHasNotCome()
    {
        for (int i = 0; i < 4; i++) _sessions.TryAdd(Id(i), Record(i), At(i));
        _sessions.Take(Id(0));
        Assert.Empty(_sessions.TakeExpired(At(15.9)));
        Assert.Equal(["rtc_local_1", "rtc_local_2"], _sessions.TakeExpired(At(17)).Select(w => w.CallId));
        Assert.Equal(["rtc_local_3"], _sessions.TakeExpired(Instant.Never).Select(w => w.CallId));
        Assert.Equal(0, _sessions.Count);
    }

    [Fact]
    public void TryAdd_MoreThanFit_TheOldestRecordGivesWayAndItsSessionIsStillEnded()
    {
        for (int i = 0; i < UnprovenSessions.MaximumRecords + 10; i++) Assert.True(_sessions.TryAdd(Id(i), Record(i), At(0)));
        Assert.Equal(10, _sessions.Evicted);
        Assert.Null(_sessions.Find(Id(9)));
        Assert.NotNull(_sessions.Find(Id(10)));
        IReadOnlyList<UnprovenSessions.Waiting> expired = _sessions.TakeExpired(At(15));
        Assert.Equal(UnprovenSessions.MaximumRecords + 10, expired.Count);
        Assert.Equal(10, expired.Count(w => w.Record is null));
    }

    [Fact]
    public void TryAdd_MoreThanAreWatched_CountsTheOldest()
    {
        for (int i = 0; i < UnprovenSessions.MaximumWatched + 5; i++) _sessions.TryAdd(Id(i), Record(i), At(0));
        Assert.Equal(5, _sessions.Unwatched);
        Assert.Equal(UnprovenSessions.MaximumWatched, _sessions.Count);
    }

    private static SessionId Id(int number) => new((ulong)number + 1);

    private static Instant At(double seconds) => Instant.FromMilliseconds((long)(seconds * 1000));

    private static SessionRecord Record(int number) => new()
    {
        CallId = $"rtc_local_{number}",
        Region = "local",
        Slot = 3,
        OwnerAppId = "transceiver-00",
        Agent = "echo",
        LocalUfrag = "x",
        Offer = new OfferFacts("cafe", [], true, null, null, null, null, true, true, null, 0),
        Answer = new AnswerFacts(1, "c", "m"),
        MaximumSeconds = 60,
        ClientKind = "openai",
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
