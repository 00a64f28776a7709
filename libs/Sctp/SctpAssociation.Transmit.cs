using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

// Sent packets: control chunks first, then data within the windows. This part also processes acknowledgements.
public sealed partial class SctpAssociation
{
    // RFC 9260, section 7.2.4.
    private const int MissesBeforeFastRetransmit = 3;

    private const int DataHeaderBytes = 16;
    private const int SackHeaderBytes = 16;

    /// <summary>Control chunks that wait for the next packet.</summary>
    [Flags]
    private enum Due
    {
        None = 0,
        Init = 1,
        InitAck = 2,
        CookieEcho = 4,
        CookieAck = 8,
        Sack = 16,
        Heartbeat = 32,
        HeartbeatAck = 64,
        Error = 128,
        ForwardTsn = 256,
        ResetRequest = 512,
        ResetResponse = 1024,
        Shutdown = 2048,
        ShutdownAck = 4096,
        ShutdownComplete = 8192,
        Abort = 16384,
    }

    /// <summary>
    /// After a time-out, the earliest chunks are sent in one packet, and nothing more before an answer (RFC 9260, section 6.3.3, rule E3).
    /// The congestion window counts user data only, so it would let many tiny chunks pass.
    /// </summary>
    private enum AfterTimeout : byte { None, OnePacketDue, AwaitsAnswer }

    private Due _due;
    private ErrorCause _abortCause;
    private int _peerWindow;
    private int _lastWindowSent;
    private Instant _lastDataSentAt;
    private AfterTimeout _afterTimeout;
    private bool _isFastRetransmitDue;
    private bool _isProbeDue;
    private bool _isTimingRoundTrip;
    private uint _timedTsn;
    private Instant _timedAt;

    private bool HasOutstanding => _outbound.FirstUnsent > 0;

    /// <summary>Writes the next packet that is due, if there is one.</summary>
    /// <param name="buffer">At least <see cref="SctpOptions.MaximumPacketBytes"/>.</param>
    public bool TryTransmit(Span<byte> buffer, out int length, Instant now)
    {
        if (buffer.Length < SctpOptions.MaximumPacketBytes)
            throw new ArgumentException("The buffer must hold MaximumPacketBytes.", nameof(buffer));
        var writer = new SpanWriter(buffer[..SctpOptions.MaximumPacketBytes]);
        writer.WriteUInt16(_options.LocalPort);
        writer.WriteUInt16(_options.RemotePort);
        uint tag = WriteAlone(ref writer);
        if (writer.Length == 4)
        {
            tag = _peerTag;
            writer.WriteUInt32(tag);
            writer.WriteUInt32(0);
            if (Phase != SctpPhase.Ended) WriteBundle(ref writer, now);
        }
        length = 0;
        if (writer.Length == CommonHeaderBytes) return false;
        length = writer.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(buffer[8..], Crc32C.OfPacket(buffer[..length]));
        _packetsSent++;
        return true;
    }

    /// <summary>Writes the chunks that must be alone in a packet (RFC 9260, section 6.10) or at its end.</summary>
    private uint WriteAlone(ref SpanWriter writer)
    {
        uint tag;
        if (TakeDue(Due.InitAck) && _issued is { } issued)
        {
            WriteTagAndSpace(ref writer, tag = issued.PeerTag);
            WriteInit(ref writer, ChunkType.InitAck, issued.LocalTag, issued.LocalInitialTsn, issued.Nonce, issued.Unrecognized);
            return tag;
        }
        if (TakeDue(Due.Init))
        {
            WriteTagAndSpace(ref writer, tag = 0);
            WriteInit(ref writer, ChunkType.Init, _localTag, _localInitialTsn, [], []);
            return tag;
        }
        if (TakeDue(Due.Abort))
        {
            WriteTagAndSpace(ref writer, tag = _peerTag);
            WriteHeader(ref writer, ChunkType.Abort, 0, 4);
            writer.WriteUInt16((ushort)_abortCause);
            writer.WriteUInt16(4);
            return tag;
        }
        if (TakeDue(Due.ShutdownComplete))
        {
            WriteTagAndSpace(ref writer, tag = _peerTag);
            WriteHeader(ref writer, ChunkType.ShutdownComplete, 0, 0);
            return tag;
        }
        return 0;
    }

