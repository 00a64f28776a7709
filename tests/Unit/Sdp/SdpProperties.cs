using System.Reflection;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sdp;
using Dapr.Voice.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sdp;

public sealed class SdpProperties
{
    [Fact]
    public void TryParse_AnyText_NeverThrows()
        => Prop.ForAll<string>(text => { _ = Process(text ?? ""); }).QuickCheckThrowOnFailure();

    [Fact]
    public void Process_MutatedOffers_NeverThrowAndTheirAnswersParseBack()
    {
        var random = new Random(8866);
        string[] offers = Offers.All.Values.ToArray();
        int answered = 0;
        for (int i = 0; i < 6_000; i++)
            answered += Process(Mutate(offers[i % offers.Length], offers[random.Next(offers.Length)], random)) ? 1 : 0;
        // If none got through, the mutations would test the door only.
        Assert.InRange(answered, 600, 5_900);
    }

    [Fact]
    public void CreateAnswer_EveryOffer_ParsesBackAsAnAnswerToIt()
    {
        foreach (string offer in Offers.All.Values)
        {
            string text = Offers.Answer(offer);
            Assert.True(SessionDescription.TryParse(text, out SessionDescription? answer, out SdpError error), error.ToString());
            Assert.Equal(text, answer.ToString());
            Assert.True(SessionDescription.TryParse(offer, out SessionDescription? offered, out _));
            Assert.Equal(offered.Media.Select(m => (m.MediaType, m.Mid, m.Protocol)),
                answer.Media.Select(m => (m.MediaType, m.Mid, m.Protocol)));
        }
    }

    [Fact]
    public void OfferSummary_Names_AreThoseOfOfferFacts()
    {
        foreach (PropertyInfo fact in typeof(OfferFacts).GetProperties())
        {
            // Signaling encrypts the password of the offer.
            if (fact.Name == nameof(OfferFacts.SealedIcePwd)) continue;
            PropertyInfo? property = typeof(OfferSummary).GetProperty(fact.Name);
            Assert.True(property is not null, fact.Name);
            Assert.Equal(fact.PropertyType, property.PropertyType);
        }
    }

    /// <summary>True if the text was an offer that we answer.</summary>
    private static bool Process(string text)
    {
        if (!SessionDescription.TryParse(text, out SessionDescription? description, out SdpError error))
        {
            Assert.NotEqual(SdpErrorReason.None, error.Reason);
            return false;
        }
        Assert.True(SessionDescription.TryParse(description.ToString(), out SessionDescription? again, out error), error.ToString());
        Assert.Equal(description.ToString(), again.ToString());
        _ = OfferAnswer.TryReadAnswer(description, out _, out _);
        if (!OfferAnswer.TryReadOffer(description, out OfferSummary? summary, out error))
        {
            Assert.NotEqual(SdpErrorReason.None, error.Reason);
            return false;
        }
        string answer = OfferAnswer.CreateAnswer(summary, Offers.Parameters).ToString();
        Assert.True(SessionDescription.TryParse(answer, out SessionDescription? read, out error), error.ToString());
        Assert.Equal(answer, read.ToString());
        Assert.Equal(description.Media.Count, read.Media.Count);
        Assert.Equal(description.Media.Select(m => m.Mid), read.Media.Select(m => m.Mid));
        return true;
    }

    private static string Mutate(string offer, string other, Random random)
    {
        List<string> lines = offer.Split("\r\n").ToList();
        string[] others = other.Split("\r\n");
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(lines.Count);
            switch (random.Next(6))
            {
                case 0: lines.RemoveAt(at); break;
                case 1: lines.Insert(at, others[random.Next(others.Length)]); break;
                case 2: (lines[at], lines[^1]) = (lines[^1], lines[at]); break;
                case 3: lines[at] = lines[at][..random.Next(lines[at].Length + 1)]; break;
                case 4 when lines[at].Length > 0:
                    char[] characters = lines[at].ToCharArray();
                    characters[random.Next(characters.Length)] = (char)random.Next(random.Next(4) == 0 ? 0x10000 : 0x80);
                    lines[at] = new string(characters);
                    break;
                default: lines[at] += others[random.Next(others.Length)]; break;
            }
            if (lines.Count == 0) break;
        }
        return string.Join("\r\n", lines);
    }
}
