using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

/// <summary>What two descriptions agreed on, as far as one end needs it.</summary>
public sealed record PeerSessionOptions
{
    /// <summary><see cref="IceRole.Lite"/> at a transceiver, <see cref="IceRole.Controlling"/> at our own caller.</summary>
    public required IceRole IceRole { get; init; }
    public required IceCredentials LocalCredentials { get; init; }

    /// <summary>Needed by a controlling agent; a lite one answers whoever knows its own password.</summary>
    public IceCredentials? RemoteCredentials { get; init; }

    /// <summary>Random 64 bits (RFC 8445, section 7.3.1.1).</summary>
    public ulong TieBreaker { get; init; }
    public required DtlsRole DtlsRole { get; init; }
    public required DtlsCertificate Certificate { get; init; }

    /// <summary>The peer's certificate must have one of these.</summary>
    public required IReadOnlyList<CertificateFingerprint> ExpectedFingerprints { get; init; }

    /// <summary>Null: no audio section was accepted.</summary>
    public PeerAudioOptions? Audio { get; init; }

    /// <summary>Null: no data channel section was accepted.</summary>
    public PeerDataOptions? Data { get; init; }

    /// <summary>
    /// What to add to an <see cref="Instant"/> to get the time since 1900-01-01 (RFC 3550, section 4), for sender reports.
    /// </summary>
    public TimeSpan WallClockOffset { get; init; }

    /// <summary>Makes the transaction ids of ICE, the tags of SCTP and the timing of RTCP.</summary>
    public required RandomFill Random { get; init; }
}

/// <param name="LocalSsrc">SSRC of what we send; also names us in receiver reports.</param>
/// <param name="Cname">RTCP CNAME, at most 255 bytes UTF-8.</param>
/// <param name="PayloadType">Opus, the offerer's number.</param>
/// <param name="FirstSequenceNumber">Random (RFC 3550, section 5.1); below 2^15, so that the receiver's first rollover guess is
/// right.</param>
/// <param name="FirstTimestamp">Random.</param>
public sealed record PeerAudioOptions(
    uint LocalSsrc, string Cname, byte PayloadType, ushort FirstSequenceNumber, uint FirstTimestamp);

/// <param name="RemotePort">The peer's a=sctp-port.</param>
/// <param name="RemoteMaximumMessageSize">The peer's a=max-message-size.</param>
/// <param name="OpenLabel">Label of the channel that this end opens; null: the peer opens it.</param>
public sealed record PeerDataOptions(ushort RemotePort = 5000, int RemoteMaximumMessageSize = 65536, string? OpenLabel = null);