    private void WriteBundle(ref SpanWriter writer, Instant now)
    {
        if (_peerTag == 0) return;
        bool mayCarryData = Phase is SctpPhase.Established or SctpPhase.ShutdownPending or SctpPhase.ShutdownReceived;
        if (TakeDue(Due.CookieEcho) && _peerCookie is { } cookie)
        {
            WriteHeader(ref writer, ChunkType.CookieEcho, 0, cookie.Length);
            writer.WriteBytes(cookie);
            writer.WriteZeros(-cookie.Length & 3);
            // RFC 9260, section 5.1: data may follow in the same packet, which saves a round trip for the first message.
            mayCarryData = true;
        }
        if (Phase == SctpPhase.CookieEchoed && !mayCarryData) return;
        if (TakeDue(Due.CookieAck)) WriteHeader(ref writer, ChunkType.CookieAck, 0, 0);
        if (Phase is SctpPhase.Closed or SctpPhase.CookieWait) return;
        if (Phase == SctpPhase.CookieEchoed)
        {
            WriteData(ref writer, now);
            return;
        }
        // A SACK that waits for its timer is added to a packet that is sent anyway.
        if ((_due & Due.Sack) != Due.None || (_acknowledgementTimer != Instant.Never && mayCarryData && TrySelect(now, out _)))
            WriteSack(ref writer);
        if ((_due & Due.HeartbeatAck) != Due.None && writer.Free >= 4 + _heartbeatEchoBytes + 3)
        {
            _due &= ~Due.HeartbeatAck;
            WriteHeader(ref writer, ChunkType.HeartbeatAck, 0, _heartbeatEchoBytes);
            writer.WriteBytes(_heartbeatEcho.AsSpan(0, _heartbeatEchoBytes));
            writer.WriteZeros(-_heartbeatEchoBytes & 3);
        }
        if (writer.Free >= 16 && TakeDue(Due.Heartbeat))
        {
            WriteHeader(ref writer, ChunkType.Heartbeat, 0, 12);
            writer.WriteUInt16(ParameterType.HeartbeatInfo);
            writer.WriteUInt16(12);
            writer.WriteUInt64(_heartbeatNonce);
        }
        if (writer.Free >= 8 + MaximumErrorBytes && TakeDue(Due.Error))
        {
            WriteHeader(ref writer, ChunkType.Error, 0, 4 + _errorBytes);
            writer.WriteUInt16((ushort)_errorCause);
            writer.WriteUInt16((ushort)(4 + _errorBytes));
            writer.WriteBytes(_errorInfo.AsSpan(0, _errorBytes));
            writer.WriteZeros(-_errorBytes & 3);
        }
        WriteReconfiguration(ref writer, now);
        if (writer.Free >= 8 && TakeDue(Due.Shutdown))
        {
            WriteHeader(ref writer, ChunkType.Shutdown, 0, 4);
            writer.WriteUInt32(_received.Cumulative);
        }
        if (writer.Free >= 4 && TakeDue(Due.ShutdownAck)) WriteHeader(ref writer, ChunkType.ShutdownAck, 0, 0);
        if (!mayCarryData) return;
        // If it fits, the FORWARD-TSN that moves the peer to our numbers comes with all data, because either may be lost.
        if (_skips is not null && TrySelect(now, out int next)
            && writer.Free >= 8 + 4 * _skips.Length + DataHeaderBytes + ((_outbound[next].Length + 3) & ~3)) _due |= Due.ForwardTsn;
        if ((_due & Due.ForwardTsn) != Due.None) WriteForwardTsn(ref writer, now);
        WriteData(ref writer, now);
        // The selection may have abandoned messages. This packet reports them if there is room, otherwise the next one.
        if ((_due & Due.ForwardTsn) != Due.None) WriteForwardTsn(ref writer, now);
    }

