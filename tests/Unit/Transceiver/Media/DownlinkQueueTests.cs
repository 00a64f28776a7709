using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Media;

public sealed class DownlinkQueueTests
{
    private readonly SessionDropCounters _drops = new();
    private readonly DownlinkQueue _queue;
    private readonly short[] _frame = new short[480];

    public DownlinkQueueTests() => _queue = new DownlinkQueue(_drops);

    [Fact]
    public void TryTake_EmptyQueue_HasNone() => Assert.False(_queue.TryTake(_frame, out _));

    [Fact]
    public void TryTake_PartOfAFrameOfAnItemStillComing_WaitsForTheRest()
    {
        DownlinkItem item = Item();
        _queue.TryEnqueue(item, Ramp(0, 300));
        Assert.False(_queue.TryTake(_frame, out _));
        _queue.TryEnqueue(item, Ramp(300, 180));
        Assert.True(_queue.TryTake(_frame, out DownlinkItem? taken));
        Assert.Same(item, taken);
        Assert.Equal(Ramp(0, 480), _frame);
    }

    [Fact]
    public void TryTake_EndOfACompleteItem_IsFilledWithZerosThatDoNotCount()
    {
        DownlinkItem item = Item();
        _queue.TryEnqueue(item, Ramp(1, 600));
        _queue.Complete(item);
        Assert.True(_queue.TryTake(_frame, out _));
        Assert.True(_queue.TryTake(_frame, out _));
        Assert.Equal(Ramp(481, 120), _frame[..120]);
        Assert.All(_frame[120..], sample => Assert.Equal(0, sample));
        Assert.Equal(600, item.PlayedSamples);
        Assert.Equal(25, item.PlayedMilliseconds);
        Assert.True(item.IsFullyPlayed);
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public void TryTake_NextItem_StartsOnItsOwnFrame()
    {
        DownlinkItem first = Item("a"), second = Item("b");
        _queue.TryEnqueue(first, Ramp(1, 100));
        _queue.TryEnqueue(second, Ramp(5000, 480));
        Assert.True(_queue.TryTake(_frame, out DownlinkItem? taken));
        Assert.Same(first, taken);
        Assert.Equal(0, _frame[100]);
        Assert.True(_queue.TryTake(_frame, out taken));
        Assert.Same(second, taken);
        Assert.Equal(5000, _frame[0]);
    }

    [Fact]
    public void Flush_InTheMiddle_TakesEffectOnTheNextFrameAndNamesWhatWasCut()
    {
        DownlinkItem first = Item("a"), second = Item("b"), later = Item("c");
        _queue.TryEnqueue(first, Ramp(0, 24_000));
        _queue.TryEnqueue(second, Ramp(0, 480));
        for (int i = 0; i < 7; i++) _queue.TryTake(_frame, out _);
        var cut = new List<DownlinkItem>();
        _queue.Flush(cut);
        Assert.Equal([first, second], cut);
        Assert.Equal(140, first.PlayedMilliseconds);
        Assert.Equal(0, second.PlayedMilliseconds);
        Assert.False(_queue.TryTake(_frame, out _));

        _queue.TryEnqueue(later, Ramp(7, 480));
        Assert.True(_queue.TryTake(_frame, out DownlinkItem? taken));
        Assert.Same(later, taken);
        Assert.Equal(7, _frame[0]);
    }

    [Fact]
    public void TryEnqueue_BeyondTheLimit_DropsTheRestAndCountsIt()
    {
        using var queue = new DownlinkQueue(_drops, maximumSamples: 1000);
        DownlinkItem item = Item();
        Assert.True(queue.TryEnqueue(item, new short[900]));
        Assert.False(queue.TryEnqueue(item, new short[300]));
        Assert.Equal(1000, queue.PendingSamples);
        // 200 samples are one frame of 20 ms that is not full.
        Assert.Equal(1, _drops[SessionDrop.MediaDownlinkFull]);
        Assert.Equal(1000, item.QueuedSamples);
    }

    [Fact]
    public void TryEnqueue_ItemsOfOneSampleEach_AreBoundedByTheirNumber()
    {
        int fitted = 0;
        for (int i = 0; i < 10_000; i++) fitted += _queue.TryEnqueue(new DownlinkItem($"item_{i}", "resp"), [1]) ? 1 : 0;
        Assert.InRange(fitted, DownlinkQueue.MaximumShortItems, 3_000);
        Assert.Equal(10_000 - fitted, _drops[SessionDrop.MediaDownlinkFull]);
        Assert.Equal(fitted, _queue.PendingSamples);

        Assert.True(_queue.TryTake(_frame, out _));
        Assert.True(_queue.TryEnqueue(new DownlinkItem("next", "resp"), [1]));
    }

    [Fact]
    public void TryEnqueue_FiveMinutesInOneItem_FitWhole()
        => Assert.True(_queue.TryEnqueue(new DownlinkItem("item", "resp"), new short[DownlinkQueue.MaximumSamples]));

    [Fact]
    public void MaximumSamples_IsFiveMinutes() => Assert.Equal(300 * 24_000, DownlinkQueue.MaximumSamples);

    [Fact]
    public void DropOldest_OfAnItem_CountsAsNeverQueued()
    {
        DownlinkItem item = Item();
        _queue.TryEnqueue(item, Ramp(0, 960));
        _queue.DropOldest(480);
        Assert.Equal(1, _drops[SessionDrop.MediaDownlinkTrimmed]);
        Assert.True(_queue.TryTake(_frame, out _));
        Assert.Equal(Ramp(480, 480), _frame);
        Assert.Equal(20, item.PlayedMilliseconds);
        Assert.True(item.IsFullyPlayed);
    }

    [Fact]
    public void TryTake_AnyPieces_GivesThemBackInOrder()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), sizes =>
        {
            using var queue = new DownlinkQueue(_drops);
            DownlinkItem item = Item();
            int queued = 0, taken = 0;
            short[] frame = new short[480];
            foreach (byte size in sizes)
            {
                queue.TryEnqueue(item, Ramp(queued, size * 37));
                queued += size * 37;
                while (size % 3 == 0 && queue.TryTake(frame, out _))
                {
                    Assert.Equal(Ramp(taken, 480), frame);
                    taken += 480;
                }
            }
            queue.Complete(item);
            while (queue.TryTake(frame, out _))
            {
                int rest = Math.Min(480, queued - taken);
                Assert.Equal(Ramp(taken, rest), frame[..rest]);
                taken += rest;
            }
            Assert.Equal(queued, taken);
            Assert.Equal(queued, item.PlayedSamples);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryTake_Always_AllocatesNothing()
    {
        DownlinkItem item = Item();
        _queue.TryEnqueue(item, new short[480_000]);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 80; i++) Assert.True(_queue.TryTake(_frame, out _));
        }));
    }

    private static DownlinkItem Item(string id = "item") => new(id, "resp");

    private static short[] Ramp(int first, int count) => Enumerable.Range(first, count).Select(i => (short)i).ToArray();
}
