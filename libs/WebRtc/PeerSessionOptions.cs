using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

/// <summary>The parts of the two session descriptions that one end needs.</summary>
public sealed record PeerSessionOptions
{
    /// <summary><see cref="IceRole.Lite"/> in a transceiver, <see cref="IceRole.Controlling"/> in our own caller.</summary>
    public required IceRole IceRole { get; init; }
    public required IceCredentials LocalCredentials { get; init; }

    /// <summary>A controlling agent needs them. A lite agent answers every peer that knows its own password.</summary>
    public IceCredentials? RemoteCredentials { get; init; }

    /// <summary>A random number of 64 bits (RFC 8445, section 7.3.1.1).</summary>
    public ulong TieBreaker { get; init; }
    public required DtlsRole DtlsRole { get; init; }
    public required DtlsCertificate Certificate { get; init; }

    /// <summary>The peer's certificate must have one of these fingerprints.</summary>
    public required IReadOnlyList<CertificateFingerprint> ExpectedFingerprints { get; init; }

    /// <summary>Null if no audio section was accepted.</summary>
    public PeerAudioOptions? Audio { get; init; }

    /// <summary>Null if no data channel section was accepted.</summary>
    public PeerDataOptions? Data { get; init; }

    /// <summary>
    /// The time since 1900-01-01 (UTC) at <see cref="Instant.Zero"/>, for sender reports (RFC 3550, section 4).
    /// </summary>
    public TimeSpan WallClockOffset { get; init; }

    /// <summary>
    /// The text that a lite agent sends on the events channel before its goodbye, when the peer has been silent for too long. Empty for
    /// none.
    /// </summary>
    public ReadOnlyMemory<byte> FarewellAfterSilence { get; init; }

    /// <summary>Whether a path repeats lost datagrams itself, as ICE-TCP does. Flights of the handshake are then repeated later.</summary>
    public Func<TransportPath, bool> IsReliable { get; init; } = static _ => false;

    /// <summary>Creates the transaction ids of ICE, the tags of SCTP and the timing of RTCP.</summary>
    public required RandomFill Random { get; init; }
}

/// <param name="LocalSsrc">The SSRC of our audio. Receiver reports use it as well.</param>
/// <param name="Cname">The RTCP CNAME, at most 255 bytes of UTF-8.</param>
/// <param name="PayloadType">The payload type of Opus in the offer.</param>
/// <param name="FirstSequenceNumber">A random number (RFC 3550, section 5.1) below 2^15, so that the receiver's first guess of the rollover
/// counter is right.</param>
/// <param name="FirstTimestamp">A random number.</param>
public sealed record PeerAudioOptions(
    uint LocalSsrc, string Cname, byte PayloadType, ushort FirstSequenceNumber, uint FirstTimestamp);

/// <param name="RemotePort">The peer's a=sctp-port.</param>
/// <param name="RemoteMaximumMessageSize">The peer's a=max-message-size in bytes.</param>
/// <param name="OpenLabel">The label of the channel that this end opens. Null if the peer opens it.</param>
/// <param name="ChunksPerSecond">See <see cref="Sctp.SctpOptions.ChunksPerSecond"/>. 0 means no limit.</param>
public sealed record PeerDataOptions(
    ushort RemotePort = 5000, int RemoteMaximumMessageSize = 65536, string? OpenLabel = null, int ChunksPerSecond = 0);
