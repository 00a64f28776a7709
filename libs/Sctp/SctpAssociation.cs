using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

/// <summary>
/// One SCTP association over DTLS (RFC 9260 as restricted by RFC 8261 and RFC 8831: one path, no addresses), with partial reliability (RFC
/// 3758) and stream reset (RFC 6525). Either side may start the handshake, or both at once. Only one thread may use it. After each method
/// call, drain <see cref="TryTransmit"/>, <see cref="TryTakeEvent"/> and <see cref="TryReceive"/>, then read <see cref="NextTimeout"/>.
/// </summary>
public sealed partial class SctpAssociation
{
    private const int CommonHeaderBytes = 12;

    // With time-outs of 0.1 to 4 s, twelve unanswered attempts take more than 30 s. So consent freshness (RFC 7675) and not SCTP decides
    // that a path is dead, and an owner that is replaced within seconds finds the association alive.
    private const int MaximumRetransmissions = 12;

    // RFC 9260 allows 500 ms. The peer may need our SACK before it can continue, and its messages are events of a conversation.
    private static readonly TimeSpan s_acknowledgementDelay = TimeSpan.FromMilliseconds(20);

    // RFC 9260, section 16 (HB.interval).
    private static readonly TimeSpan s_heartbeatInterval = TimeSpan.FromSeconds(30);

    // The maximum number of bytes of a HEARTBEAT that are kept for the answer. Peers send fewer than 64.
    private const int MaximumHeartbeatBytes = 512;

    // Enough for two resets of 64 streams each and other events between two calls of the owner.
    private const int MaximumEvents = 256;

    private readonly SctpOptions _options;
    private readonly RetransmissionTimeout _rto = new();
    private readonly StreamTable _streams = new();
    private readonly OutboundQueue _outbound;
    private readonly InboundQueue _inbound;
    private readonly ReceivedTsns _received = new(0);
    private readonly Queue<SctpEvent> _events = [];
    private readonly long[] _drops = new long[Enum.GetValues<SctpDropReason>().Length];
    private CongestionWindow _congestion = new();
    private ulong _random;
    private RateLimit _chunks;

    private SctpCloseReason _closeReason;
    private uint _localTag;
    private uint _localInitialTsn;
    private uint _peerTag;
    private ushort _peerInboundStreams;
    private bool _peerForwardsTsn;
    private bool _peerResetsStreams;
    private byte[]? _peerCookie;
    private SctpAssociationState.CookieState? _issued;

    private int _retransmissions;
    private Instant _handshakeTimer = Instant.Never;   // T1-init, T1-cookie, T2-shutdown: never two at once
    private Instant _dataTimer = Instant.Never;        // T3-rtx
    private Instant _heartbeatTimer = Instant.Never;
    private bool _isHeartbeatUnanswered;
    private ulong _heartbeatNonce;
    private Instant _heartbeatSentAt;

    private long _packetsSent, _packetsReceived;
    private long _chunksRetransmitted, _fastRetransmissions, _timeoutRetransmissions, _messagesAbandoned;

    public SctpAssociation(SctpOptions options)
    {
        options.Validate();
        _options = options;
        _random = options.RandomSeed;
        _localTag = NextTag();
        _localInitialTsn = (uint)NextRandom();
        _outbound = new OutboundQueue(options.SendBufferBytes, _localInitialTsn);
        _inbound = new InboundQueue(options, _streams);
        _chunks = new RateLimit(Math.Max(1, options.ChunksPerSecond), options.ChunkBurst);
        _nextResetRequest = _localInitialTsn;
        _peerInboundStreams = options.StreamCount;
    }

    public SctpPhase Phase { get; private set; }

    public int MaximumSendMessageBytes => _options.MaximumSendMessageBytes;

    public bool IsConnected => Phase is SctpPhase.Established;

    /// <summary>When <see cref="HandleTimeout"/> must be called.</summary>
    public Instant NextTimeout => Phase == SctpPhase.Ended
        ? Instant.Never
        : Instant.Min(Instant.Min(Instant.Min(_handshakeTimer, _dataTimer), _continuationTimer),
        Instant.Min(Instant.Min(_acknowledgementTimer, _heartbeatTimer), _resetTimer));

    public SctpStatistics Statistics
        => new(_packetsSent, _packetsReceived, _chunksRetransmitted, _fastRetransmissions,
        _timeoutRetransmissions, _messagesAbandoned, _rto.Current, _rto.Smoothed, _congestion.Bytes, _peerWindow, _outbound.BytesInFlight,
        _outbound.Bytes);

    public long DropCount(SctpDropReason reason) => _drops[(int)reason];

    /// <summary>
    /// Starts the handshake. It is not needed if the peer starts it, and it has no effect if the peer has already done so.
    /// </summary>
    public void Connect(Instant now)
    {
        if (Phase != SctpPhase.Closed) return;
        Phase = SctpPhase.CookieWait;
        _retransmissions = 0;
        _due |= Due.Init;
        _handshakeTimer = now + _rto.Current;
    }

