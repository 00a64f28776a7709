using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

// Continues an association of an owner that died without a word (docs/decisions/0037). A checkpoint knows the two tags and bounds of the
// numbers that the predecessor may have used, but not what it sent and acknowledged since.
// Down: FORWARD-TSN moves the peer to the bounds. Data follows.
// Up: DATA is collected and not acknowledged until the peer shows what it believes to be unacknowledged.
public sealed partial class SctpAssociation
{
    /// <summary>
    /// How many TSNs ahead of the next one a checkpoint is. A message needs at least one, so the bound of each stream sequence number is as
    /// far ahead. Chromium was measured to accept such a jump at once.
    /// </summary>
    public const uint TsnLead = 1000;

    /// <summary>The maximum number of streams whose sequence numbers are kept.</summary>
    public const int MaximumStreams = StreamTable.MaximumStreams;

    // A peer that sends a lower TSN this long after a higher one repeats it. Reordering in a network is shorter.
    private static readonly TimeSpan s_reorderTime = TimeSpan.FromMilliseconds(100);

    // A peer repeats after its time-out, which has doubled during the silence. Chromium's was measured as 2.9 s after a silence of 3 s.
    private static readonly TimeSpan s_collectTime = TimeSpan.FromSeconds(20);

    // The predecessor may have reported a chunk by a Gap Ack Block and died before it acknowledged it. Some stacks never send such a chunk
    // again. This is longer than the time-out of a peer that does.
    private static readonly TimeSpan s_gapTime = TimeSpan.FromSeconds(10);

    private const int MaximumCollectedChunks = 512;
    private const int MaximumCollectedBytes = 256 * 1024;
    private const int RefusalsBeforeRestart = 6;

    private readonly List<CollectedChunk> _collected = [];
    private int _collectedBytes;
    private uint[]? _skips;
    private long _packetsBeforeForwarding;
    private uint? _tsnBound;
    private bool _isGapWatched;
    private uint _gapWatchEnd;
    private uint _watchedCumulative;
    private bool _adoptsResetRequest;
    private bool _isOurRestart;
    private Instant _continuationTimer = Instant.Never;

    /// <summary>True until it is known what the predecessor acknowledged.</summary>
    public bool IsCollecting { get; private set; }

    /// <summary>True until the peer has acknowledged the FORWARD-TSN that skips the predecessor's numbers.</summary>
    public bool IsForwarding => _skips is not null;

    /// <summary>Our verification tag. Another one means another association, whose numbers have nothing to do with the former.</summary>
    public uint LocalTag => _localTag;

    /// <summary>The TSN of the next chunk that is queued.</summary>
    public uint NextTsn => _outbound.TsnAt(_outbound.Count);

    /// <summary>
    /// Data whose TSN is this bound or newer waits, because a successor begins with it. The bound is for the association with this tag.
    /// </summary>
    public void SetTsnBound(uint localTag, uint bound)
    {
        if (localTag == _localTag) _tsnBound = bound;
    }

    internal bool HasUnacknowledged(ushort streamId) => _outbound.HasStream(streamId);

    /// <summary>
    /// Exports what a successor needs that will not know what is sent and received from now on. Queued messages are not part of it.
    /// </summary>
    /// <param name="tsnBound">The first TSN of the successor, at most <see cref="TsnLead"/> ahead of <see cref="NextTsn"/>.</param>
    /// <param name="openStreams">Streams on which nothing may have been sent yet.</param>
    /// <returns>Null if the association is not established. The peer then starts a new one.</returns>
    public SctpAssociationState? ExportCheckpoint(uint tsnBound, IEnumerable<ushort> openStreams)
    {
        if (Phase != SctpPhase.Established) return null;
        ushort lead = (ushort)(tsnBound - NextTsn);
        ushort[] ids = [.. _streams.Ids().Union(openStreams).Take(StreamTable.MaximumStreams)];
        var fresh = new CongestionWindow();
        return new SctpAssociationState
        {
            Phase = Phase,
            LocalTag = _localTag,
            PeerTag = _peerTag,
            LocalInitialTsn = _localInitialTsn,
            PeerWindow = (uint)Math.Min(_peerWindow + _outbound.BytesInFlight, 16 * SctpOptions.MaximumPacketBytes),
            PeerInboundStreams = _peerInboundStreams,
            PeerForwardsTsn = _peerForwardsTsn,
            PeerResetsStreams = _peerResetsStreams,
            RetransmissionTimeout = _rto.Current,
            SmoothedRoundTrip = _rto.Smoothed,
            RoundTripVariation = _rto.Variation,
            CongestionWindowBytes = fresh.Bytes,
            SlowStartThreshold = fresh.SlowStartThreshold,
            Streams = [.. ids.Select(id => new SctpAssociationState.StreamState
                { Id = id, NextInbound = _streams.NextInbound(id), NextOutbound = (ushort)(_streams.NextOutbound(id) + lead) })],
            OutboundHeadTsn = tsnBound,
            CumulativeTsn = _received.Cumulative,
            NextResetRequest = _nextResetRequest,
            ExpectedResetRequest = _expectedResetRequest,
            LastResetResult = (uint)_lastResetResult,
            StreamsToReset = [.. _streamsToReset],
            OwnReset = _ownReset,
            Continuation = new SctpAssociationState.ContinuationState
            {
                Skips = [.. ids.Select(id => (uint)id << 16 | (ushort)(_streams.NextOutbound(id) + lead - 1))],
                IsCollecting = true,
            },
        };
    }

