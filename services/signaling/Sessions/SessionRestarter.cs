using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sdp;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// Restarts the ICE of a session (RFC 8839, section 4.4): a caller whose network has changed offers new ICE credentials, the owner accepts
/// them, and DTLS, media and conversation go on.
/// </summary>
internal sealed class SessionRestarter(
    KeyLoader keys, SessionLookup sessions, SessionOwners owners, IServiceInvoker invoker, AnswerWriter answers,
    ILogger<SessionRestarter> logger)
{
    /// <param name="onlyIfMadeWith">The id of the ephemeral key that the session must have been made with. Null: any session.</param>
    /// <returns>The answer, or an error that leaves the session as it is.</returns>
    public async Task<(string? AnswerSdp, ApiError? Error)> RestartAsync(
        string callId, string offerSdp, string? onlyIfMadeWith, CancellationToken cancellation)
    {
        if (keys.Current is not { } current) return (null, ApiError.Unavailable("The service is starting."));
        if (!CallId.TryParse(callId, out _, out string idText) || !SessionId.TryParse(idText, out SessionId id))
            return (null, SessionReader.NotFound());
        if (AnswerWriter.TryRead(offerSdp, "sdp", out OfferSummary? offer) is { } offerError) return (null, offerError);
        // A restart counts against the caller's limits in any case.
        FoundSession found = await sessions.FindAsync(callId, static () => null, cancellation);
        if (found.Record is not { } record) return (null, found.Error);
        if (onlyIfMadeWith is not null && record.EphemeralKeyId != onlyIfMadeWith) return (null, SessionReader.NotYours());
        if (record.State == SessionState.Ended) return (null, Gone());
        if (record.Answer.CertificateFingerprint is null)
            return (null, ApiError.Conflict("call_of_earlier_version", "This call began before an update. Make a new call instead."));
        if (WhyNot(offer!, record.Offer) is { } refusal) return (null, refusal);

        TraceParent.Link(record.Traceparent);
        var restart = new IceRestart(offer!.IceUfrag, SealedIcePassword.Seal(
            current.Fleet.PasswordKeys, callId, offer.IcePassword, RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes)));
        foreach (string owner in owners.LikelyOwners(record, found.Owner))
        {
            InvocationResult<IceRestarted> answer = await invoker.AskAsync(owner, $"internal/v1/sessions/{callId}/ice-restart", restart,
                ContractsJson.Default.IceRestart, ContractsJson.Default.IceRestarted, cancellation);
            if (answer.Value is { } restarted)
            {
                if (!RoutingHint.TryDecode(
                    Encoding.UTF8.GetBytes(restarted.LocalUfrag), current.Fleet.HintKeys, out RoutingHint hint, out _))
                    return (null, ApiError.Unavailable("The call's owner answered with a hint that is not of this fleet."));
                SignalingLog.IceRestarted(logger, callId, owner, hint.Generation);
                return (answers.Write(offer, restarted.LocalUfrag, record.Answer, id, current.Fleet, hint.Generation + 1), null);
            }
            if (!owners.IsWithout(owner, answer.Result)) return (null, ApiError.Unavailable("The call's owner did not confirm."));
        }
        return (null, Gone());
    }

    /// <summary>What the new offer would change beside ICE. The owner can't follow that.</summary>
    private static ApiError? WhyNot(OfferSummary offer, OfferFacts first)
    {
        if (offer.IceUfrag == first.IceUfrag)
            return new ApiError(422, "not_a_restart", "The offer has the call's ICE credentials. Make it with iceRestart: true.", "sdp");
        if (!offer.Fingerprints.Intersect(first.Fingerprints, StringComparer.Ordinal).Any() || offer.SetupActive != first.SetupActive)
            return new ApiError(422, "restart_changes_dtls", "A restart keeps the certificate and the DTLS role of the call.", "sdp");
        return offer.OpusPayloadType != first.OpusPayloadType || offer.SctpPort != first.SctpPort
            ? new ApiError(422, "restart_changes_media", "A restart keeps the codec and the data channel of the call.", "sdp")
            : null;
    }

    private static ApiError Gone() => ApiError.Conflict("call_not_connected", "No call of this id is connected.");
}
