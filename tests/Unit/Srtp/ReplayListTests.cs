using Dapr.Voice.Srtp;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Srtp;

public sealed class ReplayListTests
{
    [Fact]
    public void Check_AnyIndices_AgreesWithASetOfAllSeen()
        => Prop.ForAll(ArbMap.Default.ArbFor<int[]>(), steps =>
        {
            var list = new ReplayList();
            var seen = new HashSet<long>();
            long position = 1000;
            foreach (int step in steps ?? [])
            {
                long index = Math.Max(0, position + step % 200);
                SrtpError expected = index <= list.Highest - ReplayList.Width ? SrtpError.TooOld : seen.Contains(index) ? SrtpError.Replayed
                    : SrtpError.None;
                if (list.Check(index) != expected) return false;
                if (expected != SrtpError.None) continue;
                list.Add(index);
                seen.Add(index);
                position = list.Highest;
                list = new ReplayList(list.Highest, list.SeenHigh, list.SeenLow);
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(-1L, 65535, 65535L)]
    [InlineData(10L, 20, 20L)]
    [InlineData(0xFFF0L, 5, 0x10005L)]
    [InlineData(0x10005L, 0xFFF0, 0xFFF0L)]
    [InlineData(0x18000L, 0, 0x10000L)]
    [InlineData(0x18001L, 0, 0x20000L)]
    [InlineData(5L, 0xFFF0, -1L)]
    [InlineData(0xFFFF_FFFF_FFF0L, 5, -1L)]
    public void Estimate_AppendixA_TakesTheClosestIndex(long highest, int sequence, long expected)
    {
        long index = PacketIndex.Estimate(highest, (ushort)sequence);
        Assert.Equal(expected, index < 0 ? -1 : index);
    }
}
