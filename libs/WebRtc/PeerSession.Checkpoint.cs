using Dapr.Voice.Dtls;
using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

// Checkpoints: what lets another process go on after this one died without a word, and never with a number that this one has used
// (docs/decisions/0037).
public sealed partial class PeerSession
{
    /// <summary>
    /// How far ahead of the next SRTP index a checkpoint is. A receiver guesses the rollover counter right over a jump of less than 2^15
    /// (RFC 3711, section 3.3.1).
    /// </summary>
    public const int RtpLead = 1 << 14;

    /// <summary>
    /// The same before the caller surely has packets of this owner. Several owners may die one after the other without having sent any, and
    /// their jumps add up.
    /// </summary>
    public const int UnheardRtpLead = 1 << 11;

    /// <summary>SRTCP and DTLS send their numbers, so the lead is free. At one report a second, 2^16 last for 18 hours.</summary>
    public const long RtcpLead = 1 << 16;
    public const ulong DtlsLead = 1 << 24;

    /// <summary>
    /// How far ahead of the clock a successor's RTP timestamps begin. Browsers were measured to play on at once after a jump of up to 60 s
    /// ahead, and to discard packets that are behind.
    /// </summary>
    public static readonly TimeSpan TimestampLead = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan UnheardTimestampLead = TimeSpan.FromSeconds(10);

    /// <summary>How long the first checkpoint waits for a data channel of a client that has offered one.</summary>
    public static readonly TimeSpan FirstChannelWait = TimeSpan.FromSeconds(2);

    private const int PacketsUntilHeard = 100;
    private const int TicksPerSecond = 48_000;
    private const long RolloverPackets = 1 << 16;

    // A check counts once in the life of a session. After a takeover no check moves a path, so few ids are enough.
    private const int CheckpointTransactions = 32;

    private PeerLease? _lease;
    private PeerLease? _committed;
    private long _leaseNumber;
    private int _changes;
    private bool _isResumable;
    private bool _isMarkerDue;
    private Instant _firstCheckpointAt = Instant.Never;

    private long NextRtpIndex => _srtpOutbound!.HighestIndex(_sender!.Ssrc) is >= 0 and var highest
        ? highest + 1 : _sender.NextSequenceNumber;

    private long NextRtcpIndex => _srtcpOutbound!.HighestIndex(_sender!.Ssrc) + 1;

    /// <summary>
    /// True if the store should get a checkpoint: there was none, something changed that a successor must know (a channel, the credentials,
    /// the peer's SSRC), or half of the numbers are used up that the last one left. It stays true until <see cref="CommitCheckpoint"/>. The
    /// owner decides how often to write. Nothing becomes due while nothing is sent. A path that moved (<see
    /// cref="PeerEventKind.PathChanged"/>) can wait: the peer's next packet shows a successor where it is.
    /// </summary>
    public bool IsCheckpointDue
    {
        get
        {
            if (!IsConnected || !_isResumable) return false;
            return _committed is not { } lease || lease.Changes != _changes || IsHalfUsed(lease);
        }
    }

    /// <summary>
    /// Exports a checkpoint for <see cref="Resume"/>. From now on this session sends no packet with a number at or above the bounds that
    /// it must keep: those of the last committed checkpoint, or of this one if there is none, since it may reach the store although no
    /// answer says so. Write checkpoints of a session in the order of their export, each only if the one before is still in the store (with
    /// its ETag). Then pass <see cref="PeerSessionState.Lease"/> to <see cref="CommitCheckpoint"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The session is not connected, or it has ended.</exception>
    public PeerSessionState ExportCheckpoint(Instant now)
    {
        PeerSessionState state = ExportShared(_ice.ExportState(CheckpointTransactions) with { NeedsChallengeToMove = true }, now);
        PeerLease lease = NextLease(now);
        if (_lease is null) Keep(lease);
        return state with
        {
            IsCheckpoint = true,
            Lease = lease,
            Dtls = state.Dtls with { NextWriteSequenceNumber = lease.DtlsSequenceNumber },
            SrtpOutbound = state.SrtpOutbound?.WithBound(_sender!.Ssrc, lease.RtpIndex),
            SrtcpOutbound = state.SrtcpOutbound?.WithBound(_sender!.Ssrc, lease.RtcpIndex),
            SrtpInbound = state.SrtpInbound?.AsStale(),
            Sender = _sender?.ExportAhead((ushort)lease.RtpIndex, lease.Timestamp),
            Sctp = _sctp?.ExportCheckpoint(lease.Tsn, _channels!.Channels.Select(channel => channel.Id)),
            Channels = _channels?.ExportCheckpoint(),
        };
    }

