using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class SessionBudgetTests
{
    private readonly SessionDropCounters _drops = new();
    private readonly SessionBudget _budget;
    private Instant _now = Instant.FromMilliseconds(1_000_000);

    public SessionBudgetTests() => _budget = new SessionBudget(_drops);

    [Fact]
    public void Packets_OfAnOrdinaryCallAndOfAStallThatEnds_AllPass()
    {
        for (int i = 0; i < SessionBudget.PacketBurst; i++) Assert.True(_budget.TryTakePacket(_now));
        for (int second = 0; second < 60; second++)
        {
            _now += TimeSpan.FromSeconds(1);
            for (int i = 0; i < 450; i++) Assert.True(_budget.TryTakePacket(_now));
        }
        Assert.False(_budget.TryTakeNotice(0, _now, out _));
    }

    [Fact]
    public void Packets_BeyondTheRate_AreDroppedCountedAndTold()
    {
        int passed = 0;
        for (int millisecond = 0; millisecond < 10_000; millisecond++, _now += TimeSpan.FromMilliseconds(1))
        {
            for (int i = 0; i < 4; i++) passed += _budget.TryTakePacket(_now) ? 1 : 0;
        }
        Assert.InRange(passed, 10 * SessionBudget.PacketsPerSecond, 10 * SessionBudget.PacketsPerSecond + SessionBudget.PacketBurst + 1);
        Assert.Equal(40_000 - passed, _drops[SessionDrop.BudgetPackets]);
        Assert.True(_budget.TryTakeNotice(0, _now, out string message));
        Assert.Contains($"{40_000 - passed} packets", message);
    }

    [Fact]
    public void Audio_BeyondTwiceRealTime_IsDroppedAndCounted()
    {
        int passed = 0;
        for (int packet = 0; packet < 6000; packet++, _now += TimeSpan.FromMilliseconds(5))
        {
            if (!_budget.TryTakeAudio(_now)) continue;
            passed++;
            _budget.NoteAudio(1, _now);
        }
        // 120 s of audio came in 30 s. Ten seconds may come at once, and then two in each second.
        Assert.InRange(passed * 0.02, 55, 71);
        Assert.Equal(6000 - passed, _drops[SessionDrop.BudgetAudio]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Audio_OfTheShortestAndTheUsualPackets_AllPasses(int packetsPerFrame)
    {
        for (int packet = 0; packet < 50 * 60 * packetsPerFrame; packet++, _now += TimeSpan.FromMilliseconds(20.0 / packetsPerFrame))
        {
            Assert.True(_budget.TryTakeAudio(_now));
            _budget.NoteAudio(packet % packetsPerFrame == 0 ? 1 : 0, _now);
        }
    }

    [Fact]
    public void Events_TenOf240KilobytesASecond_AreReadAtTheRate()
    {
        long read = 0;
        for (int millisecond = 0; millisecond < 10_000; millisecond++, _now += TimeSpan.FromMilliseconds(1))
        {
            _budget.BeginEvents();
            while (_budget.MayReadEvent(isOneWaiting: true, _now))
            {
                _budget.NoteEvent(240_000, _now);
                read += 240_000;
            }
            Assert.NotEqual(Instant.Never, _budget.EventsGoOnAt);
        }
        Assert.InRange(read, SessionBudget.EventBytesBurst,
            10 * SessionBudget.EventBytesPerSecond + SessionBudget.EventBytesBurst + 240_000);
        Assert.True(_drops[SessionDrop.BudgetEventsDelayed] > 0);
    }

    [Fact]
    public void Events_ManySmallOnes_WaitUntilTheTimeThatIsSaid()
    {
        _budget.BeginEvents();
        for (int i = 0; i < SessionBudget.EventBurst; i++)
        {
            Assert.True(_budget.MayReadEvent(isOneWaiting: true, _now));
            _budget.NoteEvent(50, _now);
        }
        Assert.False(_budget.MayReadEvent(isOneWaiting: true, _now));
        Assert.False(_budget.MayReadEvent(isOneWaiting: true, _now));
        Assert.Equal(1, _drops[SessionDrop.BudgetEventsDelayed]);
        _now = _budget.EventsGoOnAt;
        _budget.BeginEvents();
        Assert.True(_budget.MayReadEvent(isOneWaiting: true, _now));
        Assert.Equal(Instant.Never, _budget.EventsGoOnAt);
    }

    [Fact]
    public void Events_LargeOnes_LeaveTheThreadToOthersInBetween()
    {
        _budget.BeginEvents();
        Assert.True(_budget.MayReadEvent(isOneWaiting: true, _now));
        _budget.NoteEvent(200_000, _now);
        Assert.False(_budget.MayReadEvent(isOneWaiting: true, _now));
        Assert.Equal(_now, _budget.EventsGoOnAt);
        Assert.Equal(0, _drops[SessionDrop.BudgetEventsDelayed]);
    }

    [Fact]
    public void Notice_WhileTooMuchArrives_ComesOnceASecond()
    {
        int notices = 0;
        for (int millisecond = 0; millisecond < 5000; millisecond++, _now += TimeSpan.FromMilliseconds(1))
            notices += _budget.TryTakeNotice(droppedChunks: millisecond + 1, _now, out _) ? 1 : 0;
        Assert.Equal(5, notices);
        Assert.True(_budget.TryTakeNotice(droppedChunks: 5000, _now, out _));
        _now += TimeSpan.FromSeconds(2);
        Assert.False(_budget.TryTakeNotice(droppedChunks: 5000, _now, out _));
    }
}