    private SctpAssociationState.ContinuationState? ExportContinuation()
    {
        (ushort[]? known, uint? first) = _inbound.ExportBeginning();
        if (!IsCollecting && !IsForwarding && known is null) return null;
        return new SctpAssociationState.ContinuationState
        {
            Skips = _skips,
            IsCollecting = IsCollecting,
            Collected = [.. _collected.Select(collected => collected.Chunk)],
            KnownStreams = known,
            FirstTsn = first,
        };
    }

    private void BeginContinuation(SctpAssociationState.ContinuationState state, Instant now)
    {
        _adoptsResetRequest = true;
        if (state.KnownStreams is { } known)
        {
            _inbound.RestoreBeginning(known, state.FirstTsn);
            BeginGapWatch();
        }
        if (state.IsCollecting)
        {
            IsCollecting = true;
            _due &= ~Due.Sack;
            foreach (SctpAssociationState.InboundChunk chunk in state.Collected) AddCollected(chunk, now);
        }
        if (state.Skips is null) return;
        _skips = state.Skips;
        _packetsBeforeForwarding = _packetsReceived;
        _due |= Due.ForwardTsn;
        if (!_peerForwardsTsn && state.Skips.Length > 0) RestartInstead(now);
    }

    private void EndForwarding()
    {
        _skips = null;
        _retransmissions = 0;
    }

    /// <summary>True if the peer talks to us and still does not acknowledge our FORWARD-TSN.</summary>
    private bool IsForwardingRefused()
        => _retransmissions > RefusalsBeforeRestart && _packetsReceived - _packetsBeforeForwarding > RefusalsBeforeRestart;

    private void Collect(uint tsn, ushort streamId, ushort streamSequence, uint payloadProtocolId, DataFlags flags,
        ReadOnlySpan<byte> payload, Instant now)
    {
        if (!SerialNumber.IsNewer(tsn, _received.Cumulative))
        {
            // The predecessor had it before the checkpoint, and its acknowledgement did not arrive. So no later one is acknowledged.
            Drop(SctpDropReason.DuplicateData);
            EndCollecting(_received.Cumulative + 1, now);
            return;
        }
        // Each of these shows what the peer holds for unacknowledged. Its first packet alone shows nothing: that may be new data, and what
        // it sent to the dead owner would be lost. A repetition starts with the lowest TSN (RFC 9260, section 6.3.3, rule E3). DTLS has
        // removed the network's own duplicates.
        bool isRepeated = false, isLate = false;
        foreach (CollectedChunk other in _collected)
        {
            isRepeated |= other.Chunk.Tsn == tsn;
            isLate |= SerialNumber.IsNewer(other.Chunk.Tsn, tsn) && now - other.At >= s_reorderTime;
        }
        bool isFirst = tsn == _received.Cumulative + 1;
        if (!isRepeated)
        {
            if (_collected.Count >= MaximumCollectedChunks || _collectedBytes + payload.Length > MaximumCollectedBytes)
            {
                Drop(SctpDropReason.ReceiveBufferFull);
                return;
            }
            AddCollected(new SctpAssociationState.InboundChunk { Tsn = tsn, StreamId = streamId, StreamSequence = streamSequence,
                PayloadProtocolId = payloadProtocolId, Flags = (byte)flags, Payload = payload.ToArray() }, now);
        }
        if (isRepeated || isLate || isFirst) EndCollecting(_collected[0].Chunk.Tsn, now);
    }

