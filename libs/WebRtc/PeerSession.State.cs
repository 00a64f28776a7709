using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

// The session as data: the exact state for a hand-over, and its import.
public sealed partial class PeerSession
{
    /// <summary>
    /// Exports this session as plain data. It contains keys, so encrypt it. The session may continue or be disposed, but only one of the
    /// two may send.
    /// </summary>
    /// <exception cref="InvalidOperationException">The session is not connected, or it has ended.</exception>
    public PeerSessionState ExportState(Instant now) => ExportShared(_ice.ExportState(), now) with
    {
        Receiver = _receiver?.ExportState(now),
        Jitter = _jitter?.ExportState(),
        Sctp = _sctp?.ExportState(now),
        Channels = _channels?.ExportState(),
    };

    private PeerSessionState ExportShared(IceAgentState ice, Instant now)
    {
        if (!IsConnected) throw new InvalidOperationException("Only a connected session can be exported.");
        return new PeerSessionState
        {
            IceRole = _options.IceRole,
            Ice = ice,
            Dtls = _dtls.ExportState(),
            Path = _ice.SelectedPath,
            Audio = _options.Audio,
            Data = _options.Data,
            SrtpOutbound = _srtpOutbound?.ExportState(),
            SrtpInbound = _srtpInbound?.ExportState(),
            SrtcpOutbound = _srtcpOutbound?.ExportState(),
            SrtcpInbound = _srtcpInbound?.ExportState(),
            Sender = _sender?.ExportState(now),
            EventsChannel = _eventsChannel?.Id,
            Lease = _lease,
        };
    }

    /// <summary>
    /// Continues where <see cref="ExportState"/> stopped. Packets in flight to the old owner are lost, and they are repaired like other
    /// losses. A checkpoint is continued as <see cref="Resume"/> says.
    /// </summary>
    /// <param name="farewellAfterSilence">See <see cref="PeerSessionOptions.FarewellAfterSilence"/>.</param>
    public static PeerSession Import(
        PeerSessionState state, DtlsCertificate certificate, TimeSpan wallClockOffset, RandomFill random, Instant now,
        ReadOnlyMemory<byte> farewellAfterSilence = default)
    {
        var options = new PeerSessionOptions
        {
            IceRole = state.IceRole,
            LocalCredentials = state.Ice.Local,
            RemoteCredentials = state.Ice.Remote,
            TieBreaker = state.Ice.TieBreaker,
            DtlsRole = state.Dtls.Role,
            Certificate = certificate,
            ExpectedFingerprints = [],
            Audio = state.Audio,
            Data = state.Data,
            WallClockOffset = wallClockOffset,
            FarewellAfterSilence = farewellAfterSilence,
            Random = random,
        };
        return new PeerSession(options, state, now);
    }

    private PeerSession(PeerSessionOptions options, PeerSessionState state, Instant now)
        : this(options, IceAgent.Import(state.Ice, options.Random, now), DtlsTransport.Import(state.Dtls))
    {
        _isIceConnected = true;
        _isDtlsConnected = true;
        if (state.Sender is not null) _sender = RtpSender.Import(state.Sender, now);
        if (state.Jitter is not null) _jitter = JitterBuffer.Import(state.Jitter);
        if (state.Receiver is not null) _receiver = RtpReceiver.Import(state.Receiver, now);
        if (state.SrtpOutbound is not null) _srtpOutbound = SrtpContext.Import(state.SrtpOutbound);
        if (state.SrtpInbound is not null) _srtpInbound = SrtpContext.Import(state.SrtpInbound);
        if (state.SrtcpOutbound is not null) _srtcpOutbound = SrtcpContext.Import(state.SrtcpOutbound);
        if (state.SrtcpInbound is not null) _srtcpInbound = SrtcpContext.Import(state.SrtcpInbound);
        if (state.Sctp is not null && state.Data is not null)
        {
            _sctp = SctpAssociation.Import(state.Sctp, SctpOptionsFor(state.Data, NextRandom()), now);
            _channels = DataChannelSet.Import(state.Channels!, _sctp);
            if (state.EventsChannel is { } id) _eventsChannel = _channels.Find(id);
            else if (_channels.Channels.FirstOrDefault() is { } first)
                (_unlabelledChannel, _unlabelledIsChosenAt) = (first, now + EventsLabelWait);
        }
        else if (state.Data is not null)
        {
            StartSctp(state.Data, now);
        }
        _isResumable = true;
        _isMarkerDue = state.IsCheckpoint;
        if (state.Lease is { } lease) Keep(lease);
        if (_srtcpOutbound is not null) _nextRtcp = now + RtcpInterval;
    }
}