    private void WriteData(ref SpanWriter writer, Instant now)
    {
        if (HasOutstanding is false && _outbound.Count > 0 && now - _lastDataSentAt > _rto.Current && _lastDataSentAt != default)
            _congestion.OnIdle();
        bool hasWritten = false;
        while (TrySelect(now, out int index))
        {
            ref OutboundChunk chunk = ref _outbound[index];
            if (writer.Free < DataHeaderBytes + ((chunk.Length + 3) & ~3)) break;
            bool isRepetition = chunk.Transmissions > 0;
            // RFC 9260, section 6.1: if no chunk follows, the peer would only wait for more before it answers. Its answer also measures the
            // round trip.
            bool isLast = index == _outbound.Count - 1;
            WriteHeader(ref writer, ChunkType.Data, (byte)(chunk.Flags | (isLast ? DataFlags.Immediate : DataFlags.None)),
                12 + chunk.Length);
            uint tsn = _outbound.TsnAt(index);
            writer.WriteUInt32(tsn);
            writer.WriteUInt16(chunk.StreamId);
            writer.WriteUInt16(chunk.StreamSequence);
            writer.WriteUInt32(chunk.PayloadProtocolId);
            _outbound.CopyPayload(chunk, writer.Reserve(chunk.Length));
            writer.WriteZeros(-chunk.Length & 3);
            _outbound.MarkSent(index);
            _lastDataSentAt = now;
            _isProbeDue = false;
            hasWritten = true;
            if (isRepetition)
            {
                _chunksRetransmitted++;
                // Karn's rule: the answer to a chunk that was sent twice can't be used to measure the round trip.
                if (_isTimingRoundTrip && _timedTsn == tsn) _isTimingRoundTrip = false;
                if (index == 0) _dataTimer = now + _rto.Current;
            }
            else
            {
                _peerWindow = Math.Max(0, _peerWindow - chunk.Length);
                if (!_isTimingRoundTrip) (_isTimingRoundTrip, _timedTsn, _timedAt) = (true, tsn, now);
            }
            if (_dataTimer == Instant.Never && Phase != SctpPhase.CookieEchoed) _dataTimer = now + _rto.Current;
        }
        // Only one packet may exceed the congestion window.
        if (!hasWritten) return;
        _isFastRetransmitDue = false;
        if (_afterTimeout == AfterTimeout.OnePacketDue) _afterTimeout = AfterTimeout.AwaitsAnswer;
    }

    /// <summary>Selects the chunk to send now, within the windows. Lost chunks come before new ones.</summary>
    private bool TrySelect(Instant now, out int index)
    {
        index = -1;
        if (_afterTimeout == AfterTimeout.AwaitsAnswer) return false;
        if (_outbound.LostCount > 0)
        {
            GiveUpOnLost(now);
            for (index = 0; index < _outbound.FirstUnsent && _outbound.LostCount > 0; index++)
                if (_outbound[index].State == OutboundChunkState.Lost)
                    // The first packet of a fast retransmission ignores the congestion window (section 7.2.4).
                    return _isFastRetransmitDue || _outbound.BytesInFlight < _congestion.Bytes;
        }
        while (_outbound.FirstUnsent < _outbound.Count)
        {
            index = _outbound.FirstUnsent;
            // Such numbers belong to a successor until the next checkpoint is acknowledged.
            if (_tsnBound is { } bound && SerialNumber.IsNewerOrEqual(_outbound.TsnAt(index), bound)) return false;
            ref OutboundChunk chunk = ref _outbound[index];
            if (_peerForwardsTsn && chunk.Expiry <= now)
            {
                GiveUp(index);
                continue;
            }
            if (chunk.Length <= _peerWindow) return _outbound.BytesInFlight < _congestion.Bytes;
            // The peer reports when a closed window opens. In case that report is lost, one chunk at a time is sent after a time-out
            // (section 6.1, rule A).
            if (_outbound.BytesInFlight > 0) return false;
            if (!_isProbeDue && _dataTimer == Instant.Never && Phase != SctpPhase.CookieEchoed) _dataTimer = now + _rto.Current;
            return _isProbeDue;
        }
        return false;
    }

