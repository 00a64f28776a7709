using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

/// <summary>
/// One peer's end of a session, with ICE, DTLS, SRTP, RTCP and SCTP (docs/architecture.md). It has no socket and no clock: the owner passes
/// datagrams with their time and takes the datagrams to send. Only one thread may use it at a time. Processing a packet does not allocate,
/// lock or log, and it does not throw, whatever the packet contains.
/// <code>
/// peer.Receive(datagram, from, now);
/// while (peer.TryReceiveAudio(buffer, out int n, out var frame, now)) ...
/// while (peer.TryReceiveMessage(out var message, now)) ...
/// while (peer.TryTakeEvent(out var occurred)) ...
/// while (peer.TryTransmit(buffer, out int n, out var to, now)) send(buffer[..n], to);
/// wakeAt = peer.NextTimeout;
/// </code>
/// </summary>
public sealed partial class PeerSession : IDisposable
{
    /// <summary>
    /// The label of the Realtime dialect's data channel (docs/protocols/realtime.md 2). A client that opens none with this label gets its
    /// events on the first channel that it opens.
    /// </summary>
    public const string EventsLabel = "oai-events";

    /// <summary>The longest message that a peer may send, our <c>a=max-message-size</c>.</summary>
    public const int MaximumMessageBytes = 256 * 1024;

    /// <summary>How long the first channel waits for one with <see cref="EventsLabel"/> before it is the events channel.</summary>
    public static readonly TimeSpan EventsLabelWait = TimeSpan.FromMilliseconds(200);

    /// <summary>The size of a transmit buffer. The largest datagram that we send is smaller.</summary>
    public const int MaximumDatagramBytes = 1500;

    /// <summary>
    /// The maximum number of our packets that wait for <see cref="TryTransmit"/>. 16 frames are 320 ms; later packets would be useless.
    /// </summary>
    private const int RingPackets = 16;
    private const int RtcpBytes = 256;

    // RFC 4585, section 3.4 lets a small session report as often as 5 % of its bandwidth allows. One report a second needs about 1 kbit/s.
    private static readonly TimeSpan RtcpInterval = TimeSpan.FromSeconds(1);

    private readonly PeerSessionOptions _options;
    private readonly IceAgent _ice;
    private readonly DtlsTransport _dtls;
    private readonly PacketRing _media;
    private readonly RtpSender? _sender;
    private readonly JitterBuffer? _jitter;
    private readonly byte[] _cname;
    private readonly byte[] _record = new byte[2048];
    private readonly Queue<PeerEvent> _events = new(8);
    private SrtpContext? _srtpOutbound;
    private SrtpContext? _srtpInbound;
    private SrtcpContext? _srtcpOutbound;
    private SrtcpContext? _srtcpInbound;
    private RtpReceiver? _receiver;
    private SctpAssociation? _sctp;
    private DataChannelSet? _channels;
    private DataChannel? _eventsChannel;
    private DataChannel? _unlabelledChannel;
    private long _reportedStrays;
    private Instant _unlabelledIsChosenAt = Instant.Never;
    private TransportPath? _farewellPath;
    private bool _isIceConnected;
    private bool _isDtlsConnected;
    private PeerCloseReason _closed;
    private Instant _dtlsTimeout = Instant.Never;
    private Instant _nextRtcp = Instant.Never;
    private Instant _lastRtp;
    private ulong _random;
    private PeerStatistics _statistics;
    private readonly long[] _drops = new long[Enum.GetValues<PeerDrop>().Length];
    private readonly long[] _rtpErrors = new long[Enum.GetValues<RtpParseError>().Length];
    private readonly long[] _rtcpErrors = new long[Enum.GetValues<RtcpParseError>().Length];

    public PeerSession(PeerSessionOptions options, Instant now)
        : this(options, new IceAgent(options.IceRole, options.LocalCredentials, options.RemoteCredentials, options.TieBreaker,
        options.Random, now),
            new DtlsTransport(options.DtlsRole, options.Certificate, options.ExpectedFingerprints, requiresSrtp: options.Audio is not null))
    {
        if (options.Audio is { } audio)
            _sender = new RtpSender(audio.LocalSsrc, audio.PayloadType, audio.FirstSequenceNumber, audio.FirstTimestamp);
    }

