using Dapr.Voice.Contracts;
using Dapr.Voice.Sdp;

namespace Dapr.Voice.Signaling.Sessions;

internal static class OfferFactsReader
{
    /// <summary>Returns what the owner needs to know about an offer.</summary>
    public static OfferFacts Read(OfferSummary offer) => new(
        offer.IceUfrag,
        offer.Fingerprints,
        offer.SetupActive,
        offer.AudioMid,
        offer.OpusPayloadType,
        offer.TelephoneEventPayloadType,
        offer.AudioSsrc,
        offer.AudioReceives,
        offer.AudioSends,
        offer.AudioLevelExtensionId,
        offer.MidExtensionId,
        offer.SctpPort,
        offer.MaxMessageSize);
}
