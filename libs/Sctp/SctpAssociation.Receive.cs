using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

// Received packets: first the checks of the packet, then one method for each chunk type.
public sealed partial class SctpAssociation
{
    // The maximum number of duplicates in one SACK (RFC 9260, section 3.3.4). They only tell the peer that it retransmitted too early.
    private const int MaximumDuplicates = 16;

    private readonly uint[] _duplicates = new uint[MaximumDuplicates];
    private int _duplicateCount;
    private int _packetsSinceSack;
    private Instant _acknowledgementTimer = Instant.Never;
    private byte[] _heartbeatEcho = [];
    private int _heartbeatEchoBytes;

    // One error is reported at a time: the cause, and the first bytes of the part that caused it.
    private const int MaximumErrorBytes = 32;
    private readonly byte[] _errorInfo = new byte[MaximumErrorBytes];
    private int _errorBytes;
    private ErrorCause _errorCause;

    /// <summary>
    /// Processes one packet. It never throws, whatever the packet contains. Packets that do not belong to this association are counted and
    /// ignored.
    /// </summary>
    public void Receive(ReadOnlySpan<byte> packet, Instant now)
    {
        if (!TryAdmit(packet, out SctpDropReason reason))
        {
            Drop(reason);
            return;
        }
        _packetsReceived++;
        bool hasData = false, isSackWanted = false;
        ReadOnlySpan<byte> rest = packet[CommonHeaderBytes..];
        while (rest.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (length < 4 || length > rest.Length)
            {
                Drop(SctpDropReason.MalformedChunk);
                break;
            }
            var type = (ChunkType)rest[0];
            ReadOnlySpan<byte> value = rest[4..length];
            if (type == ChunkType.Data)
            {
                hasData = true;
                OnData((DataFlags)rest[1], value, now, ref isSackWanted);
            }
            else if (type == ChunkType.ForwardTsn)
            {
                hasData |= OnForwardTsn(value, now);
                isSackWanted |= hasData;
            }
            else if (!OnControl(type, rest[1], rest[..length], now)) break;
            if (Phase == SctpPhase.Ended) return;
            rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
            if (rest.Length is > 0 and < 4) Drop(SctpDropReason.MalformedChunk);
        }
        if (hasData && !IsCollecting) ScheduleSack(isSackWanted, now);
    }