    private PeerSession(PeerSessionOptions options, IceAgent ice, DtlsTransport dtls)
    {
        _options = options;
        _ice = ice;
        _dtls = dtls;
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        options.Random(seed);
        _random = BinaryPrimitives.ReadUInt64LittleEndian(seed);
        _media = new PacketRing(RingPackets, MaximumDatagramBytes);
        _cname = options.Audio is { } audio ? Encoding.UTF8.GetBytes(audio.Cname) : [];
        if (_cname.Length > byte.MaxValue) throw new ArgumentException("A CNAME has at most 255 bytes.", nameof(options));
        if (options.Audio is not null) _jitter = new JitterBuffer();
    }

    /// <summary>True after <see cref="PeerEventKind.Closed"/> was raised.</summary>
    public bool IsClosed => _closed != PeerCloseReason.None;

    /// <summary>True if media may be sent: the handshake is done and the certificate has the expected fingerprint.</summary>
    public bool IsConnected => _isDtlsConnected && !IsClosed;

    /// <summary>True if the events channel is open.</summary>
    public bool IsChannelOpen => _eventsChannel is not null && !IsClosed;

    /// <summary>The path to which datagrams are sent. Null before the first authenticated check.</summary>
    public TransportPath? SelectedPath => _ice.SelectedPath;

    /// <summary>When the latest authenticated packet of any kind came on the selected path. Null before the first check.</summary>
    public Instant? LastHeard => _ice.LastHeard;

    /// <summary>When <see cref="HandleTimeout"/> must be called.</summary>
    public Instant NextTimeout
    {
        get
        {
            if (IsClosed) return Instant.Never;
            var next = Instant.Min(Instant.Min(_ice.NextTimeout, _unlabelledIsChosenAt), Instant.Min(_dtlsTimeout, _nextRtcp));
            if (_sctp is not null) next = Instant.Min(next, _sctp.NextTimeout);
            return _jitter is null ? next : Instant.Min(next, _jitter.NextTimeout);
        }
    }

    public PeerStatistics Statistics
    {
        get
        {
            PeerStatistics statistics = _statistics;
            if (_receiver is not null)
            {
                statistics.RtpLost = _receiver.CumulativeLost;
                statistics.JitterMilliseconds = _receiver.Jitter.TotalMilliseconds;
            }
            statistics.RoundTripMilliseconds ??= _ice.RoundTripTime?.TotalMilliseconds;
            return statistics;
        }
    }

    public IceStatistics IceStatistics => _ice.Statistics;

    /// <summary>
    /// The number of packets and messages that this class dropped for a reason. The other overloads return the drops of each protocol.
    /// </summary>
    public long Dropped(PeerDrop reason) => reason switch
    {
        PeerDrop.StreamRestarted => _jitter?.Statistics.Discarded ?? 0,
        PeerDrop.StrayMessage => _channels?.StrayMessages ?? 0,
        PeerDrop.ChannelRefused => _channels?.RefusedOpenings ?? 0,
        PeerDrop.MessageAbandoned => _sctp?.Statistics.MessagesAbandoned ?? 0,
        _ => _drops[(int)reason],
    };

    public long Dropped(IceDropReason reason) => _ice.Statistics.Dropped(reason);
    public long Dropped(DtlsDropReason reason) => _dtls.Dropped(reason);
    public long DroppedSrtp(SrtpError reason) => _srtpInbound?.Errors[reason] ?? 0;
    public long DroppedSrtcp(SrtpError reason) => _srtcpInbound?.Errors[reason] ?? 0;
    public long Dropped(RtpParseError reason) => _rtpErrors[(int)reason];
    public long Dropped(RtcpParseError reason) => _rtcpErrors[(int)reason];
    public long Dropped(JitterInsertResult reason) => _jitter?.Dropped(reason) ?? 0;
    public long Dropped(SctpDropReason reason) => _sctp?.DropCount(reason) ?? 0;

