using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Contracts;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Cli;

public sealed class HistoryCheckerTests
{
    [Fact]
    public void Run_WithATakeover_HasNoViolation()
        => Assert.Empty(HistoryChecker.Check(
        [
            Slot(7, 1, "a", 0), SentUp(0, 10), GotUp(0, 15), Heard(0, "a", 5, 20), GotDown(0, 0, 25), Slot(7, 2, "b", 300),
            SentUp(1, 110), GotUp(1, 420), Heard(1, "b", 0, 430), Heard(1, "b", 1, 450), GotDown(1, 0, 460), GotDown(1, 1, 560),
            Event("rtc_1/1", LifecycleEventTypes.SessionCreated, 1), Event("rtc_1/9", LifecycleEventTypes.SessionEnded, 900),
            End(1000, "caller"),
        ]));

    [Fact]
    public void Frame_OfTheOwnerBefore_HeardAfterItsSuccessor_IsAViolation()
        => AssertOne("two-owners", [Heard(0, "a", 5, 20), Heard(1, "b", 0, 430), Heard(0, "a", 6, 450), Heard(0, "a", 7, 470)]);

    [Fact]
    public void Frame_OfTheSameOwnersEarlierConnection_IsNone()
        => Assert.Empty(HistoryChecker.Check([Heard(0, "a", 5, 20), Heard(1, "a", 0, 430), Heard(0, "a", 6, 450)]));

    [Fact]
    public void Frame_HeardTwice_IsAViolation() => AssertOne("frame-twice", [Heard(0, "a", 5, 20), Heard(0, "a", 5, 40)]);

    [Fact]
    public void MessageUp_ThatComesTwice_IsAViolation()
        => AssertOne("message-twice", [SentUp(0, 10), GotUp(0, 15), GotUp(0, 900), End(5000, "caller")]);

    [Fact]
    public void MessageUp_ThatNeverCame_IsAViolation()
        => AssertOne("message-lost", [SentUp(0, 10), SentUp(1, 110), GotUp(1, 115), End(5000, "caller")]);

    /// <summary>The death of the one who had connected to the agent excuses nothing.</summary>
    [Theory]
    [InlineData(HistoryChecker.AgentDied, 120, 0)]
    [InlineData(HistoryChecker.AgentDied, 400, 1)]
    [InlineData(null, 120, 1)]
    public void MessageUp_ThatAnAgentHadWhenItDied_DiesWithIt(string? closed, double at, int violations)
        => Assert.Equal(violations, HistoryChecker.Check(
        [
            SentUp(0, 10), GotUp(0, 15), SentUp(1, 110), new HistoryEntry(at, HistoryKind.AgentClosed) { Call = 0, Text = closed },
            SentUp(2, 900), GotUp(2, 910), End(5000, "caller"),
        ]).Count);

    [Fact]
    public void MessageUp_AtTheEndOfALostCall_IsNone()
        => Assert.Empty(HistoryChecker.Check([SentUp(0, 10), GotUp(0, 15), SentUp(1, 110), End(30_000, id: null)]));

    [Fact]
    public void MessageUp_SentJustBeforeTheEnd_IsUnderWay()
        => Assert.Empty(HistoryChecker.Check([SentUp(0, 4900), End(5000, "caller")]));

    [Fact]
    public void MessageDown_WithAHole_IsAViolation() => AssertOne("message-lost", [GotDown(0, 0, 10), GotDown(0, 2, 210)]);

    [Fact]
    public void MessageDown_ThatComesAgain_IsAViolation() => AssertOne("message-twice", [GotDown(0, 0, 10), GotDown(0, 0, 210)]);

    [Fact]
    public void Event_DeliveredAgain_IsNone()
        => Assert.Empty(HistoryChecker.Check(
            [Event("rtc_1/9", LifecycleEventTypes.SessionEnded, 10), Event("rtc_1/9", LifecycleEventTypes.SessionEnded, 500)]));

    [Fact]
    public void Call_ThatEndsTwice_IsAViolation()
        => AssertOne("event-twice",
            [Event("rtc_1/9", LifecycleEventTypes.SessionEnded, 10), Event("rtc_1/10", LifecycleEventTypes.SessionEnded, 500)]);

    [Fact]
    public void TwoEvents_WithOneId_AreAViolation()
        => AssertOne("event-id",
            [Event("rtc_1/2", LifecycleEventTypes.SessionConnected, 10), Event("rtc_1/2", LifecycleEventTypes.SessionEnded, 500)]);

    [Fact]
    public void Epoch_ThatGoesBack_IsAViolation() => AssertOne("epoch-back", [Slot(7, 5, "a", 0), Slot(7, 1, "b", 300)]);

    [Fact]
    public void Epoch_WithTwoOwners_IsAViolation() => AssertOne("epoch-shared", [Slot(7, 5, "a", 0), Slot(7, 5, "b", 300)]);

    [Fact]
    public void Slot_GivenBackInItsEpoch_IsNone() => Assert.Empty(HistoryChecker.Check([Slot(7, 5, "a", 0), Slot(7, 5, null, 300)]));

    [Fact]
    public void Index_UsedTwice_IsAViolation()
        => AssertOne("index-reuse", [new HistoryEntry(10, HistoryKind.Reuse) { Text = "RTP sequence number 1" }]);

    private static void AssertOne(string rule, HistoryEntry[] entries)
        => Assert.Equal([rule], HistoryChecker.Check(entries).Select(v => v.Rule));

    private static HistoryEntry Heard(int connection, string owner, long number, double at)
        => new(at, HistoryKind.HeardDown) { Call = 0, Connection = connection, Owner = owner, Number = number };

    private static HistoryEntry SentUp(long number, double at) => new(at, HistoryKind.SentUp) { Call = 0, Number = number };

    private static HistoryEntry GotUp(long number, double at) => new(at, HistoryKind.GotUp) { Call = 0, Number = number };

    private static HistoryEntry GotDown(int connection, long number, double at)
        => new(at, HistoryKind.GotDown) { Call = 0, Connection = connection, Number = number };

    private static HistoryEntry Event(string id, string type, double at) => new(at, HistoryKind.Event) { Id = id, Text = type };

    private static HistoryEntry Slot(long slot, long epoch, string? owner, double at)
        => new(at, HistoryKind.Slot) { Number = slot, Epoch = epoch, Owner = owner };

    private static HistoryEntry End(double at, string? id) => new(at, HistoryKind.CallEnd) { Call = 0, Id = id, Text = "over" };
}