    private bool TryAdmit(ReadOnlySpan<byte> packet, out SctpDropReason reason)
    {
        //  0                   1                   2                   3
        // |     Source Port Number        |     Destination Port Number   |
        // |                      Verification Tag                         |
        // |                           Checksum                            |
        reason = SctpDropReason.PacketTooShort;
        if (packet.Length < CommonHeaderBytes + 4) return false;
        reason = SctpDropReason.AssociationEnded;
        if (Phase == SctpPhase.Ended) return false;
        reason = SctpDropReason.WrongPorts;
        if (BinaryPrimitives.ReadUInt16BigEndian(packet) != _options.RemotePort) return false;
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) != _options.LocalPort) return false;
        reason = SctpDropReason.BadChecksum;
        if (BinaryPrimitives.ReadUInt32LittleEndian(packet[8..]) != Crc32C.OfPacket(packet)) return false;
        reason = SctpDropReason.WrongVerificationTag;
        uint tag = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        // The rules are in RFC 9260, sections 8.5 and 8.5.1.
        bool reflectsTag = (packet[CommonHeaderBytes + 1] & 1) != 0;
        switch ((ChunkType)packet[CommonHeaderBytes])
        {
            case ChunkType.Init:
                int length = BinaryPrimitives.ReadUInt16BigEndian(packet[(CommonHeaderBytes + 2)..]);
                return tag == 0 && ((length + 3) & ~3) >= packet.Length - CommonHeaderBytes;
            case ChunkType.Abort or ChunkType.ShutdownComplete:
                return tag != 0 && tag == (reflectsTag ? _peerTag : _localTag);
            case ChunkType.CookieEcho:
                return tag == _localTag || (_issued is not null && tag == _issued.LocalTag);
            default:
                return tag == _localTag;
        }
    }

    /// <returns>False if the rest of the packet must be ignored.</returns>
    private bool OnControl(ChunkType type, byte flags, ReadOnlySpan<byte> chunk, Instant now)
    {
        ReadOnlySpan<byte> value = chunk[4..];
        switch (type)
        {
            case ChunkType.Init:
                OnInit(value);
                return false;
            case ChunkType.InitAck:
                OnInitAck(value, now);
                return true;
            case ChunkType.CookieEcho:
                return OnCookieEcho(value, now);
            case ChunkType.CookieAck:
                if (Phase == SctpPhase.CookieEchoed) Establish(now);
                else Drop(SctpDropReason.UnexpectedChunk);
                return true;
            case ChunkType.Sack:
                OnSack(value, now);
                return true;
            case ChunkType.Heartbeat:
                OnHeartbeat(value);
                return true;
            case ChunkType.HeartbeatAck:
                OnHeartbeatAck(value, now);
                return true;
            case ChunkType.Abort:
                End(SctpCloseReason.AbortedByPeer);
                return false;
            case ChunkType.Shutdown:
                OnShutdown(value, now);
                return true;
            case ChunkType.ShutdownAck:
                OnShutdownAck();
                return true;
            case ChunkType.ShutdownComplete:
                if (Phase == SctpPhase.ShutdownAckSent) End(SctpCloseReason.Shutdown);
                else Drop(SctpDropReason.UnexpectedChunk);
                return true;
            case ChunkType.Error:
                OnError(value, now);
                return true;
            case ChunkType.ReConfig:
                OnReConfig(value, now);
                return true;
            default:
                Drop(SctpDropReason.UnknownChunk);
                // RFC 9260, section 3.2: the two highest bits say whether to report the chunk and whether to continue with the packet.
                if (((byte)type & 0x40) != 0) ReportError(ErrorCause.UnrecognizedChunkType, chunk);
                return ((byte)type & 0x80) != 0;
        }
    }

    private void OnInit(ReadOnlySpan<byte> value)
    {
        if (!InitChunk.TryParse(value, out InitChunk init))
        {
            Drop(SctpDropReason.MalformedChunk);
            return;
        }
        if (Phase == SctpPhase.ShutdownAckSent)
        {
            // RFC 9260, section 9.2: the peer has forgotten that we are shutting down.
            _due |= Due.ShutdownAck;
            return;
        }
        // Before the association is established, and when both sides begin at once, the answer has the values of our own INIT (section
        // 5.2.1). Later, the peer has restarted. The answer then needs a new tag, which distinguishes its COOKIE ECHO from an old one
        // (section 5.2.2).
        bool isRestart = Phase is not (SctpPhase.Closed or SctpPhase.CookieWait or SctpPhase.CookieEchoed);
        bool isRepeated = _issued is not null && _issued.PeerTag == init.Tag && _issued.PeerInitialTsn == init.InitialTsn
            && isRestart == (_issued.LocalTag != _localTag);
        if (!isRepeated)
        {
            byte[] nonce = new byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(nonce, NextRandom());
            BinaryPrimitives.WriteUInt64LittleEndian(nonce.AsSpan(8), NextRandom());
            _issued = new SctpAssociationState.CookieState
            {
                Nonce = nonce,
                LocalTag = isRestart ? NextTag() : _localTag,
                LocalInitialTsn = isRestart ? (uint)NextRandom() : _localInitialTsn,
                PeerTag = init.Tag,
                PeerInitialTsn = init.InitialTsn,
                PeerWindow = init.Window,
                PeerInboundStreams = init.InboundStreams,
                PeerForwardsTsn = init.ForwardsTsn,
                PeerResetsStreams = init.ResetsStreams,
                Unrecognized = init.CollectUnrecognized(),
            };
        }
        _due |= Due.InitAck;
    }

    private void OnInitAck(ReadOnlySpan<byte> value, Instant now)
    {
        if (Phase != SctpPhase.CookieWait)
        {
            Drop(SctpDropReason.UnexpectedChunk);
            return;
        }
        // A cookie must fit into one of our packets, beside its header.
        if (!InitChunk.TryParse(value, out InitChunk init) || init.Cookie.IsEmpty
            || init.Cookie.Length > SctpOptions.MaximumPacketBytes - CommonHeaderBytes - 8)
        {
            Drop(SctpDropReason.MalformedChunk);
            return;
        }
        AdoptPeer(init.Tag, init.InitialTsn, init.Window, init.InboundStreams, init.ForwardsTsn, init.ResetsStreams);
        _peerCookie = init.Cookie.ToArray();
        Phase = SctpPhase.CookieEchoed;
        _retransmissions = 0;
        _due = (_due & ~Due.Init) | Due.CookieEcho;
        _handshakeTimer = now + _rto.Current;
    }

    private bool OnCookieEcho(ReadOnlySpan<byte> cookie, Instant now)
    {
        if (_issued is null || !cookie.SequenceEqual(_issued.Nonce))
        {
            Drop(SctpDropReason.UnknownCookie);
            return false;
        }
        SctpAssociationState.CookieState issued = _issued;
        if (issued.LocalTag != _localTag)
        {
            Restart(issued, now);
            return true;
        }
        _due |= Due.CookieAck;
        switch (Phase)
        {
            case SctpPhase.Closed or SctpPhase.CookieWait or SctpPhase.CookieEchoed:
                AdoptPeer(issued.PeerTag, issued.PeerInitialTsn, issued.PeerWindow, issued.PeerInboundStreams, issued.PeerForwardsTsn,
                    issued.PeerResetsStreams);
                _due &= ~(Due.Init | Due.CookieEcho);
                Establish(now);
                break;
            case SctpPhase.ShutdownAckSent:
                _due = (_due & ~Due.CookieAck) | Due.ShutdownAck;
                break;
        }
        return true;
    }

    private void AdoptPeer(uint tag, uint initialTsn, uint window, ushort inboundStreams, bool forwardsTsn, bool resetsStreams)
    {
        // When both ends begin at once, the same peer may be adopted twice. Data that it sent in between is kept.
        if (_peerTag != tag || _received.Cumulative != initialTsn - 1)
        {
            _received.Restart(initialTsn - 1);
            _expectedResetRequest = initialTsn;
        }
        _peerTag = tag;
        _peerWindow = (int)Math.Min(window, int.MaxValue);
        _peerInboundStreams = inboundStreams;
        _peerForwardsTsn = forwardsTsn;
        _peerResetsStreams = resetsStreams;
    }

    /// <summary>
    /// The peer has restarted (RFC 9260, section 5.2.4, action A). Data that it had not acknowledged is lost, because it no longer knows
    /// these TSNs.
    /// </summary>
    private void Restart(SctpAssociationState.CookieState issued, Instant now)
    {
        _localTag = issued.LocalTag;
        _localInitialTsn = issued.LocalInitialTsn;
        _outbound.Restart(_localInitialTsn);
        _inbound.Clear();
        _streams.Clear();
        _received.Restart(issued.PeerInitialTsn - 1);
        _expectedResetRequest = issued.PeerInitialTsn;
        _nextResetRequest = _localInitialTsn;
        _streamsToReset.Clear();
        _ownReset = _deferredReset = null;
        _resetTimer = _dataTimer = _handshakeTimer = _acknowledgementTimer = Instant.Never;
        ForgetContinuation();
        _congestion = new CongestionWindow();
        _isTimingRoundTrip = false;
        _afterTimeout = AfterTimeout.None;
        _duplicateCount = _packetsSinceSack = 0;
        _retransmissions = 0;
        _peerTag = 0;
        AdoptPeer(issued.PeerTag, issued.PeerInitialTsn, issued.PeerWindow, issued.PeerInboundStreams, issued.PeerForwardsTsn,
            issued.PeerResetsStreams);
        Phase = SctpPhase.Established;
        _due = Due.CookieAck;
        RestartHeartbeat(now);
        Raise(new SctpEvent(SctpEventKind.Restarted));
    }

    private void OnData(DataFlags flags, ReadOnlySpan<byte> value, Instant now, ref bool isSackWanted)
    {
        //  0                   1                   2                   3
        // |   Type = 0    |  Res  |I|U|B|E|            Length             |
        // |                              TSN                              |
        // |      Stream Identifier S      |   Stream Sequence Number n    |
        // |                  Payload Protocol Identifier                  |
        if (Phase is not (SctpPhase.Established or SctpPhase.ShutdownPending or SctpPhase.ShutdownSent))
        {
            Drop(SctpDropReason.UnexpectedChunk);
            return;
        }
        if (_options.ChunksPerSecond > 0 && !_chunks.TryTake(now))
        {
            Drop(SctpDropReason.TooManyChunks);
            return;
        }
        if (value.Length < 12)
        {
            Drop(SctpDropReason.MalformedChunk);
            return;
        }
        if (value.Length == 12)
        {
            // RFC 9260, section 6.2: a chunk without user data ends the association.
            Drop(SctpDropReason.MalformedChunk);
            AbortWith(SctpCloseReason.ProtocolViolation, ErrorCause.NoUserData);
            return;
        }
        uint tsn = BinaryPrimitives.ReadUInt32BigEndian(value);
        ushort streamId = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        ushort streamSequence = BinaryPrimitives.ReadUInt16BigEndian(value[6..]);
        uint payloadProtocolId = BinaryPrimitives.ReadUInt32BigEndian(value[8..]);
        ReadOnlySpan<byte> payload = value[12..];
        isSackWanted |= (flags & DataFlags.Immediate) != DataFlags.None || Phase != SctpPhase.Established;
        if (IsCollecting)
        {
            Collect(tsn, streamId, streamSequence, payloadProtocolId, flags, payload, now);
            isSackWanted = true;
            return;
        }
        Accept(tsn, streamId, streamSequence, payloadProtocolId, flags, payload, ref isSackWanted);
        isSackWanted |= _received.RunCount > 0;
        if (_deferredReset is not null) TryPerformDeferredReset();
        RestartHeartbeatOnTraffic(now);
        if (_isGapWatched) WatchGap(now);
    }

    private void Accept(uint tsn, ushort streamId, ushort streamSequence, uint payloadProtocolId, DataFlags flags,
        ReadOnlySpan<byte> payload, ref bool isSackWanted)
    {
        switch (_received.Classify(tsn))
        {
            case TsnOutcome.Duplicate:
                Drop(SctpDropReason.DuplicateData);
                isSackWanted = true;
                if (_duplicateCount < MaximumDuplicates) _duplicates[_duplicateCount++] = tsn;
                return;
            case TsnOutcome.TooFarAhead:
                Drop(SctpDropReason.TsnTooFarAhead);
                isSackWanted = true;
                return;
            case TsnOutcome.TooManyGaps:
                Drop(SctpDropReason.TooManyGaps);
                isSackWanted = true;
                return;
        }
        bool isKnownStream = streamId < _options.StreamCount && _streams.CanUse(streamId);
        if (!isKnownStream)
        {
            // The chunk is dropped but acknowledged (RFC 9260, section 6.5). Otherwise the peer would send it for ever.
            Drop(streamId < _options.StreamCount ? SctpDropReason.TooManyStreams : SctpDropReason.InvalidStream);
            _received.Record(tsn);
            ReportError(ErrorCause.InvalidStreamIdentifier, [(byte)(streamId >> 8), (byte)streamId, 0, 0]);
        }
        else if (!_inbound.HasRoomFor(payload.Length, SerialNumber.IsNewer(tsn, _received.Highest)))
        {
            Drop(SctpDropReason.ReceiveBufferFull);
            isSackWanted = true;
            return;
        }
        else
        {
            _received.Record(tsn);
            if (_inbound.Accept(tsn, streamId, streamSequence, payloadProtocolId, flags, payload) == InboundOutcome.MessageTooLarge)
            {
                Drop(SctpDropReason.MessageTooLarge);
                AbortWith(SctpCloseReason.MessageTooLarge, ErrorCause.OutOfResource);
                return;
            }
        }
        _drops[(int)SctpDropReason.BeginningMissing] += _inbound.Settle(_received.Cumulative);
    }

    /// <returns>True if the chunk is valid. A SACK is then due.</returns>
    private bool OnForwardTsn(ReadOnlySpan<byte> value, Instant now)
    {
        // RFC 3758, section 3.2: the New Cumulative TSN, then pairs of stream and stream sequence number.
        if (Phase is not (SctpPhase.Established or SctpPhase.ShutdownPending or SctpPhase.ShutdownSent) || value.Length < 4)
        {
            Drop(Phase == SctpPhase.Established ? SctpDropReason.MalformedChunk : SctpDropReason.UnexpectedChunk);
            return false;
        }
        uint tsn = BinaryPrimitives.ReadUInt32BigEndian(value);
        if (!SerialNumber.IsNewer(tsn, _received.Cumulative)) return true;
        if (IsCollecting) EndCollecting(tsn + 1, now);
        _received.MoveForward(tsn);
        for (ReadOnlySpan<byte> pairs = value[4..]; pairs.Length >= 4; pairs = pairs[4..])
        {
            ushort streamId = BinaryPrimitives.ReadUInt16BigEndian(pairs);
            if (streamId < _options.StreamCount && _streams.CanUse(streamId))
                _inbound.SkipTo(streamId, BinaryPrimitives.ReadUInt16BigEndian(pairs[2..]));
        }
        _drops[(int)SctpDropReason.AbandonedByPeer] += _inbound.DropPiecesUpTo(tsn);
        _drops[(int)SctpDropReason.BeginningMissing] += _inbound.Settle(_received.Cumulative);
        if (_deferredReset is not null) TryPerformDeferredReset();
        RestartHeartbeatOnTraffic(now);
        return true;
    }

    private void ScheduleSack(bool isWanted, Instant now)
    {
        // RFC 9260, section 6.2: a SACK at least for every second packet, at once for a gap or a duplicate, otherwise within the delay.
        if (isWanted || ++_packetsSinceSack >= 2)
        {
            _due |= Due.Sack;
            _acknowledgementTimer = Instant.Never;
        }
        else if (_acknowledgementTimer == Instant.Never) _acknowledgementTimer = now + s_acknowledgementDelay;
    }

    private void OnHeartbeat(ReadOnlySpan<byte> value)
    {
        if (value.Length > MaximumHeartbeatBytes)
        {
            Drop(SctpDropReason.HeartbeatTooLarge);
            return;
        }
        if (_heartbeatEcho.Length < value.Length) _heartbeatEcho = new byte[value.Length <= 64 ? 64 : MaximumHeartbeatBytes];
        value.CopyTo(_heartbeatEcho);
        _heartbeatEchoBytes = value.Length;
        _due |= Due.HeartbeatAck;
    }

    private void OnHeartbeatAck(ReadOnlySpan<byte> value, Instant now)
    {
        if (!_isHeartbeatUnanswered || value.Length != 12 || BinaryPrimitives.ReadUInt64BigEndian(value[4..]) != _heartbeatNonce)
        {
            Drop(SctpDropReason.UnexpectedChunk);
            return;
        }
        _isHeartbeatUnanswered = false;
        _retransmissions = 0;
        _rto.OnMeasured(now - _heartbeatSentAt);
        RestartHeartbeat(now);
    }

    private void RestartHeartbeatOnTraffic(Instant now)
    {
        if (_heartbeatTimer != Instant.Never && !_isHeartbeatUnanswered) _heartbeatTimer = now + s_heartbeatInterval;
    }

    private void OnShutdown(ReadOnlySpan<byte> value, Instant now)
    {
        if (value.Length < 4)
        {
            Drop(SctpDropReason.MalformedChunk);
            return;
        }
        switch (Phase)
        {
            case SctpPhase.Established or SctpPhase.ShutdownPending or SctpPhase.ShutdownReceived:
                Acknowledge(BinaryPrimitives.ReadUInt32BigEndian(value), [], now);
                Phase = SctpPhase.ShutdownReceived;
                ContinueShutdown(now);
                break;
            case SctpPhase.ShutdownSent:
                // Both sides have begun the shutdown (RFC 9260, section 9.2).
                Phase = SctpPhase.ShutdownAckSent;
                _due = (_due & ~Due.Shutdown) | Due.ShutdownAck;
                _handshakeTimer = now + _rto.Current;
                break;
            case SctpPhase.ShutdownAckSent:
                _due |= Due.ShutdownAck;
                break;
            default:
                Drop(SctpDropReason.UnexpectedChunk);
                break;
        }
    }

    private void OnShutdownAck()
    {
        if (Phase is not (SctpPhase.ShutdownSent or SctpPhase.ShutdownAckSent))
        {
            Drop(SctpDropReason.UnexpectedChunk);
            return;
        }
        End(SctpCloseReason.Shutdown);
        _due = Due.ShutdownComplete;
    }

    private void OnError(ReadOnlySpan<byte> value, Instant now)
    {
        if (Phase != SctpPhase.CookieEchoed || value.Length < 4
            || BinaryPrimitives.ReadUInt16BigEndian(value) != (ushort)ErrorCause.StaleCookie) return;
        // RFC 9260, section 5.2.6: the handshake starts again. The counter of attempts is not reset, so this ends.
        Phase = SctpPhase.CookieWait;
        _due = (_due & ~Due.CookieEcho) | Due.Init;
        _handshakeTimer = now + _rto.Current;
        MarkAllLost();
    }

    private void ReportError(ErrorCause cause, ReadOnlySpan<byte> info)
    {
        _errorCause = cause;
        _errorBytes = Math.Min(info.Length, MaximumErrorBytes);
        info[.._errorBytes].CopyTo(_errorInfo);
        _due |= Due.Error;
    }
}