    /// <summary>Adds a candidate of the peer to a controlling agent.</summary>
    /// <param name="base">The owner's socket from which the candidate is checked.</param>
    public void AddRemoteCandidate(Candidate candidate, int @base) => _ice.AddRemoteCandidate(candidate, @base);

    /// <summary>The connection of a path was replaced. A controlling agent checks and nominates the path again.</summary>
    public void CheckAgain(TransportPath path, Instant now) => _ice.CheckAgain(path, now);

    /// <summary>
    /// Says whether the client was told of several ingresses that it can reach in the way of a path (<see cref="IceAgent.HasSpare"/>).
    /// </summary>
    public Func<TransportPath, bool>? HasSpare
    {
        set => _ice.HasSpare = value;
    }

    /// <summary>Says whether an ingress, the base of a path, is lost or leaves (<see cref="IceAgent.IsBaseLost"/>).</summary>
    public Func<int, bool>? IsBaseLost
    {
        set => _ice.IsBaseLost = value;
    }

    /// <summary>Sends by a spare path from now on if the ingress of the selected one is lost.</summary>
    public void LeaveLostBase(Instant now)
    {
        if (IsClosed) return;
        _ice.LeaveLostBase(now);
        TakeIceEvents(now);
    }

    /// <summary>Processes one datagram. SRTP is decrypted in place.</summary>
    public void Receive(Span<byte> datagram, TransportPath from, Instant now)
    {
        if (IsClosed)
        {
            Drop(PeerDrop.Closed);
            return;
        }
        switch (DatagramDemultiplexer.Classify(datagram))
        {
            case DatagramKind.Stun:
                _ice.Receive(datagram, from, now);
                TakeIceEvents(now);
                break;
            // The handshake starts before the nomination, so any path with a successful check is accepted (docs/protocols/webrtc.md 1).
            case DatagramKind.Dtls when _ice.IsValidated(from):
                ReceiveDtls(datagram, from, now);
                break;
            case DatagramKind.Dtls:
                Drop(PeerDrop.DtlsBeforeIce);
                break;
            case DatagramKind.Rtp:
                ReceiveRtp(datagram, from, now);
                break;
            case DatagramKind.Rtcp:
                ReceiveRtcp(datagram, from, now);
                break;
            default:
                Drop(PeerDrop.UnknownKind);
                break;
        }
    }

    /// <summary>Returns the next datagram to send.</summary>
    /// <param name="buffer">At least <see cref="MaximumDatagramBytes"/> bytes.</param>
    public bool TryTransmit(Span<byte> buffer, out int length, out TransportPath to, Instant now)
    {
        if (_ice.TryTransmit(buffer, out length, out to)) return true;
        if ((_ice.SelectedPath ?? _farewellPath) is not { } path) return false;
        to = path;
        while (_media.TryTake(buffer, out length))
        {
            if (_ice.TryCountSent(path, length)) return true;
            Drop(PeerDrop.PathUnproven);
        }
        while (true)
        {
            // A flight waits in the transport until the path is proven, or has sent enough for it.
            if (_dtls.NextDatagramLength is > 0 and var next)
                return _ice.TryCountSent(path, next) && _dtls.TryTransmit(buffer, out length);
            // One SCTP packet at a time: its record is sent before the next one is created, so that no queue builds up inside DTLS.
            // Without a number for its record, SCTP waits.
            if (_sctp is null || !_dtls.CanSend || !_sctp.TryTransmit(_record, out int packet, now)) return false;
            if (!_dtls.Send(_record.AsSpan(0, packet))) Drop(PeerDrop.SctpPacketUnsent);
        }
    }

    public bool TryTakeEvent(out PeerEvent occurred) => _events.TryDequeue(out occurred);

