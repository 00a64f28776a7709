using Dapr.Voice.Sdp;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sdp;

/// <summary>An offer built from any legal choice is answered, or refused with its reason. Nobody is left in silence.</summary>
public sealed class OfferProperties
{
    private const int OfferCount = 10_000;

    [Fact]
    public void Offer_OfAnyLegalChoice_IsAnsweredOrRefusedWithItsReason()
    {
        int answered = 0, plain = 0;
        var reasons = new HashSet<string>();
        for (int seed = 0; seed < OfferCount; seed++)
        {
            var offer = new RandomOffer(seed);
            try
            {
                if (Answer(offer.Text) is { Length: > 0 } reason)
                {
                    Assert.False(offer.IsPlain, $"refused for {reason}");
                    reasons.Add(reason);
                }
                else
                {
                    answered++;
                    plain += offer.IsPlain ? 1 : 0;
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}\n{offer.Text}", e);
            }
        }
        // The generator is useless if it writes only one kind of offer.
        Assert.InRange(plain, OfferCount * 2 / 5, OfferCount * 3 / 5);
        Assert.InRange(answered - plain, OfferCount / 20, OfferCount * 9 / 20);
        Assert.Superset(
            new HashSet<string>
            {
                "unsupported_media", "bundle_required", "rtcp_mux_required", "invalid_fingerprint", "peer_is_ice_lite",
            },
            reasons);
    }

    /// <summary>The code of the refusal, or null if the offer is answered.</summary>
    private static string? Answer(string text)
    {
        if (!SessionDescription.TryParse(text, out SessionDescription? offer, out SdpError error)
            || !OfferAnswer.TryReadOffer(offer, out OfferSummary? summary, out error))
        {
            Assert.NotEqual(SdpErrorReason.None, error.Reason);
            Assert.EndsWith(".", error.Message);
            Assert.DoesNotContain(Offers.Password, error.ToString());
            return error.Code;
        }
        string answerText = OfferAnswer.CreateAnswer(summary, Offers.Parameters).ToString();
        Assert.True(SessionDescription.TryParse(answerText, out SessionDescription? answer, out error), error.ToString());
        Assert.Equal(answerText, answer.ToString());
        CheckSections(offer, answer);
        CheckTransport(offer, answer);
        CheckNobodyIsInSilence(offer, answer);
        return null;
    }

    private static void CheckSections(SessionDescription offer, SessionDescription answer)
    {
        Assert.Equal(offer.Media.Select(m => (m.MediaType, m.Protocol, m.Mid)), answer.Media.Select(m => (m.MediaType, m.Protocol, m.Mid)));
        var opus = new HashSet<string>();
        foreach ((MediaDescription offered, MediaDescription answered) in offer.Media.Zip(answer.Media))
        {
            if (answered.Port == 0)
            {
                if (!offered.Protocol.Contains("RTP/", StringComparison.Ordinal)) Assert.Equal(offered.Formats, answered.Formats);
                // One format: the first of the offer with its rtpmap, or 0, which needs none.
                else if (Values(answered, "rtpmap").SingleOrDefault() is { } map) Assert.Contains(map, Values(offered, "rtpmap"));
                else Assert.Equal(["0"], answered.Formats);
                continue;
            }
            Assert.True(IsOffered(offered));
            if (answered.MediaType != "audio") continue;
            opus.Add(answered.Formats[0]);
            // Each format is one of the offer, and each has its rtpmap with the name that the offer gives it.
            Assert.Equal(answered.Formats, Values(answered, "rtpmap").Select(v => v.Split(' ')[0]));
            Assert.Subset(
                Values(offered, "rtpmap").Select(v => v.ToLowerInvariant()).ToHashSet(),
                Values(answered, "rtpmap").Select(v => v.ToLowerInvariant()).ToHashSet());
            Assert.Contains($"{answered.Formats[0]} opus/48000/2", Values(answered, "rtpmap"));
            Assert.True(Mirror(Direction(offer, offered)).HasFlag(Direction(answer, answered)));
            Assert.Single(Values(answered, "rtcp-mux"));
            if (Values(answered, "rtcp-rsize").Any()) Assert.NotEmpty(Values(offered, "rtcp-rsize"));
        }
        Assert.InRange(opus.Count, 0, 1);
    }

    private static void CheckTransport(SessionDescription offer, SessionDescription answer)
    {
        List<MediaDescription> accepted = [.. answer.Media.Where(m => m.Port != 0)];
        Assert.NotEmpty(accepted);
        string[] group = Values(answer.Attributes, "group").Select(v => v["BUNDLE ".Length..].Split(' ')).SingleOrDefault() ?? [];
        if (accepted.Count > 1 || group.Length > 0) Assert.Equal(accepted.Select(m => m.Mid).Order(), group.Order());
        if (group.Length > 0) Assert.Contains(Values(offer.Attributes, "group"), v => group.All(mid => v.Split(' ').Contains(mid)));
        MediaDescription tagged = Assert.Single(accepted, m => Values(m, "end-of-candidates").Any());
        if (group.Length > 0) Assert.Equal(group[0], tagged.Mid);
        foreach (MediaDescription media in answer.Media)
        {
            Assert.Single(Values(media, "ice-ufrag"));
            Assert.Single(Values(media, "ice-pwd"));
            Assert.Single(Values(media, "fingerprint"));
            Assert.Contains(Assert.Single(Values(media, "setup")), (string[])["passive", "active"]);
        }
    }

    // Where the caller sends audio, exactly one section receives it. Where the caller can receive, exactly one section sends.
    private static void CheckNobodyIsInSilence(SessionDescription offer, SessionDescription answer)
    {
        foreach (MediaDirection direction in (MediaDirection[])[MediaDirection.SendOnly, MediaDirection.RecvOnly])
        {
            bool isOffered = offer.Media.Any(m => m.MediaType == "audio" && IsOffered(m) && Direction(offer, m).HasFlag(direction));
            int served = answer.Media.Count(m => m.MediaType == "audio" && m.Port != 0
                && Direction(answer, m).HasFlag(Mirror(direction)));
            Assert.Equal(isOffered ? 1 : 0, served);
        }
        foreach (MediaDescription media in answer.Media.Where(m => m.MediaType == "audio" && m.Port != 0))
            Assert.Equal(Direction(answer, media).HasFlag(MediaDirection.SendOnly), Values(media, "msid").Any());
    }

    private static bool IsOffered(MediaDescription media) => media.Port != 0 || media.Attributes.Any(a => a.Name == "bundle-only");

    private static MediaDirection Mirror(MediaDirection direction)
        => (direction.HasFlag(MediaDirection.SendOnly) ? MediaDirection.RecvOnly : MediaDirection.Inactive)
            | (direction.HasFlag(MediaDirection.RecvOnly) ? MediaDirection.SendOnly : MediaDirection.Inactive);

    // Read here once more, so that a mistake in the product's own reader shows.
    private static MediaDirection Direction(SessionDescription session, MediaDescription media)
        => media.Attributes.Concat(session.Attributes)
            .Select(a => Enum.TryParse(a.Name, ignoreCase: true, out MediaDirection found)
                && a.Value is null ? found : (MediaDirection?)null)
            .FirstOrDefault(found => found is not null) ?? MediaDirection.SendRecv;

    private static IEnumerable<string> Values(MediaDescription media, string name) => Values(media.Attributes, name);

    private static IEnumerable<string> Values(IReadOnlyList<SdpAttribute> attributes, string name)
        => attributes.Where(a => a.Name == name).Select(a => a.Value ?? "");
}
