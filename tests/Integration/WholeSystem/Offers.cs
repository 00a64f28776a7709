using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Sdp;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>Offers for sessions that nobody connects to.</summary>
internal static class Offers
{
    public static string Create() => OfferAnswer.CreateOffer(new OfferParameters
    {
        IceUfrag = "cafe",
        IcePassword = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)),
        Fingerprint = "sha-256 " + BitConverter.ToString(RandomNumberGenerator.GetBytes(32)).Replace('-', ':'),
        AudioSsrc = 0x1234_5678,
        Cname = "test",
        MsidStream = "stream",
        MsidTrack = "track",
        SessionId = 1,
    }).ToString();

    public static HttpContent Content(string? offer = null)
        => new StringContent(offer ?? Create(), Encoding.UTF8, new MediaTypeHeaderValue("application/sdp"));
}