    /// <summary>Returns the next frame of the caller's audio, in order: a payload, or the report that one is lost.</summary>
    /// <param name="buffer">At least 1500 bytes.</param>
    public bool TryReceiveAudio(Span<byte> buffer, out int length, out AudioFrameInfo frame, Instant now)
    {
        frame = default;
        length = 0;
        if (_jitter is null || !_jitter.TryTake(buffer, out length, out JitterFrame taken, now)) return false;
        frame = new AudioFrameInfo(taken.Kind == JitterFrameKind.Lost, taken.SequenceNumber, taken.Timestamp, taken.ArrivedAt);
        return true;
    }

    /// <summary>True if a message waits for <see cref="TryReceiveMessage"/>. It may be one that is not for the owner.</summary>
    public bool HasMessage => _channels is { HasMessage: true } && !IsClosed;

    /// <summary>
    /// Returns the next message on the events channel. Its payload is valid until the next call on this session. A closed session still
    /// returns what arrived before its end: the last message often says why.
    /// </summary>
    public bool TryReceiveMessage(out DataChannelMessage message, Instant now)
    {
        message = default;
        if (_channels is null) return false;
        while (_channels.TryReceive(out message, now))
        {
            // The first message may share a packet with the opening (or its acknowledgement) and arrive before the event of the channel was
            // taken. A client that sends on a channel expects its events there.
            if (_eventsChannel is null) Choose(message.Channel);
            if (message.Channel == _eventsChannel) return true;
            Drop(PeerDrop.OtherChannel);
            Raise(new PeerEvent(PeerEventKind.MessageOnOtherChannel));
        }
        if (_channels.StrayMessages != _reportedStrays)
        {
            _reportedStrays = _channels.StrayMessages;
            Raise(new PeerEvent(PeerEventKind.MessageOnOtherChannel));
        }
        TakeSctpEvents(now);
        return false;
    }

    /// <summary>Queues one Opus payload. It is dropped before DTLS is done, because nobody can receive it.</summary>
    /// <param name="timestampStep">RTP ticks (48 kHz) since the previous payload; 960 for each 20 ms.</param>
    public void SendAudio(ReadOnlySpan<byte> opusPayload, uint timestampStep, bool marker, Instant now)
    {
        if (_sender is null || _srtpOutbound is null || IsClosed || opusPayload.Length > MaximumDatagramBytes - 64)
        {
            Drop(IsClosed ? PeerDrop.Closed
                : _sender is null ? PeerDrop.AudioNotNegotiated
                : _srtpOutbound is null ? PeerDrop.AudioBeforeDtls : PeerDrop.AudioTooLong);
            return;
        }
        _sender.Skip(timestampStep);
        if (_lease is { } lease && NextRtpIndex >= lease.RtpIndex)
        {
            Drop(PeerDrop.IndexLeaseEnded);
            return;
        }
        Span<byte> packet = _media.Reserve();
        if (packet.IsEmpty)
        {
            Drop(PeerDrop.TransmitRingFull);
            return;
        }
        int length = _sender.WritePacket(packet, opusPayload, 0, marker || _isMarkerDue, now);
        _isMarkerDue = false;
        _media.Commit(_srtpOutbound.Protect(packet, length));
        _statistics.RtpSent++;
    }

    /// <summary>
    /// Sends a text message on the events channel. Returns false if the channel is not open, or if its buffer is full (try again later).
    /// </summary>
    public bool SendText(ReadOnlySpan<byte> utf8, Instant now)
        => _channels is not null && _eventsChannel is { } channel && !IsClosed
        && _channels.Send(channel, utf8, isText: true, now) == SctpSendResult.Queued;

    /// <summary>Opens a channel beside the events channel. Our callers need none; tests play clients that open more.</summary>
    internal DataChannel? OpenChannel(string label, Instant now) => _channels?.Open(label, DataChannelReliability.Full, now);

    /// <summary>Sends a binary message on the events channel, which some clients do.</summary>
    internal bool SendBinary(ReadOnlySpan<byte> payload, Instant now)
        => _channels is not null && _eventsChannel is { } channel
        && _channels.Send(channel, payload, isText: false, now) == SctpSendResult.Queued;

    internal bool SendTextOn(DataChannel channel, ReadOnlySpan<byte> utf8, Instant now)
        => _channels?.Send(channel, utf8, isText: true, now) == SctpSendResult.Queued;

