using Dapr.Voice.Cli.Drills.Measures;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Cli;

public sealed class FrameNumberingTests
{
    [Fact]
    public void CallersFrames_OverManyCycles_HaveTheirNumbers()
    {
        var entries = new List<HistoryEntry> { Up() };
        for (long frame = 0; frame < 3L * ToneSymbol.UpCycle; frame++) entries.Add(HeardUp(frame, 60 + frame * 20));
        Assert.Equal(Enumerable.Range(0, 3 * ToneSymbol.UpCycle).Select(i => (long?)i), NumbersOf(entries, HistoryKind.HeardUp));
    }

    [Fact]
    public void CallersFrames_AfterAnOutage_GoOnWhereTheClockIs()
    {
        var entries = new List<HistoryEntry> { Up() };
        for (long frame = 0; frame < 50; frame++) entries.Add(HeardUp(frame, 60 + frame * 20));
        // Thirty seconds later, and 40 ms earlier than before: the path is another one.
        for (long frame = 1550; frame < 1600; frame++) entries.Add(HeardUp(frame, 20 + frame * 20));
        Assert.Equal(
            Enumerable.Range(0, 50).Concat(Enumerable.Range(1550, 50)).Select(i => (long?)i), NumbersOf(entries, HistoryKind.HeardUp));
    }

    [Fact]
    public void CallersFrames_InABurst_AreInOrder()
    {
        var entries = new List<HistoryEntry> { Up() };
        for (long frame = 0; frame < 50; frame++) entries.Add(HeardUp(frame, 60 + frame * 20));
        // A stalled process hands on at once what came meanwhile, all of it within the cycle.
        for (long frame = 50; frame < 150; frame++) entries.Add(HeardUp(frame, 3060 + frame * 0.1));
        Assert.Equal(Enumerable.Range(0, 150).Select(i => (long?)i), NumbersOf(entries, HistoryKind.HeardUp));
    }

    [Fact]
    public void ConcealedFrame_ThatRepeatsTheLastOne_GetsItsNumber()
    {
        List<HistoryEntry> entries = [Up(), HeardUp(6, 180), HeardUp(7, 200), HeardUp(7, 201), HeardUp(9, 240), HeardUp(10, 260)];
        Assert.Equal([6, 7, 7, 9, 10], NumbersOf(entries, HistoryKind.HeardUp));
    }

    [Fact]
    public void Frame_ThatWasReadWrongly_HasNoNumber()
    {
        List<HistoryEntry> entries = [Up(), HeardUp(70, 1440), HeardUp(71, 1460), HeardUp(88, 1480), HeardUp(73, 1500), HeardUp(74, 1520)];
        Assert.Equal([70, 71, null, 73, 74], NumbersOf(entries, HistoryKind.HeardUp));
    }

    [Fact]
    public void AgentsFrames_OfASuccessor_BeginAtZeroAndHaveItsOwner()
    {
        List<HistoryEntry> entries =
        [
            Open(0, "transceiver-00/1", 0), HeardDown(0, 0, 100), HeardDown(1, 0, 120),
            Open(1, "transceiver-01/2", 400), HeardDown(0, 1, 500), HeardDown(1, 1, 520),
        ];
        List<HistoryEntry> numbered = FrameNumbering.Apply(entries);
        Assert.Equal(
            [(0, 0, "transceiver-00/1"), (1, 0, "transceiver-00/1"), (0, 1, "transceiver-01/2"), (1, 1, "transceiver-01/2")],
            numbered.Where(e => e.Kind == HistoryKind.HeardDown).Select(e => ((int)e.Number!, e.Connection!.Value, e.Owner!)));
    }

    [Fact]
    public void AgentsFrame_OfTheOwnerBefore_IsRecognised()
    {
        List<HistoryEntry> entries =
        [
            Open(0, "transceiver-00/1", 0), HeardDown(40, 0, 880), HeardDown(41, 0, 900), Open(1, "transceiver-01/2", 910),
            HeardDown(0, 1, 920), HeardDown(42, 0, 940), HeardDown(1, 1, 950),
        ];
        Assert.Equal([0, 0, 1, 0, 1], FrameNumbering.Apply(entries).Where(e => e.Kind == HistoryKind.HeardDown).Select(e => e.Connection));
    }

    private static IEnumerable<long?> NumbersOf(List<HistoryEntry> entries, HistoryKind kind)
        => FrameNumbering.Apply(entries).Where(e => e.Kind == kind).Select(e => e.Number);

    private static HistoryEntry Up() => new(0, HistoryKind.CallUp) { Call = 0 };

    private static HistoryEntry Open(int connection, string owner, double at)
        => new(at, HistoryKind.AgentOpen) { Call = 0, Connection = connection, Owner = owner };

    private static HistoryEntry HeardUp(long frame, double at)
        => new(at, HistoryKind.HeardUp) { Call = 0, Symbol = ToneSymbol.OfUp(frame) };

    private static HistoryEntry HeardDown(long frame, int connection, double at)
        => new(at, HistoryKind.HeardDown) { Call = 0, Symbol = ToneSymbol.OfDown(frame, connection) };
}
