using System.Text.Json;

namespace Dapr.Voice.Contracts;

/// <summary>State of a session as other services see it.</summary>
public enum SessionState { Created, Connected, Ended }

/// <summary>Why a session ended. One reason, the same word in the record, the event, the counter and the log.</summary>
public enum SessionEndReason
{
    None,
    /// <summary>The client closed the data channel, sent SCTP ABORT or DTLS close_notify.</summary>
    ClientHangup,
    /// <summary>Hang-up over HTTP or by another service.</summary>
    ApiHangup,
    /// <summary>No valid consent check for 30 s (RFC 7675).</summary>
    ConsentExpired,
    /// <summary>No valid STUN check, or no DTLS, within the set-up limits.</summary>
    SetupTimeout,
    DtlsFailed,
    /// <summary>The client's certificate does not match the fingerprint in its offer (RFC 8122).</summary>
    FingerprintMismatch,
    LimitReached,
    AgentFailed,
    Drain,
    OwnerLost,
    Error,
}

/// <summary>
/// A session, under <see cref="StateKeys.Session"/>. Signaling writes it once and pushes the same to the owner; from then on
/// the owner writes it. Under 30,000 characters as JSON (Table Storage ends at 32 k). It holds no secret and no SDP: the owner
/// derives the ICE password from the hint's ufrag.
/// </summary>
public sealed record SessionRecord
{
    /// <summary><c>rtc_{region}_{sessionId}</c>, see <see cref="Contracts.CallId"/>.</summary>
    public required string CallId { get; init; }
    public required string Region { get; init; }
    public required int Slot { get; init; }

    /// <summary>App id of the transceiver it was pushed to; the owner of the slot is the authority.</summary>
    public required string OwnerAppId { get; init; }
    public required string Agent { get; init; }

    /// <summary>Our ICE ufrag: the hint (39 characters).</summary>
    public required string LocalUfrag { get; init; }
    public required OfferFacts Offer { get; init; }
    public required AnswerFacts Answer { get; init; }

    /// <summary>The Realtime <c>session</c> object that the caller or its ephemeral key asked for, as is; at most 16 KiB.</summary>
    public JsonElement? RealtimeSession { get; init; }

    /// <summary>The longest a session may last, in seconds.</summary>
    public required int MaximumSeconds { get; init; }

    /// <summary><c>openai</c>, <c>internal</c>, <c>whip</c>.</summary>
    public required string ClientKind { get; init; }

    /// <summary>
    /// Id (not the text) of the ephemeral key it was made with: that key may end it. Null where an API key or another service made it.
    /// </summary>
    public string? EphemeralKeyId { get; init; }

    /// <summary>
    /// W3C trace context of the request that made it, so that whoever serves the session continues that trace. Null where nothing is
    /// traced.
    /// </summary>
    public string? Traceparent { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public SessionState State { get; init; } = SessionState.Created;
    public DateTimeOffset? ConnectedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public SessionEndReason EndReason { get; init; }

    /// <summary>Sequence number of the last lifecycle event published for it.</summary>
    public long EventSequence { get; init; }
    public SessionStatistics? Statistics { get; init; }
}

/// <summary>What the owner must know of the client's offer.</summary>
/// <param name="Fingerprints"><c>sha-256 AB:CD:…</c> lines of the offer; one of them must match the client's certificate.</param>
/// <param name="SetupActive">True if the client will be the DTLS client (it is, since we always answer passive, unless it offered
/// passive).</param>
/// <param name="AudioMid">Null without audio.</param>
/// <param name="AudioSsrc">The microphone's SSRC if the offer names it.</param>
/// <param name="AudioReceives">The client can be sent audio.</param>
/// <param name="AudioSends">The client will send audio.</param>
/// <param name="AudioLevelExtensionId">RFC 6464 header extension id, or null.</param>
/// <param name="MidExtensionId">RFC 9143 header extension id, or null.</param>
/// <param name="SctpPort">Null without a data channel section.</param>
/// <param name="MaxMessageSize">The client's a=max-message-size; 65536 where absent; 0 means any size.</param>
public sealed record OfferFacts(
    string IceUfrag,
    IReadOnlyList<string> Fingerprints,
    bool SetupActive,
    string? AudioMid,
    int? OpusPayloadType,
    int? TelephoneEventPayloadType,
    uint? AudioSsrc,
    bool AudioReceives,
    bool AudioSends,
    int? AudioLevelExtensionId,
    int? MidExtensionId,
    int? SctpPort,
    long MaxMessageSize);

/// <summary>What our answer promised.</summary>
/// <param name="AudioSsrc">SSRC of our audio.</param>
/// <param name="Cname">RTCP CNAME of our audio.</param>
public sealed record AnswerFacts(uint AudioSsrc, string Cname, string Msid);

/// <summary>Counters of a session at its last report.</summary>
public sealed record SessionStatistics(
    long PacketsReceived, long PacketsSent, long PacketsLost, double JitterMilliseconds, double? RoundTripMilliseconds,
    long DurationMilliseconds);

/// <summary>The public name of a session.</summary>
public static class CallId
{
    public const string Prefix = "rtc_";

    /// <param name="sessionId">13 characters base32, see <c>SessionId</c> in libs/Steering.</param>
    public static string Format(string region, string sessionId) => $"{Prefix}{region}_{sessionId}";

    /// <summary>True for anything of the right shape; says nothing of whether it exists.</summary>
    public static bool TryParse(string? callId, out string region, out string sessionId)
    {
        region = sessionId = "";
        if (callId is null || callId.Length is < 19 or > 64 || !callId.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        int split = callId.LastIndexOf('_');
        if (split <= Prefix.Length - 1 || callId.Length - split - 1 != 13) return false;
        foreach (char c in callId)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')) return false;
        }
        region = callId[Prefix.Length..split];
        sessionId = callId[(split + 1)..];
        return region.Length > 0;
    }
}