    /// <summary>Sends RTCP BYE and DTLS close_notify. Send the remaining datagrams of <see cref="TryTransmit"/> afterwards.</summary>
    public void Close(Instant now)
    {
        if (IsClosed) return;
        SayGoodbye(default, now);
        End(PeerCloseReason.Local);
    }

    // Each part is what some stack notices at once: aiortc, werift and GStreamer the ABORT, others BYE or close_notify.
    private void SayGoodbye(ReadOnlySpan<byte> farewell, Instant now)
    {
        if (!_isDtlsConnected) return;
        SendRtcp(now, isBye: true);
        if (_sctp is not null)
        {
            // The ABORT drops what is still queued, so the farewell becomes a record before it.
            if (!farewell.IsEmpty && SendText(farewell, now)) SendSctpPackets(now);
            _sctp.Abort();
            SendSctpPackets(now);
        }
        _dtls.CloseNotify();
    }

    /// <summary>
    /// Asks a silent peer for a sign of life: a check of a lite agent, and RTCP. Its answer renews <see cref="LastHeard"/>.
    /// </summary>
    public void AskForLife(Instant now)
    {
        if (IsClosed) return;
        _ice.Challenge(now);
        SendRtcp(now, isBye: false);
    }

    /// <summary>Continues a lite agent with new credentials (RFC 8839, section 4.4). DTLS, media and channels go on.</summary>
    public void RestartIce(IceCredentials local, IceCredentials? remote)
    {
        _ice.Restart(local, remote);
        _changes++;
    }

    private void SendSctpPackets(Instant now)
    {
        while (_sctp!.TryTransmit(_record, out int packet, now))
        {
            if (!_dtls.Send(_record.AsSpan(0, packet))) Drop(PeerDrop.SctpPacketUnsent);
        }
    }

    public void HandleTimeout(Instant now)
    {
        if (IsClosed) return;
        if (_ice.NextTimeout <= now)
        {
            _ice.HandleTimeout(now);
            TakeIceEvents(now);
        }
        if (_dtlsTimeout <= now)
        {
            _dtls.HandleTimeout();
            AfterDtls(now);
        }
        if (_sctp is not null && _sctp.NextTimeout <= now)
        {
            _sctp.HandleTimeout(now);
            TakeSctpEvents(now);
        }
        if (_unlabelledIsChosenAt <= now && _unlabelledChannel is { } first) Choose(first);
        if (_nextRtcp <= now) SendRtcp(now, isBye: false);
        if (_firstCheckpointAt <= now) (_firstCheckpointAt, _isResumable) = (Instant.Never, true);
    }

    private void Choose(DataChannel channel)
    {
        _unlabelledIsChosenAt = Instant.Never;
        _unlabelledChannel = null;
        _eventsChannel = channel;
        _isResumable = true;
        _changes++;
        Raise(new PeerEvent(PeerEventKind.ChannelOpened));
    }

    private void TakeIceEvents(Instant now)
    {
        while (_ice.TryTakeEvent(out IceEvent occurred))
        {
            switch (occurred.Kind)
            {
                case IceEventKind.Connected when !_isIceConnected:
                    _isIceConnected = true;
                    Raise(new PeerEvent(PeerEventKind.IceConnected));
                    if (_options.DtlsRole == DtlsRole.Client)
                    {
                        _dtls.IsReliable = _ice.SelectedPath is { } path && _options.IsReliable(path);
                        _dtls.Start();
                        AfterDtls(now);
                    }
                    break;
                // A session that was continued without its path is connected again when a path is proven.
                case IceEventKind.Connected or IceEventKind.SelectedPathChanged:
                    Raise(new PeerEvent(PeerEventKind.PathChanged, occurred.Path));
                    break;
                case IceEventKind.ConsentLost:
                    // The silence may be in one direction only, and a peer that hears this does not wait for its own time-out. RFC 7675
                    // forbids it to an agent that checks.
                    if (_options.IceRole == IceRole.Lite)
                    {
                        _farewellPath = occurred.Path;
                        SayGoodbye(_options.FarewellAfterSilence.Span, now);
                    }
                    End(PeerCloseReason.ConsentExpired);
                    break;
                case IceEventKind.Failed:
                    End(PeerCloseReason.IceFailed);
                    break;
            }
        }
    }