    private void AddCollected(SctpAssociationState.InboundChunk chunk, Instant now)
    {
        int index = _collected.Count;
        while (index > 0 && SerialNumber.IsNewer(_collected[index - 1].Chunk.Tsn, chunk.Tsn)) index--;
        _collected.Insert(index, new CollectedChunk(chunk, now));
        _collectedBytes += chunk.Payload.Length;
        if (_continuationTimer == Instant.Never) _continuationTimer = now + s_collectTime;
    }

    /// <summary>Goes on with the first TSN that the peer holds for unacknowledged.</summary>
    private void EndCollecting(uint firstTsn, Instant now)
    {
        IsCollecting = false;
        if (_collected.Count > 0 && SerialNumber.IsNewer(firstTsn, _collected[0].Chunk.Tsn)) firstTsn = _collected[0].Chunk.Tsn;
        _received.Restart(firstTsn - 1);
        _inbound.BeginAt(firstTsn);
        bool isSackWanted = true;
        foreach ((SctpAssociationState.InboundChunk chunk, _) in _collected)
        {
            Accept(chunk.Tsn, chunk.StreamId, chunk.StreamSequence, chunk.PayloadProtocolId, (DataFlags)chunk.Flags, chunk.Payload,
                ref isSackWanted);
            if (Phase == SctpPhase.Ended) return;
        }
        _collected.Clear();
        _collectedBytes = 0;
        BeginGapWatch();
        WatchGap(now);
        if (_deferredReset is not null) TryPerformDeferredReset();
        RestartHeartbeatOnTraffic(now);
        _due |= Due.Sack;
    }

    private void BeginGapWatch()
    {
        _isGapWatched = true;
        _gapWatchEnd = _received.Cumulative + ReceivedTsns.MaximumAhead;
        _continuationTimer = Instant.Never;
    }

    private void WatchGap(Instant now)
    {
        if (_received.RunCount == 0) _continuationTimer = Instant.Never;
        else if (_continuationTimer == Instant.Never || _watchedCumulative != _received.Cumulative) _continuationTimer = now + s_gapTime;
        _watchedCumulative = _received.Cumulative;
        _isGapWatched = SerialNumber.IsNewer(_gapWatchEnd, _received.Cumulative);
        if (!_isGapWatched) _continuationTimer = Instant.Never;
    }

    private void OnContinuationTimeout(Instant now)
    {
        _continuationTimer = Instant.Never;
        if (IsCollecting)
        {
            RestartInstead(now);
            return;
        }
        if (_received.RunCount == 0) return;
        // The peer does not send what is missing, so the predecessor has it, and nobody else. What came after it is delivered.
        uint first = _received.RunStart(0);
        _drops[(int)SctpDropReason.BeginningMissing] += _inbound.DropPiecesUpTo(_received.Cumulative);
        _inbound.BeginAt(first);
        _received.MoveForward(first - 1);
        _drops[(int)SctpDropReason.BeginningMissing] += _inbound.Settle(_received.Cumulative);
        WatchGap(now);
        _due |= Due.Sack;
    }

    /// <summary>
    /// Starts the association again inside the same DTLS connection (RFC 9260, section 5.2.2), because it can't be continued. Streams stay
    /// open. What the peer has sent and we have not acknowledged is lost. Our own messages are sent again with new numbers.
    /// </summary>
    private void RestartInstead(Instant now)
    {
        ForgetContinuation();
        _localTag = NextTag();
        _localInitialTsn = (uint)NextRandom();
        _peerTag = 0;
        _inbound.Clear();
        _streams.Clear();
        _outbound.Renumber(_localInitialTsn, _streams);
        _nextResetRequest = _localInitialTsn;
        _streamsToReset.Clear();
        _ownReset = _deferredReset = null;
        _resetTimer = _dataTimer = _acknowledgementTimer = _heartbeatTimer = Instant.Never;
        _congestion = new CongestionWindow();
        _isTimingRoundTrip = _isProbeDue = false;
        _afterTimeout = AfterTimeout.None;
        _duplicateCount = _packetsSinceSack = 0;
        _due = Due.None;
        _issued = null;
        _isOurRestart = true;
        Phase = SctpPhase.Closed;
        Connect(now);
    }

    private void ForgetContinuation()
    {
        IsCollecting = _isGapWatched = _adoptsResetRequest = false;
        _collected.Clear();
        _collectedBytes = 0;
        _skips = null;
        _tsnBound = null;
        _continuationTimer = Instant.Never;
    }

    /// <param name="At">When the chunk arrived for the first time.</param>
    private readonly record struct CollectedChunk(SctpAssociationState.InboundChunk Chunk, Instant At);
}
