using Dapr.Voice.Cli.Drills.Measures;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Cli;

public sealed class FindingsTests
{
    private const double DamageAt = 1000, EndAt = 70_000;

    [Fact]
    public void Call_ThatEndsBeforeItsCaller_IsLostAndItsGapGoesToTheEnd()
    {
        Findings found = Of([.. Call(0, (0, 1000)), new HistoryEntry(31_000, HistoryKind.CallEnd) { Call = 0, Text = "ConsentExpired" }]);
        Assert.Equal((1, 1, 0), (found.Calls, found.Lost, found.Silent));
        Assert.Equal(EndAt - 980, found.GapDown!.Max);
        Assert.Equal(EndAt - 980, found.GapUp!.Max);
        Assert.Equal(1, found.EndReasons["ConsentExpired"]);
        Assert.Null(found.RecoveryMs);
    }

    [Fact]
    public void Call_ThatComesBack_HasItsGapAndItsRecovery()
    {
        Findings found = Of([.. Call(0, (0, 1000), (1400, 70_000)), End(0)]);
        Assert.Equal((0, 0), (found.Lost, found.Silent));
        Assert.Equal(420, found.GapDown!.Max);
        Assert.Equal((20, 20), (found.BeforeDown!.P99, found.BeforeUp!.P99));
        Assert.Equal(400, found.RecoveryMs);
    }

    [Fact]
    public void Call_ThatIsUpAndSilent_IsNotTwoWay()
    {
        Findings found = Of([.. Call(0, (0, 60_000)), End(0)]);
        Assert.Equal((0, 1), (found.Lost, found.Silent));
        Assert.Null(found.RecoveryMs);
    }

    [Fact]
    public void Silence_OfTheAgent_IsAGapOfVoiceAndNotOfPackets()
    {
        IEnumerable<HistoryEntry> silent = Enumerable.Range(0, 100)
            .Select(i => new HistoryEntry(1000 + i * 400, HistoryKind.SilentDown) { Call = 0 });
        Findings found = Of([.. Call(0, (0, 1000), (41_000, 70_000)), .. silent, End(0)]);
        Assert.Equal(40_020, found.GapDown!.Max);
        Assert.Equal(400, found.GapPackets!.Max);
    }

    [Fact]
    public void Damage_NoticedByAProcess_IsTheDetection()
    {
        Findings found = Of([.. Call(0, (0, 70_000)), Noticed(900, "before"), Noticed(1150, "suspects"), Noticed(1300, "later")]);
        Assert.Equal(150, found.DetectionMs);
        Assert.Equal("relay: suspects", found.NoticedBy);
    }

    [Fact]
    public void Messages_ThatDidNotArrive_AreCountedByDirection()
    {
        Findings found = Of([.. Call(0, (0, 70_000)),
            new(10, HistoryKind.SentUp) { Call = 0, Number = 0 }, new(20, HistoryKind.GotUp) { Call = 0, Number = 0 },
            new(110, HistoryKind.SentUp) { Call = 0, Number = 1 }, new(69_000, HistoryKind.SentUp) { Call = 0, Number = 2 },
            new(10, HistoryKind.SentDown) { Call = 0, Connection = 0, Number = 0 },
            new(15, HistoryKind.GotDown) { Call = 0, Connection = 0, Number = 0 },
            new(110, HistoryKind.SentDown) { Call = 0, Connection = 1, Number = 0 }]);
        Assert.Equal((3, 1, 2, 1), (found.MessagesSentUp, found.MessagesLostUp, found.MessagesSentDown, found.MessagesLostDown));
    }

    [Fact]
    public void Messages_AtTheEndOfAConnectionThatDied_AreCutOff()
    {
        HistoryEntry Down(double at, HistoryKind kind, int connection, long number)
            => new(at, kind) { Call = 0, Connection = connection, Number = number };
        Findings found = Of([.. Call(0, (0, 70_000)),
            Down(10, HistoryKind.SentDown, 0, 0), Down(20, HistoryKind.SentDown, 0, 1), Down(25, HistoryKind.GotDown, 0, 1),
            Down(30, HistoryKind.SentDown, 0, 2),
            Down(1400, HistoryKind.SentDown, 1, 0), Down(1410, HistoryKind.GotDown, 1, 0)]);
        Assert.Equal((1, 1), (found.MessagesLostDown, found.MessagesCutOff));
    }

    [Fact]
    public void Gaps_AreThoseOfTheCallsThatMoved()
    {
        Findings found = Of([.. Call(0, (0, 70_000)), .. Call(1, (0, 1000), (1400, 70_000)),
            new HistoryEntry(1300, HistoryKind.AgentOpen) { Call = 1, Owner = "transceiver-01/2" }, End(0), End(1)]);
        Assert.Equal((1, 420, 420), (found.Moved, found.GapDown!.P50, found.GapUp!.P50));
    }

    [Fact]
    public void Frame_ThatCouldNotBeRead_IsNotMissing()
    {
        HistoryEntry Heard(double at, int? connection, long? number)
            => new(at, HistoryKind.HeardDown) { Call = 0, Connection = connection, Number = number };
        Findings found = Of([new(0, HistoryKind.CallUp) { Call = 0 }, Heard(1020, 1, 50), Heard(1040, null, null), Heard(1060, 1, 52),
            Heard(1120, 1, 55)]);
        Assert.Equal(2, found.MissingDown);
    }

    [Fact]
    public void Page_ThatChangesItsState_IsListed()
    {
        Findings found = Of([.. Call(0, (0, 70_000)), new(3000, HistoryKind.Page) { Call = -1, Text = "disconnected" }]);
        Assert.Equal([new Moment(2000, "disconnected")], found.PageStates);
        Assert.Equal(1, found.Calls);
    }

    [Fact]
    public void Owners_BeforeAndAfter_AreNamed()
    {
        Findings found = Of([.. Call(0, (0, 70_000)),
            new(1, HistoryKind.AgentOpen) { Call = 0, Connection = 0, Owner = "transceiver-00/1" },
            new(1400, HistoryKind.AgentOpen) { Call = 0, Connection = 1, Owner = "transceiver-01/2" },
            new(1200, HistoryKind.Slot) { Number = 7, Epoch = 2, Owner = "transceiver-01#ab" }]);
        Assert.Equal(["before: transceiver-00/1 serves 1 calls", "after: transceiver-01/2 serves 1 calls",
            "epoch 2: transceiver-01#ab took 1 slots"], found.Owners);
    }

    private static Findings Of(HistoryEntry[] entries) => Findings.Of([.. entries.OrderBy(e => e.T)], DamageAt, EndAt);

    private static IEnumerable<HistoryEntry> Call(int call, params (int From, int Until)[] heard)
    {
        yield return new HistoryEntry(0, HistoryKind.CallUp) { Call = call };
        foreach ((int from, int until) in heard)
        {
            for (int at = from; at < until; at += 20)
            {
                yield return new HistoryEntry(at, HistoryKind.HeardUp) { Call = call };
                yield return new HistoryEntry(at, HistoryKind.HeardDown) { Call = call };
            }
        }
    }

    private static HistoryEntry End(int call) => new(EndAt, HistoryKind.CallEnd) { Call = call, Id = "caller", Text = "hung up" };

    private static HistoryEntry Noticed(double at, string line) => new(at, HistoryKind.Noticed) { Owner = "relay", Text = line };
}