    /// <summary>Copies a whole message into the send queue. Before the handshake is done, the message waits there.</summary>
    /// <param name="message">At least one byte, because SCTP has no empty messages. RFC 8831, section 6.6 says how to send one.</param>
    /// <param name="maxRetransmits">Null to retransmit until the message arrives. Otherwise the message is abandoned after this number of
    /// retransmissions (RFC 7496), if the peer supports that.</param>
    /// <param name="maxLifetime">Null to retransmit until the message arrives. Otherwise the message is abandoned at this age.</param>
    public SctpSendResult Send(
        ushort streamId, uint payloadProtocolId, ReadOnlySpan<byte> message, bool unordered, ushort? maxRetransmits, Instant now,
        TimeSpan? maxLifetime = null)
    {
        if (message.IsEmpty) throw new ArgumentException("An SCTP message has at least one byte.", nameof(message));
        if (Phase > SctpPhase.Established) return SctpSendResult.Closed;
        if (message.Length > _options.MaximumSendMessageBytes) return SctpSendResult.TooLarge;
        if (streamId >= Math.Min(_options.StreamCount, _peerInboundStreams) || !_streams.CanUse(streamId) || IsResetting(streamId))
            return SctpSendResult.InvalidStream;
        if (!_outbound.HasRoomFor(message.Length)) return SctpSendResult.WouldBlock;
        var template = new OutboundChunk
        {
            StreamId = streamId,
            PayloadProtocolId = payloadProtocolId,
            Flags = unordered ? DataFlags.Unordered : DataFlags.None,
            MaximumRetransmits = maxRetransmits ?? -1,
            Expiry = maxLifetime is { } lifetime ? now + lifetime : Instant.Never,
        };
        if (!unordered)
        {
            template.StreamSequence = _streams.NextOutbound(streamId);
            _streams.SetOutbound(streamId, (ushort)(template.StreamSequence + 1));
        }
        _outbound.Enqueue(message, template);
        return SctpSendResult.Queued;
    }

    /// <summary>
    /// Returns the next whole message, in the order of its stream. It is valid until the next call of any method.
    /// </summary>
    public bool TryReceive(out SctpMessage message)
    {
        bool wasFull = _inbound.Window < _options.ReceiveWindowBytes / 2;
        bool hasMessage = _inbound.TryTake(out message);
        // This SACK tells a sender that stopped at a closed window that the window is open again.
        if (wasFull && _inbound.Window >= _options.ReceiveWindowBytes / 2 && _lastWindowSent < _options.ReceiveWindowBytes / 2
            && Phase == SctpPhase.Established)
            _due |= Due.Sack;
        return hasMessage;
    }

    /// <summary>True if <see cref="TryReceive"/> has a message.</summary>
    public bool HasMessage => _inbound.HasMessage;

    public bool TryTakeEvent(out SctpEvent occurred) => _events.TryDequeue(out occurred);

    /// <summary>Ends the association when everything in the queue has arrived (RFC 9260, section 9.2).</summary>
    public void Shutdown(Instant now)
    {
        if (Phase is SctpPhase.Closed or SctpPhase.CookieWait or SctpPhase.CookieEchoed) End(SctpCloseReason.Shutdown);
        if (Phase != SctpPhase.Established) return;
        Phase = SctpPhase.ShutdownPending;
        ContinueShutdown(now);
    }

    /// <summary>Ends the association at once. Queued messages are lost. The owner must still transmit the ABORT.</summary>
    public void Abort() => AbortWith(SctpCloseReason.AbortedLocally, ErrorCause.UserInitiatedAbort);

    public void HandleTimeout(Instant now)
    {
        if (Phase == SctpPhase.Ended) return;
        if (_acknowledgementTimer <= now)
        {
            _acknowledgementTimer = Instant.Never;
            _due |= Due.Sack;
        }
        if (_handshakeTimer <= now) OnHandshakeTimeout(now);
        if (Phase != SctpPhase.Ended && _dataTimer <= now) OnDataTimeout(now);
        if (Phase != SctpPhase.Ended && _resetTimer <= now) OnResetTimeout(now);
        if (Phase != SctpPhase.Ended && _heartbeatTimer <= now) OnHeartbeatTimeout(now);
        if (Phase != SctpPhase.Ended && _continuationTimer <= now) OnContinuationTimeout(now);
    }

    private void OnHandshakeTimeout(Instant now)
    {
        if (++_retransmissions > MaximumRetransmissions)
        {
            End(Phase is SctpPhase.CookieWait or SctpPhase.CookieEchoed ? SctpCloseReason.HandshakeTimeout
                : SctpCloseReason.PeerUnreachable);
            return;
        }
        _rto.BackOff();
        _handshakeTimer = now + _rto.Current;
        switch (Phase)
        {
            case SctpPhase.CookieWait:
                _due |= Due.Init;
                break;
            case SctpPhase.CookieEchoed:
                // Data that was sent together with the COOKIE ECHO is sent with it again.
                MarkAllLost();
                _due |= Due.CookieEcho;
                break;
            case SctpPhase.ShutdownSent:
                _due |= Due.Shutdown;
                break;
            case SctpPhase.ShutdownAckSent:
                _due |= Due.ShutdownAck;
                break;
            default:
                _handshakeTimer = Instant.Never;
                break;
        }
    }

