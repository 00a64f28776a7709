using Dapr.Voice.Ownership;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ownership;

public sealed class LeaseWatchTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    private LeaseWatch _watch;

    private static Instant At(int milliseconds) => Instant.FromMilliseconds(milliseconds);

    [Fact]
    public void Record_NeverSeen_HasNoLease()
    {
        Assert.False(_watch.IsRenewed(Lease, At(0)));
        Assert.False(_watch.HasRunOut(Lease, At(10_000)));
    }

    [Theory]
    [InlineData("2", 1)]
    [InlineData("1", 2)]
    public void Change_OfETagOrBeat_RenewsTheLease(string etag, long beat)
    {
        Assert.True(_watch.Observe(7, "1", 1, At(0)));
        Assert.False(_watch.Observe(7, "1", 1, At(1000)));
        Assert.True(_watch.HasRunOut(Lease, At(2000)));
        Assert.True(_watch.Observe(7, etag, beat, At(2000)));
        Assert.False(_watch.HasRunOut(Lease, At(3999)));
    }

    [Fact]
    public void Answer_KeepsTheOwnerAliveButRenewsNothing()
    {
        _watch.Observe(7, "1", 1, At(0));
        _watch.NoteAnswer(At(1500));
        Assert.False(_watch.HasRunOut(Lease, At(3000)));
        Assert.False(_watch.IsRenewed(Lease, At(3000)));
    }
}
