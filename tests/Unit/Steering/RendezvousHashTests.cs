using Dapr.Voice.Steering;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class RendezvousHashTests
{
    [Fact]
    public void Choose_NoShard_IsNull() => Assert.Null(RendezvousHash.Choose(0, 0, []));

    [Fact]
    public void Choose_AnyOrder_IsTheSame()
    {
        for (ushort slot = 0; slot < 64; slot++)
            Assert.Equal(RendezvousHash.Choose(1, slot, [0, 1, 2, 3]), RendezvousHash.Choose(1, slot, [3, 1, 0, 2]));
    }

    [Fact]
    public void Choose_OneShardLess_MovesOnlyItsSlots()
    {
        for (ushort slot = 0; slot < 1024; slot++)
        {
            int before = RendezvousHash.Choose(0, slot, [0, 1, 2, 3])!.Value;
            int after = RendezvousHash.Choose(0, slot, [0, 1, 3])!.Value;
            if (before != 2) Assert.Equal(before, after);
        }
    }

    [Fact]
    public void Choose_ManySlots_SpreadsEvenly()
    {
        int[] counts = new int[8];
        for (int slot = 0; slot < 65_536; slot++) counts[RendezvousHash.Choose(0, (ushort)slot, [0, 1, 2, 3, 4, 5, 6, 7])!.Value]++;
        // 8192 on average with a deviation of 85.
        Assert.All(counts, count => Assert.InRange(count, 8192 - 400, 8192 + 400));
    }
}