    /// <summary>
    /// Says that the checkpoint with this lease is in the store, so that the session may use the numbers below its bounds. An older lease
    /// than the last has no effect. Take what <see cref="TryTransmit"/> returns afterwards, because messages may have waited for it.
    /// </summary>
    public void CommitCheckpoint(PeerLease lease)
    {
        if (_committed is { } committed && lease.Number <= committed.Number) return;
        _committed = lease;
        Keep(lease);
    }

    /// <summary>
    /// Continues a checkpoint whose owner may have gone on for an unknown time and has died without a word. The session answers checks at
    /// once. It sends media, RTCP and messages when its own first checkpoint is committed, because until then a second successor would
    /// begin with the same numbers.
    /// </summary>
    /// <param name="checkpoint">From <see cref="ExportCheckpoint"/>, with the bases of this process (<see
    /// cref="PeerSessionState.WithBases"/>).</param>
    /// <param name="farewellAfterSilence">See <see cref="PeerSessionOptions.FarewellAfterSilence"/>.</param>
    /// <exception cref="ArgumentException">The state is not a checkpoint.</exception>
    public static PeerSession Resume(
        PeerSessionState checkpoint, DtlsCertificate certificate, TimeSpan wallClockOffset, RandomFill random, Instant now,
        ReadOnlyMemory<byte> farewellAfterSilence = default)
    {
        if (!checkpoint.IsCheckpoint || checkpoint.Lease is null) throw new ArgumentException("Not a checkpoint.", nameof(checkpoint));
        return Import(checkpoint, certificate, wallClockOffset, random, now, farewellAfterSilence);
    }

    private PeerLease NextLease(Instant now)
    {
        bool isHeard = _statistics.RtpSent >= PacketsUntilHeard;
        int rtpLead = isHeard ? RtpLead : UnheardRtpLead;
        uint timestampLead = (uint)((isHeard ? TimestampLead : UnheardTimestampLead).TotalSeconds * TicksPerSecond);
        bool hasAudio = _sender is not null && _srtpOutbound is not null;
        return new PeerLease
        {
            Number = ++_leaseNumber,
            Changes = _changes,
            RtpLead = rtpLead,
            RtpIndex = hasAudio ? NextRtpIndex + rtpLead : 0,
            TimestampLead = timestampLead,
            Timestamp = hasAudio ? unchecked(_sender!.TimestampAt(now) + timestampLead) : 0,
            RtcpIndex = hasAudio ? NextRtcpIndex + RtcpLead : 0,
            DtlsSequenceNumber = _dtls.NextWriteSequenceNumber + DtlsLead,
            SctpTag = _sctp?.LocalTag ?? 0,
            Tsn = _sctp is null ? 0 : _sctp.NextTsn + SctpAssociation.TsnLead,
            InboundRtpIndex = InboundRtpIndex,
        };
    }

    private long InboundRtpIndex => _receiver is not null && _srtpInbound is not null ? _srtpInbound.HighestIndex(_receiver.Ssrc) : -1;

    private void Keep(PeerLease lease)
    {
        _lease = lease;
        _leaseNumber = Math.Max(_leaseNumber, lease.Number);
        _dtls.WriteBound = lease.DtlsSequenceNumber;
        _sctp?.SetTsnBound(lease.SctpTag, lease.Tsn);
    }

    private bool IsHalfUsed(PeerLease lease)
    {
        if (lease.DtlsSequenceNumber - _dtls.NextWriteSequenceNumber < DtlsLead / 2) return true;
        if (_sctp is not null && lease.SctpTag == _sctp.LocalTag
            && SerialNumber.Distance(lease.Tsn, _sctp.NextTsn) < SctpAssociation.TsnLead / 2) return true;
        if (_sender is null || _srtpOutbound is null) return false;
        return lease.RtpIndex - NextRtpIndex < lease.RtpLead / 2
            || lease.RtcpIndex - NextRtcpIndex < RtcpLead / 2
            || (_sender.HasSent && SerialNumber.Distance(lease.Timestamp, _sender.LastTimestamp) < lease.TimestampLead / 2)
            || InboundRtpIndex - lease.InboundRtpIndex >= RolloverPackets;
    }
}