    private void AfterDtls(Instant now)
    {
        while (_dtls.TryTakeEvent(out DtlsEvent occurred))
        {
            switch (occurred.Kind)
            {
                case DtlsEventKind.Connected:
                    OnDtlsConnected(now);
                    break;
                case DtlsEventKind.FingerprintMismatch:
                    End(PeerCloseReason.FingerprintMismatch);
                    break;
                case DtlsEventKind.Failed:
                    End(PeerCloseReason.DtlsFailed);
                    break;
                case DtlsEventKind.Closed:
                    End(PeerCloseReason.ByPeer);
                    break;
            }
        }
        if (_sctp is not null)
        {
            while (_dtls.TryReceive(_record, out int length))
            {
                _sctp.Receive(_record.AsSpan(0, length), now);
            }
            TakeSctpEvents(now);
        }
        _dtlsTimeout = IsClosed || _dtls.NextTimeout is not { } wait ? Instant.Never : now + wait;
    }

    private void OnDtlsConnected(Instant now)
    {
        _isDtlsConnected = true;
        if (_options.Audio is not null)
        {
            _srtpOutbound = new SrtpContext(_dtls.LocalKeys!);
            _srtcpOutbound = new SrtcpContext(_dtls.LocalKeys!);
            _srtpInbound = new SrtpContext(_dtls.RemoteKeys!);
            _srtcpInbound = new SrtcpContext(_dtls.RemoteKeys!);
            // The first report is sent early, because the round-trip time should be known early.
            _nextRtcp = now + RtcpInterval / 4;
        }
        if (_options.Data is { } data) StartSctp(data, now);
        _firstCheckpointAt = now + (_options.Data is null ? TimeSpan.Zero : FirstChannelWait);
        Raise(new PeerEvent(PeerEventKind.DtlsConnected));
    }

    private void StartSctp(PeerDataOptions data, Instant now)
    {
        _sctp = new SctpAssociation(SctpOptionsFor(data, NextRandom()));
        _channels = new DataChannelSet(_sctp, isDtlsClient: _options.DtlsRole == DtlsRole.Client);
        // Every client sends INIT. A server waits for it (docs/protocols/webrtc.md 6).
        if (_options.DtlsRole == DtlsRole.Client) _sctp.Connect(now);
    }

    private static SctpOptions SctpOptionsFor(PeerDataOptions data, ulong seed)
    {
        const int OwnLimit = MaximumMessageBytes;
        // A peer's value of 0 means "any size" (RFC 8841, section 6).
        int theirs = data.RemoteMaximumMessageSize is 0 or > OwnLimit ? OwnLimit : data.RemoteMaximumMessageSize;
        return new SctpOptions { RemotePort = data.RemotePort, RandomSeed = seed, MaximumSendMessageBytes = theirs,
            MaximumReceiveMessageBytes = OwnLimit, ChunksPerSecond = data.ChunksPerSecond };
    }