    private void GiveUpOnLost(Instant now)
    {
        if (!_peerForwardsTsn || _outbound.LostCount == 0) return;
        for (int i = 0; i < _outbound.FirstUnsent && _outbound.LostCount > 0; i++)
        {
            ref OutboundChunk chunk = ref _outbound[i];
            if (chunk.State != OutboundChunkState.Lost) continue;
            bool isSpent = chunk.MaximumRetransmits >= 0 && chunk.Transmissions > chunk.MaximumRetransmits;
            if (isSpent || chunk.Expiry <= now) GiveUp(i);
        }
    }

    private void GiveUp(int index)
    {
        _outbound.Abandon(index);
        _messagesAbandoned++;
        if (_outbound.LeadingAbandoned() > 0) _due |= Due.ForwardTsn;
    }

    private void WriteForwardTsn(ref SpanWriter writer, Instant now)
    {
        int count = _outbound.LeadingAbandoned();
        if (count == 0 && !IsForwarding)
        {
            _due &= ~Due.ForwardTsn;
            return;
        }
        Span<uint> skips = stackalloc uint[StreamTable.MaximumStreams];
        _skips.CopyTo(skips);
        int skipCount = _skips?.Length ?? 0;
        for (int i = 0; i < count; i++)
        {
            ref OutboundChunk chunk = ref _outbound[i];
            if ((chunk.Flags & DataFlags.Unordered) != DataFlags.None) continue;
            int at = 0;
            while (at < skipCount && skips[at] >> 16 != chunk.StreamId) at++;
            if (at == StreamTable.MaximumStreams) continue;
            skips[at] = (uint)chunk.StreamId << 16 | chunk.StreamSequence;
            skipCount = Math.Max(skipCount, at + 1);
        }
        if (writer.Free < 8 + 4 * skipCount) return;
        _due &= ~Due.ForwardTsn;
        WriteHeader(ref writer, ChunkType.ForwardTsn, 0, 4 + 4 * skipCount);
        writer.WriteUInt32(_outbound.TsnAt(count) - 1);
        foreach (uint skip in skips[..skipCount]) writer.WriteUInt32(skip);
        if (_dataTimer == Instant.Never) _dataTimer = now + _rto.Current;
    }

    private void WriteSack(ref SpanWriter writer)
    {
        //  0                   1                   2                   3
        // |                      Cumulative TSN Ack                       |
        // |          Advertised Receiver Window Credit (a_rwnd)           |
        // | Number of Gap Ack Blocks = N  |  Number of Duplicate TSNs = X |
        // |  Gap Ack Block #n Start       |   Gap Ack Block #n End        |
        // |                       Duplicate TSN n                         |
        int gaps = Math.Min(_received.RunCount, (writer.Free - SackHeaderBytes - 4 * _duplicateCount) / 4);
        if (gaps < 0) return;
        _due &= ~Due.Sack;
        _acknowledgementTimer = Instant.Never;
        _packetsSinceSack = 0;
        WriteHeader(ref writer, ChunkType.Sack, 0, 12 + 4 * gaps + 4 * _duplicateCount);
        writer.WriteUInt32(_received.Cumulative);
        writer.WriteUInt32((uint)(_lastWindowSent = _inbound.Window));
        writer.WriteUInt16((ushort)gaps);
        writer.WriteUInt16((ushort)_duplicateCount);
        for (int i = 0; i < gaps; i++)
        {
            writer.WriteUInt16((ushort)(_received.RunStart(i) - _received.Cumulative));
            writer.WriteUInt16((ushort)(_received.RunEnd(i) - _received.Cumulative));
        }
        for (int i = 0; i < _duplicateCount; i++) writer.WriteUInt32(_duplicates[i]);
        _duplicateCount = 0;
    }

