using System.Text.Json;

namespace Dapr.Voice.Contracts;

/// <summary>The state of a session as other services see it.</summary>
public enum SessionState { Created, Connected, Ended }

/// <summary>
/// Why a session ended. A session has one reason, which is the same word in the record, the event, the counter and the log.
/// </summary>
public enum SessionEndReason
{
    None,
    /// <summary>The client closed the data channel, or sent SCTP ABORT or DTLS close_notify.</summary>
    ClientHangup,
    /// <summary>The session was ended by an HTTP request or by another service.</summary>
    ApiHangup,
    /// <summary>No valid consent check arrived for 30 s (RFC 7675).</summary>
    ConsentExpired,
    /// <summary>No valid STUN check arrived, or DTLS did not connect, within the set-up limits.</summary>
    SetupTimeout,
    DtlsFailed,
    /// <summary>The client's certificate does not match the fingerprint in its offer (RFC 8122).</summary>
    FingerprintMismatch,
    LimitReached,
    /// <summary>The caller came, and the transceiver had no room for another session.</summary>
    NoRoom,
    AgentFailed,
    Drain,
    OwnerLost,
    Error,
}

/// <summary>
/// The record of a session, stored under <see cref="StateKeys.Session"/>. Signaling writes it once and sends a copy to the owner. After
/// that, only the owner writes it. As JSON it has fewer than 30,000 characters, because Table Storage allows 32 k. It contains no readable
/// secret and no SDP: the owner derives our ICE password from the ufrag, and the caller's and the Realtime session are encrypted.
/// </summary>
public sealed record SessionRecord
{
    /// <summary><c>rtc_{region}_{sessionId}</c>, see <see cref="Contracts.CallId"/>.</summary>
    public required string CallId { get; init; }
    public required string Region { get; init; }
    public required int Slot { get; init; }

    /// <summary>App id of the transceiver that signaling sent the session to. The owner of the slot is the authority.</summary>
    public required string OwnerAppId { get; init; }
    public required string Agent { get; init; }

    /// <summary>Our ICE ufrag, which is the routing hint (39 characters).</summary>
    public required string LocalUfrag { get; init; }
    public required OfferFacts Offer { get; init; }
    public required AnswerFacts Answer { get; init; }

    /// <summary>
    /// The Realtime <c>session</c> object that the caller or its ephemeral key asked for, at most 16 KiB, encrypted (<c>SealedSession</c>
    /// in libs/Steering): it has instructions, and the credentials of the agent's tools. Null if nobody asked for anything.
    /// </summary>
    public string? SealedRealtimeSession { get; init; }

    /// <summary>The same, readable, in a record of a version that did not encrypt it. Null in all others.</summary>
    public JsonElement? RealtimeSession { get; init; }

    /// <summary>The longest a session may last, in seconds.</summary>
    public required int MaximumSeconds { get; init; }

    /// <summary>One of <see cref="ClientKinds"/>.</summary>
    public required string ClientKind { get; init; }

    /// <summary>
    /// Id (not the text) of the ephemeral key that created the session; that key may also end it. Null if an API key or another service
    /// created the session.
    /// </summary>
    public string? EphemeralKeyId { get; init; }

    /// <summary>
    /// W3C trace context of the request that created the session. The transceiver that serves the session continues this trace. Null if the
    /// request was not traced.
    /// </summary>
    public string? Traceparent { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public SessionState State { get; init; } = SessionState.Created;
    public DateTimeOffset? ConnectedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public SessionEndReason EndReason { get; init; }

    /// <summary>
    /// What exactly happened, as a word in snake case, such as <c>agent_unauthorized</c> for <see cref="SessionEndReason.AgentFailed"/>
    /// (docs/protocols/realtime.md 8). Null if the reason says it all.
    /// </summary>
    public string? EndDetail { get; init; }

    /// <summary>Sequence number of the last lifecycle event that was published for the session.</summary>
    public long EventSequence { get; init; }
    public SessionStatistics? Statistics { get; init; }
}

/// <summary>The part of the client's offer that the owner needs.</summary>
/// <param name="Fingerprints"><c>sha-256 AB:CD:…</c> lines of the offer, or sha-384 or sha-512. One of them must match the client's
/// certificate.</param>
/// <param name="SetupActive">True if the client will be the DTLS client. Our answer is passive, so this is true unless the client offered
/// passive.</param>
/// <param name="AudioMid">Null if the session has no audio, or if its section has no mid.</param>
/// <param name="OpusPayloadType">Null if the session has no audio.</param>
/// <param name="AudioSsrc">The SSRC of the microphone, or null if the offer does not name it.</param>
/// <param name="AudioReceives">True if the client can receive audio.</param>
/// <param name="AudioSends">True if the client will send audio.</param>
/// <param name="SctpPort">Null if the offer has no data channel section.</param>
/// <param name="MaxMessageSize">The client's a=max-message-size in bytes. 65536 if the attribute is absent; 0 means any size.</param>
/// <param name="SealedIcePwd">The client's a=ice-pwd, encrypted (<c>SealedIcePassword</c> in libs/Steering), for checks of the owner.
/// </param>
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
    int? SctpPort,
    long MaxMessageSize,
    string? SealedIcePwd = null);

/// <summary>The part of our answer that the owner must keep to.</summary>
/// <param name="AudioSsrc">SSRC of our audio.</param>
/// <param name="Cname">RTCP CNAME of our audio.</param>
/// <param name="CertificateFingerprint">The owner's <see cref="TransceiverRecord.CertificateFingerprint"/>. An ICE restart keeps DTLS, so
/// its answer repeats it.</param>
/// <param name="UdpIngresses">How many ingresses over UDP the answer names.</param>
/// <param name="TcpIngresses">How many ingresses over TCP the answer names.</param>
public sealed record AnswerFacts(
    uint AudioSsrc, string Cname, string Msid, string? CertificateFingerprint = null, int UdpIngresses = 1, int TcpIngresses = 1);

/// <summary>Counters of a session at the time of its last report.</summary>
public sealed record SessionStatistics(
    long PacketsReceived, long PacketsSent, long PacketsLost, double JitterMilliseconds, double? RoundTripMilliseconds,
    long DurationMilliseconds);

/// <summary>The public name of a session.</summary>
public static class CallId
{
    public const string Prefix = "rtc_";

    /// <param name="sessionId">13 characters of base32; see <c>SessionId</c> in libs/Steering.</param>
    public static string Format(string region, string sessionId) => $"{Prefix}{region}_{sessionId}";

    /// <summary>Returns true if the text has the form of a call id. It does not check that the session exists.</summary>
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
