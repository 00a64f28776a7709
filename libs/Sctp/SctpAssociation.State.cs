using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

// Export to plain data and import from it, so that another process can continue the association.
public sealed partial class SctpAssociation
{
    public SctpAssociationState ExportState(Instant now)
    {
        var outbound = new SctpAssociationState.OutboundChunkData[_outbound.Count];
        for (int i = 0; i < outbound.Length; i++)
        {
            ref OutboundChunk chunk = ref _outbound[i];
            byte[] payload = new byte[chunk.Length];
            _outbound.CopyPayload(chunk, payload);
            outbound[i] = new SctpAssociationState.OutboundChunkData
            {
                StreamId = chunk.StreamId,
                StreamSequence = chunk.StreamSequence,
                PayloadProtocolId = chunk.PayloadProtocolId,
                Flags = (byte)chunk.Flags,
                State = (byte)chunk.State,
                Transmissions = chunk.Transmissions,
                MaximumRetransmits = chunk.MaximumRetransmits,
                RemainingLifetime = chunk.Expiry == Instant.Never ? null : chunk.Expiry - now,
                Payload = payload,
            };
        }
        uint[] runs = new uint[_received.RunCount * 2];
        for (int i = 0; i < _received.RunCount; i++) (runs[2 * i], runs[2 * i + 1]) = (_received.RunStart(i), _received.RunEnd(i));
        return new SctpAssociationState
        {
            Phase = Phase,
            CloseReason = _closeReason,
            RandomState = _random,
            LocalTag = _localTag,
            PeerTag = _peerTag,
            LocalInitialTsn = _localInitialTsn,
            PeerWindow = (uint)(_peerWindow + _outbound.BytesInFlight),
            PeerInboundStreams = _peerInboundStreams,
            PeerForwardsTsn = _peerForwardsTsn,
            PeerResetsStreams = _peerResetsStreams,
            PeerCookie = _peerCookie,
            IssuedCookie = _issued,
            Retransmissions = _retransmissions,
            RetransmissionTimeout = _rto.Current,
            SmoothedRoundTrip = _rto.Smoothed,
            RoundTripVariation = _rto.Variation,
            CongestionWindowBytes = _congestion.Bytes,
            SlowStartThreshold = _congestion.SlowStartThreshold,
            Streams = _streams.Export(),
            OutboundHeadTsn = _outbound.HeadTsn,
            Outbound = outbound,
            CumulativeTsn = _received.Cumulative,
            TsnRuns = runs,
            Held = _inbound.ExportHeld(),
            Ready = _inbound.ExportReady(),
            NextResetRequest = _nextResetRequest,
            ExpectedResetRequest = _expectedResetRequest,
            LastResetResult = (uint)_lastResetResult,
            StreamsToReset = [.. _streamsToReset],
            OwnReset = _ownReset,
            DeferredPeerReset = _deferredReset,
            Events = [.. _events],
            Continuation = ExportContinuation(),
        };
    }

    /// <summary>
    /// Continues where <see cref="ExportState"/> stopped. Data in flight is considered lost and is sent again, and a SACK is sent at once.
    /// Both sides then learn quickly where the other one is. The peer drops what it already has. A state of <see cref="ExportCheckpoint"/>
    /// is continued as SctpAssociation.Continuation.cs says.
    /// </summary>
    public static SctpAssociation Import(SctpAssociationState state, SctpOptions options, Instant now)
    {
        var association = new SctpAssociation(options);
        association.Restore(state, now);
        if (state.Continuation is { } continuation) association.BeginContinuation(continuation, now);
        return association;
    }

    private void Restore(SctpAssociationState state, Instant now)
    {
        Phase = state.Phase;
        _closeReason = state.CloseReason;
        // A checkpoint has none: two owners must not draw the same numbers.
        if (state.RandomState != 0) _random = state.RandomState;
        _localTag = state.LocalTag;
        _peerTag = state.PeerTag;
        _localInitialTsn = state.LocalInitialTsn;
        _peerWindow = (int)Math.Min(state.PeerWindow, int.MaxValue);
        _peerInboundStreams = state.PeerInboundStreams;
        _peerForwardsTsn = state.PeerForwardsTsn;
        _peerResetsStreams = state.PeerResetsStreams;
        _peerCookie = state.PeerCookie;
        _issued = state.IssuedCookie;
        _retransmissions = state.Retransmissions;
        _rto.Restore(state.RetransmissionTimeout, state.SmoothedRoundTrip, state.RoundTripVariation);
        _congestion.Restore(state.CongestionWindowBytes, state.SlowStartThreshold);
        foreach (SctpAssociationState.StreamState stream in state.Streams)
        {
            _streams.SetInbound(stream.Id, stream.NextInbound);
            _streams.SetOutbound(stream.Id, stream.NextOutbound);
        }
        _outbound.Restart(state.OutboundHeadTsn);
        foreach (SctpAssociationState.OutboundChunkData chunk in state.Outbound)
        {
            _outbound.Restore(new OutboundChunk
            {
                StreamId = chunk.StreamId,
                StreamSequence = chunk.StreamSequence,
                PayloadProtocolId = chunk.PayloadProtocolId,
                Flags = (DataFlags)chunk.Flags,
                State = (OutboundChunkState)chunk.State,
                Transmissions = chunk.Transmissions,
                MaximumRetransmits = chunk.MaximumRetransmits,
                Expiry = chunk.RemainingLifetime is { } lifetime ? now + lifetime : Instant.Never,
            }, chunk.Payload);
        }
        _received.Restart(state.CumulativeTsn);
        for (int i = 0; i + 1 < state.TsnRuns.Length; i += 2) _received.RestoreRun(state.TsnRuns[i], state.TsnRuns[i + 1]);
        foreach (SctpAssociationState.InboundChunk chunk in state.Held) _inbound.Restore(chunk, isReady: false);
        foreach (SctpAssociationState.InboundChunk chunk in state.Ready) _inbound.Restore(chunk, isReady: true);
        _nextResetRequest = state.NextResetRequest;
        _expectedResetRequest = state.ExpectedResetRequest;
        _lastResetResult = (ReconfigurationResult)state.LastResetResult;
        _streamsToReset.AddRange(state.StreamsToReset);
        _ownReset = state.OwnReset;
        _deferredReset = state.DeferredPeerReset;
        foreach (SctpEvent occurred in state.Events) _events.Enqueue(occurred);
        RestartTimers(now);
    }

    private void RestartTimers(Instant now)
    {
        switch (Phase)
        {
            case SctpPhase.CookieWait:
                _due |= Due.Init;
                _handshakeTimer = now + _rto.Current;
                break;
            case SctpPhase.CookieEchoed:
                MarkAllLost();
                _due |= Due.CookieEcho;
                _handshakeTimer = now + _rto.Current;
                break;
            case SctpPhase.ShutdownSent:
                _due |= Due.Shutdown;
                _handshakeTimer = now + _rto.Current;
                break;
            case SctpPhase.ShutdownAckSent:
                _due |= Due.ShutdownAck;
                _handshakeTimer = now + _rto.Current;
                break;
        }
        if (Phase is not (SctpPhase.Established or SctpPhase.ShutdownPending or SctpPhase.ShutdownReceived)) return;
        MarkAllLost();
        _due |= Due.Sack;
        if (_outbound.LeadingAbandoned() > 0) _due |= Due.ForwardTsn;
        if (HasOutstanding) _dataTimer = now + _rto.Current;
        if (_ownReset is not null)
        {
            _due |= Due.ResetRequest;
            _resetTimer = now + _rto.Current;
        }
        RestartHeartbeat(now);
    }
}