    private void WriteInit(ref SpanWriter writer, ChunkType type, uint tag, uint initialTsn, ReadOnlySpan<byte> cookie,
        ReadOnlySpan<byte> unrecognized)
    {
        // Supported Extensions (RFC 5061, section 4.2.7): RE-CONFIG and FORWARD-TSN. FORWARD-TSN also has its own parameter.
        int cookieBytes = cookie.IsEmpty ? 0 : 4 + ((cookie.Length + 3) & ~3);
        WriteHeader(ref writer, type, 0, InitChunk.FixedBytes + 8 + 4 + cookieBytes + unrecognized.Length);
        writer.WriteUInt32(tag);
        writer.WriteUInt32((uint)_options.ReceiveWindowBytes);
        writer.WriteUInt16(_options.StreamCount);
        writer.WriteUInt16(_options.StreamCount);
        writer.WriteUInt32(initialTsn);
        writer.WriteUInt16(ParameterType.ForwardTsnSupported);
        writer.WriteUInt16(4);
        writer.WriteUInt16(ParameterType.SupportedExtensions);
        writer.WriteUInt16(6);
        writer.WriteByte((byte)ChunkType.ReConfig);
        writer.WriteByte((byte)ChunkType.ForwardTsn);
        writer.WriteZeros(2);
        if (!cookie.IsEmpty)
        {
            writer.WriteUInt16(ParameterType.StateCookie);
            writer.WriteUInt16((ushort)(4 + cookie.Length));
            writer.WriteBytes(cookie);
            writer.WriteZeros(-cookie.Length & 3);
        }
        writer.WriteBytes(unrecognized);
        _lastWindowSent = _options.ReceiveWindowBytes;
    }

    private static void WriteTagAndSpace(ref SpanWriter writer, uint tag)
    {
        writer.WriteUInt32(tag);
        writer.WriteUInt32(0);
    }

    private static void WriteHeader(ref SpanWriter writer, ChunkType type, byte flags, int valueBytes)
    {
        writer.WriteByte((byte)type);
        writer.WriteByte(flags);
        writer.WriteUInt16((ushort)(4 + valueBytes));
    }

    private bool TakeDue(Due due)
    {
        bool isDue = (_due & due) != Due.None;
        _due &= ~due;
        return isDue;
    }

    private void OnSack(ReadOnlySpan<byte> value, Instant now)
    {
        if (Phase is SctpPhase.Closed or SctpPhase.CookieWait or SctpPhase.CookieEchoed or SctpPhase.ShutdownAckSent)
        {
            Drop(SctpDropReason.UnexpectedChunk);
            return;
        }
        if (value.Length < 12)
        {
            Drop(SctpDropReason.MalformedChunk);
            return;
        }
        int gaps = BinaryPrimitives.ReadUInt16BigEndian(value[8..]), duplicates = BinaryPrimitives.ReadUInt16BigEndian(value[10..]);
        if (value.Length < 12 + 4 * (gaps + duplicates))
        {
            Drop(SctpDropReason.MalformedChunk);
            return;
        }
        if (!Acknowledge(BinaryPrimitives.ReadUInt32BigEndian(value), value.Slice(12, 4 * gaps), now)) return;
        uint window = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        _peerWindow = (int)Math.Min(Math.Max(0, (long)window - _outbound.BytesInFlight), int.MaxValue);
        // A peer that answers with a closed window is a slow reader and not dead.
        if (window < SctpOptions.MaximumPacketBytes) _retransmissions = 0;
        ContinueShutdown(now);
        RestartHeartbeatOnTraffic(now);
    }