    private void OnDataTimeout(Instant now)
    {
        _dataTimer = Instant.Never;
        if (!HasOutstanding && !IsForwarding)
        {
            _isProbeDue = _outbound.Count > 0;
            return;
        }
        // A peer with a closed window is not dead: its SACKs reset the counter.
        if (++_retransmissions > MaximumRetransmissions)
        {
            AbortWith(SctpCloseReason.PeerUnreachable, ErrorCause.UserInitiatedAbort);
            return;
        }
        if (IsForwarding && IsForwardingRefused())
        {
            RestartInstead(now);
            return;
        }
        _timeoutRetransmissions++;
        _rto.BackOff();
        _congestion.OnTimeout();
        _afterTimeout = AfterTimeout.OnePacketDue;
        MarkAllLost();
        GiveUpOnLost(now);
        if (IsForwarding || _outbound.LeadingAbandoned() > 0) _due |= Due.ForwardTsn;
        _dataTimer = now + _rto.Current;
    }

    private void OnHeartbeatTimeout(Instant now)
    {
        if (_isHeartbeatUnanswered && ++_retransmissions > MaximumRetransmissions)
        {
            AbortWith(SctpCloseReason.PeerUnreachable, ErrorCause.UserInitiatedAbort);
            return;
        }
        // Nothing was sent for a whole interval, so this is a good time to release memory.
        _outbound.Trim();
        _inbound.Trim();
        _isHeartbeatUnanswered = true;
        _heartbeatNonce = NextRandom();
        _heartbeatSentAt = now;
        _due |= Due.Heartbeat;
        RestartHeartbeat(now);
    }

    /// <summary>
    /// While a heartbeat is unanswered, the next one follows after a retransmission time-out. The counter then stands for the same time as
    /// for data.
    /// </summary>
    private void RestartHeartbeat(Instant now)
    {
        // RFC 9260, section 8.3 requires jitter. Here it is up to an eighth of the interval.
        var jitter = TimeSpan.FromTicks((long)(NextRandom() % (ulong)(s_heartbeatInterval.Ticks / 8)));
        _heartbeatTimer = now + (_isHeartbeatUnanswered ? s_heartbeatInterval / 8 : s_heartbeatInterval + jitter);
    }

    private void MarkAllLost()
    {
        for (int i = 0; i < _outbound.FirstUnsent; i++)
        {
            _outbound.MarkLost(i);
            _outbound[i].WasFastRetransmitted = false;
        }
        _isTimingRoundTrip = false;
    }

    private void Establish(Instant now)
    {
        Phase = SctpPhase.Established;
        _handshakeTimer = Instant.Never;
        _retransmissions = 0;
        _peerCookie = null;
        if (_outbound.BytesInFlight > 0) _dataTimer = now + _rto.Current;
        RestartHeartbeat(now);
        Raise(new SctpEvent(_isOurRestart ? SctpEventKind.Restarted : SctpEventKind.Connected));
        _isOurRestart = false;
    }

    private void ContinueShutdown(Instant now)
    {
        if (_outbound.Count != 0) return;
        if (Phase == SctpPhase.ShutdownPending)
        {
            Phase = SctpPhase.ShutdownSent;
            _due |= Due.Shutdown;
        }
        else if (Phase == SctpPhase.ShutdownReceived)
        {
            Phase = SctpPhase.ShutdownAckSent;
            _due |= Due.ShutdownAck;
        }
        else return;
        _retransmissions = 0;
        _handshakeTimer = now + _rto.Current;
    }

    private void AbortWith(SctpCloseReason reason, ErrorCause cause)
    {
        if (Phase == SctpPhase.Ended) return;
        bool isPeerThere = _peerTag != 0 && Phase is not SctpPhase.Closed;
        End(reason);
        _abortCause = cause;
        _due = isPeerThere ? Due.Abort : Due.None;
    }

    private void End(SctpCloseReason reason)
    {
        if (Phase == SctpPhase.Ended) return;
        Phase = SctpPhase.Ended;
        _closeReason = reason;
        _due = Due.None;
        _outbound.Restart(_outbound.HeadTsn);
        _outbound.Trim();
        // Complete messages can still be taken. Closed is raised even if nobody took the events before it.
        _events.Enqueue(new SctpEvent(SctpEventKind.Closed, 0, reason));
    }

    private void Raise(SctpEvent occurred)
    {
        if (_events.Count < MaximumEvents) _events.Enqueue(occurred);
        else Drop(SctpDropReason.EventQueueFull);
    }

    private void Drop(SctpDropReason reason) => _drops[(int)reason]++;

    private uint NextTag()
    {
        uint tag = (uint)NextRandom();
        // Zero means "no tag" (RFC 9260, section 3.3.2).
        return tag == 0 ? 1 : tag;
    }

    /// <summary>SplitMix64 with the seed of the options.</summary>
    private ulong NextRandom()
    {
        ulong z = _random += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