    private void TakeSctpEvents(Instant now)
    {
        if (_channels is null) return;
        while (_channels.TryTakeEvent(out DataChannelEvent occurred, now))
        {
            _changes++;
            switch (occurred.Kind)
            {
                case DataChannelEventKind.Connected when _options.Data!.OpenLabel is { } label:
                    _channels.Open(label, DataChannelReliability.Full, now);
                    break;
                case DataChannelEventKind.ChannelOpened when occurred.Channel is { } opened:
                    if (opened.Label == EventsLabel && _eventsChannel?.Label != EventsLabel)
                    {
                        Choose(opened);
                    }
                    else if (opened.Label == EventsLabel && opened != _eventsChannel)
                    {
                        _channels.Close(opened, now);
                        Raise(new PeerEvent(PeerEventKind.SecondEventsChannel));
                    }
                    else if (_eventsChannel is null && _unlabelledChannel is null)
                    {
                        _unlabelledChannel = opened;
                        _unlabelledIsChosenAt = now + EventsLabelWait;
                    }
                    break;
                case DataChannelEventKind.ChannelClosing or DataChannelEventKind.ChannelClosed
                    when occurred.Channel == _unlabelledChannel && _unlabelledChannel is not null:
                    _unlabelledChannel = null;
                    _unlabelledIsChosenAt = Instant.Never;
                    break;
                case DataChannelEventKind.ChannelClosing or DataChannelEventKind.ChannelClosed
                    when occurred.Channel == _eventsChannel && _eventsChannel is not null:
                    _eventsChannel = null;
                    Raise(new PeerEvent(PeerEventKind.ChannelClosed));
                    break;
                case DataChannelEventKind.AssociationClosed:
                    End(occurred.Reason is SctpCloseReason.AbortedByPeer or SctpCloseReason.Shutdown ? PeerCloseReason.ByPeer
                        : PeerCloseReason.SctpFailed);
                    break;
            }
        }
    }

    private void ReceiveDtls(ReadOnlySpan<byte> datagram, TransportPath from, Instant now)
    {
        bool wasConnected = _dtls.IsConnected;
        if (!wasConnected) _dtls.IsReliable = _options.IsReliable(from);
        _ice.CountReceived(from, datagram.Length);
        // The peer's Finished is as fresh and authentic as data.
        if (_dtls.Receive(datagram) || (_dtls.IsConnected && !wasConnected))
        {
            _ice.NoteSignOfLife(from, now);
            TakeIceEvents(now);
        }
        AfterDtls(now);
    }

    private void ReceiveRtp(Span<byte> datagram, TransportPath from, Instant now)
    {
        if (_srtpInbound is null)
        {
            DropMediaTooEarly();
            return;
        }
        // The context counts the packets that it rejects.
        if (!_srtpInbound.TryUnprotect(datagram, datagram.Length, out int length, out _)) return;
        if (_srtpInbound.IsNewest)
        {
            _lastRtp = now;
            // Only packets that passed authentication and the replay list may move a stream (docs/protocols/webrtc.md 1: NAT rebinding
            // costs one packet). Only the newest may do so: a late packet from the peer's earlier address would move the stream back.
            _ice.NoteAuthenticatedPacket(from, now);
            _ice.CountReceived(from, datagram.Length);
            TakeIceEvents(now);
        }
        if (!RtpPacket.TryParse(datagram[..length], out RtpPacket packet, out RtpParseError error))
        {
            _rtpErrors[(int)error]++;
            return;
        }
        _statistics.RtpReceived++;
        if (packet.PayloadType != _options.Audio!.PayloadType)
        {
            Drop(PeerDrop.UnknownPayloadType);
            return;
        }
        // A new SSRC means that the client has started its sender again. Statistics and order start again with it.
        if (_receiver is null || _receiver.Ssrc != packet.Ssrc)
        {
            _receiver = new RtpReceiver(packet.Ssrc);
            // The buffer is not replaced: it has 48 KiB, and a client could change its SSRC with each packet.
            _jitter!.Restart();
            _changes++;
        }
        _receiver.OnPacket(packet.Header, now);
        _jitter!.Insert(packet.Payload, packet.SequenceNumber, packet.Timestamp, now);
    }

