using Dapr.Voice.Transceiver.Ownership;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Ownership;

public sealed class SlotTableTests
{
    [Fact]
    public void TryEnter_OfASlotNotServed_IsRefused()
    {
        var table = new SlotTable(4);
        Assert.False(table.TryEnter(1));
        Assert.False(table.TryEnter(-1));
        Assert.False(table.TryEnter(4));
        table.Serve(1, 1);
        Assert.True(table.TryEnter(1));
    }

    [Fact]
    public void TryWithdraw_WithASession_KeepsServing()
    {
        var table = new SlotTable(4);
        table.Serve(1, 7);
        Assert.True(table.TryEnter(1));
        Assert.False(table.TryWithdraw(1));
        Assert.Equal(7, table.EpochOf(1));
        table.Exit(1);
        Assert.True(table.TryWithdraw(1));
        Assert.Null(table.EpochOf(1));
    }

    [Fact]
    public void DropBelow_AHigherEpoch_StopsServing()
    {
        var table = new SlotTable(4);
        table.Serve(1, 7);
        table.DropBelow(1, 7);
        table.DropBelow(2, 7);
        table.DropBelow(4, 7);
        Assert.Equal(7, table.EpochOf(1));
        table.DropBelow(1, 8);
        Assert.Null(table.EpochOf(1));
        Assert.Equal(2, table.Version);
    }

    [Fact]
    public void Version_ChangesWithWhatIsServedOnly()
    {
        var table = new SlotTable(4);
        int changes = 0;
        table.Changed += () => changes++;
        table.Serve(1, 1);
        table.Serve(1, 1);
        table.Drop(2);
        table.Drop(1);
        Assert.Equal(2, changes);
        Assert.Equal(2, table.Version);
    }

    [Fact]
    public void TryServe_OfAnEpochThatWasGivenBack_IsTooLate()
    {
        var table = new SlotTable(4);
        Assert.True(table.TryServe(1, 7));
        Assert.True(table.TryServe(1, 7));
        Assert.True(table.TryWithdraw(1));
        Assert.False(table.TryServe(1, 7));
        Assert.False(table.TryServe(1, 6));
        Assert.Null(table.EpochOf(1));
        Assert.True(table.TryServe(1, 8));
        Assert.False(table.TryServe(4, 1));
        Assert.False(table.TryServe(2, 0));
    }

    [Fact]
    public void Hold_OfASlotThatIsNotServedYet_CountsAsASession()
    {
        var table = new SlotTable(4);
        table.Hold(1);
        table.Serve(1, 7);
        Assert.False(table.TryWithdraw(1));
        Assert.True(table.TryEnter(1));
        table.Exit(1);
        table.Exit(1);
        Assert.True(table.TryWithdraw(1));
    }

    [Fact]
    public async Task TryWithdraw_WithASession_IsNeverSeenAsUnserved()
    {
        var table = new SlotTable(1);
        table.Serve(0, 1);
        Assert.True(table.TryEnter(0));
        using var start = new Barrier(2);
        bool isOver = false;
        // A worker that looks in between would drop its sessions.
        Task<bool> look = Task.Run(() =>
        {
            start.SignalAndWait();
            bool isServed = true;
            while (!Volatile.Read(ref isOver)) isServed &= table.IsServed(0);
            return isServed;
        });
        start.SignalAndWait();
        for (int i = 0; i < 300_000; i++) Assert.False(table.TryWithdraw(0));
        Volatile.Write(ref isOver, true);
        Assert.True(await look);
    }

    [Fact]
    public async Task TryEnterAndTryWithdraw_AtTheSameTime_NeverBothSucceed()
    {
        for (int round = 0; round < 500; round++)
        {
            var table = new SlotTable(1);
            table.Serve(0, 1);
            using var start = new Barrier(2);
            Task<bool> enter = Task.Run(() => { start.SignalAndWait(); return table.TryEnter(0); });
            Task<bool> withdraw = Task.Run(() => { start.SignalAndWait(); return table.TryWithdraw(0); });
            bool[] both = await Task.WhenAll(enter, withdraw);
            Assert.False(both[0] && both[1]);
        }
    }
}
