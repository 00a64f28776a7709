using Dapr.Voice.Steering;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class KeyRingTests
{
    [Fact]
    public void TryParse_TwoKeys_FirstIsCurrent()
    {
        KeyRing ring = SteeringKeys.Ring(11, 4);
        Assert.Equal(11, ring.CurrentId);
        Assert.Equal(2, ring.Count);
        Assert.True(ring.TryGetKey(4, out ReadOnlySpan<byte> key));
        Assert.Equal(SteeringKeys.KeyBytes(4), key.ToArray());
        Assert.False(ring.TryGetKey(5, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("16:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("1:AAAA")]
    [InlineData("1:not base64 at all, of any kind")]
    [InlineData("1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void TryParse_BadText_SaysWhyWithoutTheKey(string? text)
    {
        Assert.False(KeyRing.TryParse(text, out KeyRing? ring, out string? error));
        Assert.Null(ring);
        Assert.NotNull(error);
        Assert.DoesNotContain("AAAA", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_AnyText_NeverThrows()
        => Prop.ForAll<string>(text => { KeyRing.TryParse(text, out _, out _); }).QuickCheckThrowOnFailure();

    [Fact]
    public void SessionId_AnyValue_RoundTrips()
        => Prop.ForAll<ulong>(value =>
        {
            string text = new SessionId(value).ToString();
            Assert.Equal(SessionId.TextLength, text.Length);
            Assert.True(SessionId.TryParse(text, out SessionId parsed));
            Assert.Equal(value, parsed.Value);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("aaaaaaaaaaaab")]
    [InlineData("aaaaaaaaaaaaä")]
    [InlineData("AAAAAAAAAAAAA")]
    public void SessionId_NotCanonical_IsRefused(string text) => Assert.False(SessionId.TryParse(text, out _));
}
