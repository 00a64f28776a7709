using Dapr.Voice.Sdp;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sdp;

public sealed class SessionDescriptionTests
{
    private const string Head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

    public static TheoryData<string, string, int> BadDescriptions => new()
    {
        { "too_large", Head + "a=" + new string('x', SdpLimits.MaximumCharacters), 0 },
        { "too_many_lines", Head + string.Concat(Enumerable.Repeat("a=x\r\n", SdpLimits.MaximumLines)), SdpLimits.MaximumLines + 1 },
        { "line_too_long", Head + "a=" + new string('x', SdpLimits.MaximumLineCharacters), 5 },
        { "too_many_media_sections", Head + string.Concat(Enumerable.Repeat("m=audio 9 X 0\r\n", SdpLimits.MaximumMediaSections + 1)),
            5 + SdpLimits.MaximumMediaSections },
        { "duplicate_mid", Head + "m=audio 9 X 0\r\na=mid:0\r\nm=video 9 X 0\r\na=mid:0\r\n", 8 },
        { "duplicate_mid", Head + "m=audio 9 X 0\r\na=mid:0\r\na=mid:1\r\n", 7 },
        { "control_character", Head + "a=x\0y\r\n", 5 },
        { "control_character", Head + "a=x\ry\r\n", 5 },
        { "control_character", Head + "a=x\u0085y\r\n", 5 },
        { "control_character", Head + "a=x\u2028y\r\n", 5 },
        { "malformed_line", Head + "candidate\r\n", 5 },
        { "malformed_line", Head + "A=x\r\n", 5 },
        { "malformed_line", Head + "a=:x\r\n", 5 },
        { "malformed_line", Head + "m=audio 9 X\r\n", 5 },
        { "malformed_line", Head + "m=audio 65536 X 0\r\n", 5 },
        { "malformed_line", Head + "m=audio  9 X 0\r\n", 5 },
        { "malformed_line", "v=0\r\no=- 1 1 IN IP4\r\n", 2 },
        { "malformed_line", Head + "m=audio 9 X 0\r\na=mid:\r\n", 6 },
        { "missing_version", "", 0 },
        { "missing_version", "o=- 1 1 IN IP4 127.0.0.1\r\n", 1 },
        { "missing_version", "v=1\r\n", 1 },
        { "missing_origin", "v=0\r\ns=-\r\n", 0 },
    };

    [Theory]
    [MemberData(nameof(BadDescriptions))]
    public void TryParse_BadDescription_SaysWhatAndWhere(string code, string text, int line)
    {
        Assert.False(SessionDescription.TryParse(text, out _, out SdpError error));
        Assert.Equal((code, line), (error.Code, error.Line));
        Assert.Equal(code == "too_large", error.IsTooLarge);
    }

    [Fact]
    public void TryParse_AtTheLimits_IsAccepted()
    {
        Assert.True(
            SessionDescription.TryParse(Head + string.Concat(Enumerable.Repeat("a=x\r\n", SdpLimits.MaximumLines - 4)), out _, out _));
        Assert.True(SessionDescription.TryParse(Head + "a=" + new string('x', SdpLimits.MaximumLineCharacters - 2), out _, out _));
        Assert.True(
            SessionDescription.TryParse(Head + string.Concat(Enumerable.Repeat("m=audio 9 X 0\r\n", SdpLimits.MaximumMediaSections)),
            out SessionDescription? description, out _));
        Assert.Equal(SdpLimits.MaximumMediaSections, description.Media.Count);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void TryParse_AnyLineEndAndNoneAtTheEnd_IsAccepted(string lineEnd)
    {
        foreach (string offer in Offers.All.Values)
        {
            string text = offer.ReplaceLineEndings(lineEnd).TrimEnd();
            Assert.True(SessionDescription.TryParse(text, out SessionDescription? description, out SdpError error), error.ToString());
            Assert.True(OfferAnswer.TryReadOffer(description, out _, out error), error.ToString());
        }
    }

    [Fact]
    public void ToString_OfAParsedDescription_IsTheSameText()
    {
        foreach (string offer in Offers.All.Values)
        {
            Assert.True(SessionDescription.TryParse(offer, out SessionDescription? description, out _));
            Assert.Equal(offer, description.ToString());
        }
    }

    [Fact]
    public void TryParse_LinesWeDoNotNeed_AreReadOver()
    {
        string text = Head.Replace("t=0 0", "i=x\r\nu=y\r\nb=AS:64\r\nt=0 0\r\nr=1 2\r\nz=0", StringComparison.Ordinal)
            + "m=audio 9/2 X 0\r\ni=x\r\nb=AS:1\r\nk=clear:x\r\na=mid:0\r\n";
        Assert.True(SessionDescription.TryParse(text, out SessionDescription? description, out _));
        Assert.Equal(("0", 9), (description.Media[0].Mid, description.Media[0].Port));
    }
}