    /// <summary>Applies a cumulative TSN and Gap Ack Blocks (pairs of offsets) to the outstanding chunks.</summary>
    private bool Acknowledge(uint cumulative, ReadOnlySpan<byte> gapBlocks, Instant now)
    {
        int advance = SerialNumber.Distance(cumulative, _outbound.HeadTsn) + 1;
        if (advance < 0 || advance > _outbound.FirstUnsent)
        {
            Drop(SctpDropReason.StaleSack);
            return false;
        }
        _afterTimeout = AfterTimeout.None;
        if (IsForwarding) EndForwarding();
        int flightBefore = _outbound.BytesInFlight;
        int bytesAcknowledged = 0;
        for (int i = 0; i < advance; i++)
        {
            if (_isTimingRoundTrip && _timedTsn == _outbound.HeadTsn) TakeRoundTrip(now);
            bytesAcknowledged += _outbound.RemoveHead();
        }
        int highestNews = ApplyGapBlocks(gapBlocks, ref bytesAcknowledged, now, out int highestReported);
        if (advance > 0)
        {
            _retransmissions = 0;
            _congestion.OnCumulativeAdvance(
                bytesAcknowledged, flightBefore, _outbound.BytesInFlight == 0 && _outbound.LostCount == 0, cumulative);
            if (_outbound.LeadingAbandoned() > 0) _due |= Due.ForwardTsn;
        }
        // During a recovery, every report that advances the cumulative TSN counts for all gaps below it (RFC 9260, section 7.2.4).
        CountMisses(_congestion.IsInFastRecovery && advance > 0 ? highestReported : highestNews);
        if (!HasOutstanding) _dataTimer = Instant.Never;
        else if (advance > 0 || _dataTimer == Instant.Never) _dataTimer = now + _rto.Current;
        return true;
    }

    /// <returns>The index of the highest chunk that these blocks acknowledge for the first time, or -1.</returns>
    private int ApplyGapBlocks(ReadOnlySpan<byte> blocks, ref int bytesAcknowledged, Instant now, out int highestReported)
    {
        int highestNews = -1, next = 0;
        highestReported = -1;
        for (; blocks.Length >= 4; blocks = blocks[4..])
        {
            // An offset of 1 is the TSN after the cumulative one, which is the head of the queue.
            int start = BinaryPrimitives.ReadUInt16BigEndian(blocks) - 1, end = BinaryPrimitives.ReadUInt16BigEndian(blocks[2..]) - 1;
            if (start < next || end < start || end >= _outbound.FirstUnsent) break;
            for (; next < start; next++) _outbound.MarkReneged(next);
            for (; next <= end; next++)
            {
                if (!_outbound.MarkAcknowledged(next)) continue;
                highestNews = next;
                bytesAcknowledged += _outbound[next].Length;
                if (_isTimingRoundTrip && _timedTsn == _outbound.TsnAt(next)) TakeRoundTrip(now);
            }
            highestReported = end;
        }
        for (; next < _outbound.FirstUnsent; next++) _outbound.MarkReneged(next);
        return highestNews;
    }

    private void CountMisses(int below)
    {
        for (int i = 0; i < below; i++)
        {
            ref OutboundChunk chunk = ref _outbound[i];
            if (chunk.State != OutboundChunkState.InFlight || chunk.WasFastRetransmitted || ++chunk.Misses < MissesBeforeFastRetransmit)
                continue;
            // Only once: if it is lost again, it waits for the timer.
            chunk.WasFastRetransmitted = true;
            _outbound.MarkLost(i);
            if (!_congestion.OnFastRetransmit(_outbound.TsnAt(_outbound.FirstUnsent - 1))) continue;
            _fastRetransmissions++;
            _isFastRetransmitDue = true;
        }
    }

    private void TakeRoundTrip(Instant now)
    {
        _isTimingRoundTrip = false;
        _rto.OnMeasured(now - _timedAt);
    }
}
