using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Sessions;

public sealed class DeadlineHeapTests
{
    [Fact]
    public void Earliest_OfNone_IsNever()
    {
        var heap = new DeadlineHeap(4);
        Assert.Equal(Instant.Never, heap.Earliest);
        Assert.False(heap.TryPeekDue(Instant.Never, out _, out _));
    }

    [Fact]
    public void TryPeekDue_DeadlineReached_GivesTheIndexAndKeepsIt()
    {
        var heap = new DeadlineHeap(4);
        heap.Set(2, Instant.FromMilliseconds(10));
        Assert.False(heap.TryPeekDue(Instant.FromMilliseconds(9), out _, out _));
        Assert.True(heap.TryPeekDue(Instant.FromMilliseconds(10), out int index, out Instant deadline));
        Assert.Equal((2, Instant.FromMilliseconds(10)), (index, deadline));
        Assert.Equal(1, heap.Count);
    }

    [Fact]
    public void Set_Never_Removes()
    {
        var heap = new DeadlineHeap(4);
        heap.Set(1, Instant.Zero);
        heap.Set(1, Instant.Never);
        Assert.Equal(0, heap.Count);
    }

    [Fact]
    public void AnyOperations_EarliestIsTheMinimumOfAModel()
    {
        const int capacity = 17;
        Gen<(int index, int time)> operation = Gen.Choose(0, capacity - 1)
            .SelectMany(index => Gen.Choose(-40, 100).Select(time => (index, time)));
        Prop.ForAll(operation.ArrayOf().ToArbitrary(), operations =>
        {
            var heap = new DeadlineHeap(capacity);
            var model = new Dictionary<int, Instant>();
            foreach ((int index, int time) in operations)
            {
                if (time < 0)
                {
                    heap.Remove(index);
                    model.Remove(index);
                }
                else
                {
                    heap.Set(index, Instant.FromMilliseconds(time));
                    model[index] = Instant.FromMilliseconds(time);
                }
                Instant expected = model.Count == 0 ? Instant.Never : model.Values.Min();
                if (heap.Earliest != expected || heap.Count != model.Count) return false;
                if (heap.TryPeekDue(Instant.FromMilliseconds(1000), out int first, out Instant at) && model[first] != at) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Set_Warm_AllocatesNothing()
    {
        var heap = new DeadlineHeap(64);
        void Round(int offset)
        {
            for (int i = 0; i < 64; i++) heap.Set(i, new Instant((i * 37 + offset) % 101));
            while (heap.TryPeekDue(new Instant(50), out int index, out _)) heap.Set(index, new Instant(200));
            for (int i = 0; i < 64; i += 3) heap.Remove(i);
        }
        Round(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Round(i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
