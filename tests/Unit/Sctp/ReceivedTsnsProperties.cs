using Dapr.Voice.Sctp;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

public sealed class ReceivedTsnsProperties
{
    [Theory]
    [InlineData(0u)]
    [InlineData(uint.MaxValue - 20)]
    public void Record_AnyOrder_MatchesASet(uint start)
    {
        Prop.ForAll(Gen.Choose(1, 60).ListOf().ToArbitrary(), offsets =>
        {
            var tsns = new ReceivedTsns(start);
            var model = new HashSet<uint>();
            foreach (int offset in offsets)
            {
                uint tsn = start + (uint)offset;
                bool isNew = tsns.Classify(tsn) == TsnOutcome.New;
                if (isNew != model.Add(tsn)) return false;
                if (isNew) tsns.Record(tsn);
            }
            uint cumulative = start;
            while (model.Contains(cumulative + 1)) cumulative++;
            var runs = new HashSet<uint>();
            for (int i = 0; i < tsns.RunCount; i++)
                for (uint tsn = tsns.RunStart(i); tsn != tsns.RunEnd(i) + 1; tsn++) runs.Add(tsn);
            model.RemoveWhere(t => t - start <= cumulative - start);
            return tsns.Cumulative == cumulative && runs.SetEquals(model);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Classify_MoreHolesThanAreKept_IsTooManyGaps()
    {
        var tsns = new ReceivedTsns(0);
        for (uint i = 0; i < ReceivedTsns.MaximumRuns; i++) tsns.Record(2 + 2 * i);
        Assert.Equal(TsnOutcome.TooManyGaps, tsns.Classify(2 + 2 * ReceivedTsns.MaximumRuns));
        Assert.Equal(TsnOutcome.New, tsns.Classify(1));
        Assert.Equal(TsnOutcome.New, tsns.Classify(3));
    }

    [Fact]
    public void Classify_FurtherThanASackReaches_IsTooFarAhead()
        => Assert.Equal(TsnOutcome.TooFarAhead, new ReceivedTsns(5).Classify(5 + ReceivedTsns.MaximumAhead + 1));

    [Fact]
    public void MoveForward_IntoARun_AbsorbsIt()
    {
        var tsns = new ReceivedTsns(0);
        foreach (uint tsn in new uint[] { 4, 5, 9 }) tsns.Record(tsn);
        tsns.MoveForward(3);
        Assert.Equal(5u, tsns.Cumulative);
        Assert.Equal(1, tsns.RunCount);
    }
}
