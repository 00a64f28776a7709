namespace Dapr.Voice.Sdp;

/// <summary>
/// What our own caller offers: sendrecv Opus and a data channel. This is not a record, so that printing it shows no password.
/// </summary>
public sealed class OfferParameters
{
    public required string IceUfrag { get; init; }
    public required string IcePassword { get; init; }
    public required string Fingerprint { get; init; }
    public required uint AudioSsrc { get; init; }
    public required string Cname { get; init; }
    public required string MsidStream { get; init; }
    public required string MsidTrack { get; init; }

    /// <summary>For the <c>o=</c> line. It is below 2^63.</summary>
    public required ulong SessionId { get; init; }

    /// <summary>The largest data channel message that we accept, in bytes.</summary>
    public int MaxMessageSize { get; init; } = 262144;
}