    private void ReceiveRtcp(Span<byte> datagram, TransportPath from, Instant now)
    {
        if (_srtcpInbound is null)
        {
            DropMediaTooEarly();
            return;
        }
        if (!_srtcpInbound.TryUnprotect(datagram, datagram.Length, out int length, out _)) return;
        // RTCP has its own index, which says nothing about its order among audio packets. While audio arrives, audio decides the path.
        if (_srtcpInbound.IsNewest && now - _lastRtp >= RtcpInterval) _ice.NoteAuthenticatedPacket(from, now);
        else _ice.NoteSignOfLife(from, now);
        TakeIceEvents(now);
        if (!RtcpCompound.TryParse(datagram[..length], out RtcpCompound compound, out RtcpParseError error))
        {
            _rtcpErrors[(int)error]++;
            return;
        }
        _statistics.RtcpReceived++;
        foreach (RtcpPacket packet in compound)
        {
            if (packet.TryReadSenderReport(out SenderReport sent))
            {
                if (_receiver is not null && sent.Ssrc == _receiver.Ssrc) _receiver.OnSenderReport(sent.Info.Ntp, now);
                ReadBlocks(sent.ReportBlocks, now);
            }
            else if (packet.TryReadReceiverReport(out ReceiverReport received))
            {
                ReadBlocks(received.ReportBlocks, now);
            }
        }
    }

    private void ReadBlocks(ReportBlockList blocks, Instant now)
    {
        for (int i = 0; i < blocks.Count; i++)
        {
            ReportBlock block = blocks[i];
            if (block.Ssrc != _sender!.Ssrc) continue;
            _statistics.PeerReportsLost = block.CumulativeLost;
            if (block.RoundTripTime(NtpTimestamp.From(now, _options.WallClockOffset)) is { } roundTrip)
                _statistics.RoundTripMilliseconds = roundTrip.TotalMilliseconds;
        }
    }

    private void SendRtcp(Instant now, bool isBye)
    {
        if (_srtcpOutbound is null || _sender is null) return;
        if (_lease is { } lease && NextRtcpIndex >= lease.RtcpIndex)
        {
            _nextRtcp = now + RtcpInterval;
            Drop(PeerDrop.IndexLeaseEnded);
            return;
        }
        // RFC 3550, section 6.2: between half and one and a half intervals, so that sessions do not report at the same moments.
        _nextRtcp = now + RtcpInterval * (0.5 + NextRandom() / (double)ulong.MaxValue);
        Span<byte> packet = _media.Reserve();
        if (packet.IsEmpty)
        {
            Drop(PeerDrop.TransmitRingFull);
            return;
        }
        var writer = new RtcpWriter(packet[..(RtcpBytes + 256)]);
        Span<ReportBlock> block = stackalloc ReportBlock[1];
        Span<ReportBlock> blocks = block[..0];
        if (_receiver is not null)
        {
            block[0] = _receiver.ToReportBlock(now);
            blocks = block;
        }
        if (_sender.TryGetSenderInfo(now, _options.WallClockOffset, out SenderInfo info))
            writer.AddSenderReport(_sender.Ssrc, info, blocks);
        else writer.AddReceiverReport(_sender.Ssrc, blocks);
        writer.AddCname(_sender.Ssrc, _cname);
        if (isBye) writer.AddBye(_sender.Ssrc);
        _media.Commit(_srtcpOutbound.Protect(packet, writer.Length));
        _statistics.RtcpSent++;
    }

    private void Drop(PeerDrop reason) => _drops[(int)reason]++;

    private void DropMediaTooEarly() => Drop(_options.Audio is null ? PeerDrop.MediaNotNegotiated : PeerDrop.MediaBeforeDtls);

    private void End(PeerCloseReason reason)
    {
        if (IsClosed) return;
        _closed = reason;
        Raise(new PeerEvent(PeerEventKind.Closed, default, reason));
    }

    private void Raise(PeerEvent occurred)
    {
        // If the owner does not take events, only those that a peer can cause again and again accumulate. Further ones are dropped:
        // SelectedPath has the newest path, and the others would say nothing new.
        if (_events.Count >= 64 && occurred.Kind is PeerEventKind.PathChanged or PeerEventKind.SecondEventsChannel
            or PeerEventKind.MessageOnOtherChannel) return;
        _events.Enqueue(occurred);
    }

    // splitmix64, for timing and tags. These values need not be secret.
    private ulong NextRandom()
    {
        ulong z = _random += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    public void Dispose()
    {
        _dtls.Dispose();
        _srtpOutbound?.Dispose();
        _srtpInbound?.Dispose();
        _srtcpOutbound?.Dispose();
        _srtcpInbound?.Dispose();
    }
}
