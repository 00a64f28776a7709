using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Sctp;
using Dapr.Voice.Sdp;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>
/// The caller of <c>./voice call</c> and <c>./voice load</c>: one session with its own sockets. It has no thread. Its owner calls <see
/// cref="Step"/> every millisecond or two, always on the same thread; <see cref="Step"/> does not block. The caller tries UDP first, and
/// ICE-TCP if UDP gets no answer.
/// </summary>
internal sealed class Caller : IDisposable
{
    /// <summary>How long UDP is tried alone. Browsers wait about as long.</summary>
    private static readonly TimeSpan UdpAlone = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A call whose last audio packet is older than this at its end has lost its audio. A silent agent sends a packet every 400 ms, and a
    /// relay that is restarted is back within two seconds.
    /// </summary>
    public static readonly TimeSpan LongestSilenceAtEnd = TimeSpan.FromSeconds(3);

    private readonly PeerSession _peer;
    private Socket _socket;
    private readonly IReadOnlyList<Candidate> _tcpCandidates;
    private readonly Action<Instant> _drain;
    private readonly Instant _tcpFrom;
    private IceTcpClient? _tcp;
    private readonly byte[] _buffer = new byte[2048];
    private readonly byte[] _outgoing = new byte[PeerSession.MaximumDatagramBytes];
    private readonly SocketAddress _from;
    private readonly Instant _started;
    private TransportAddress _lastTo;
    private SocketAddress? _lastToSocket;
    private Instant _connected = Instant.Never;
    private Instant _lastAudio = Instant.Never;
    private Instant _ended = Instant.Never;

    private Caller(PeerSession peer, Socket socket, IReadOnlyList<Candidate> tcpCandidates, Instant tcpFrom, string callId, Instant started)
    {
        _peer = peer;
        _socket = socket;
        _from = new SocketAddress(socket.AddressFamily);
        _tcpCandidates = tcpCandidates;
        _tcpFrom = tcpFrom;
        _drain = Drain;
        CallId = callId;
        _started = started;
    }

    public string CallId { get; }
    public CallTimes Times { get; } = new();
    public PeerCloseReason CloseReason { get; private set; }
    public bool IsOver => _peer.IsClosed;
    public bool IsConnected => _peer.IsConnected;
    public bool IsChannelOpen => _peer.IsChannelOpen;
    public PeerStatistics Statistics => _peer.Statistics;

    /// <summary>
    /// The transport of the selected path, "udp" or "tcp". After the call it is the last one. Null until the first check has been answered.
    /// </summary>
    public string? Transport { get; private set; }

    /// <summary>How many TCP connections broke during the call and were replaced.</summary>
    public int Reconnects => _tcp?.Reconnects ?? 0;

    /// <summary>
    /// The longest time without an audio packet. It is the time between two packets or, at the end of the call, the time from the last
    /// packet to the end. If no packet came at all, it is the time from the connection to the end.
    /// </summary>
    public double LongestGapMilliseconds { get; private set; }

    /// <summary>How long no audio had come when the call ended. Zero during the call, and if the call was never connected.</summary>
    public TimeSpan SilenceAtEnd { get; private set; }

    /// <summary>
    /// Called for each incoming audio packet, in order, with its payload. The payload of a lost packet is empty.
    /// </summary>
    public Action<ReadOnlyMemory<byte>, AudioFrameInfo>? AudioReceived { get; set; }

    /// <summary>Called for each server event of the Realtime API.</summary>
    public Action<JsonObject>? EventReceived { get; set; }

    /// <summary>Posts an offer and reads the answer. The checks start with the first <see cref="Step"/>.</summary>
    /// <exception cref="CommandFailedException">The server refused the call, or its answer is unusable.</exception>
    public static async Task<Caller> DialAsync(
        ServerAccess server, string? agent, CallerOptions options, DtlsCertificate certificate, CancellationToken cancellation)
    {
        Instant started = MonotonicClock.Now;
        uint ssrc = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        string cname = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var credentials = new IceCredentials(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)));
        SessionDescription offer = OfferAnswer.CreateOffer(new OfferParameters
        {
            IceUfrag = credentials.Ufrag,
            IcePassword = credentials.Password,
            Fingerprint = certificate.Fingerprint.ToString(),
            AudioSsrc = ssrc,
            Cname = cname,
            MsidStream = "voice-call",
            MsidTrack = "microphone",
            SessionId = (ulong)RandomNumberGenerator.GetInt32(int.MaxValue),
        });
        (string? callId, string? sdp) = await server.CallAsync(offer.ToString(), agent, options.Session, cancellation);
        if (!SessionDescription.TryParse(sdp, out SessionDescription? description, out SdpError sdpError)
            || !OfferAnswer.TryReadAnswer(description, out AnswerSummary? answer, out sdpError))
            throw new CommandFailedException($"the server's answer can't be read: {sdpError}",
                "check that the URL is that of a Realtime server");
        var fingerprints = answer.Fingerprints.Select(f => CertificateFingerprint.TryParse(f, out CertificateFingerprint? parsed) ? parsed
            : null).OfType<CertificateFingerprint>().ToList();
        Socket socket = options.OpenSocket?.Invoke() ?? OpenSocket();
        Instant now = MonotonicClock.Now;
        var peer = new PeerSession(new PeerSessionOptions
        {
            IceRole = IceRole.Controlling,
            LocalCredentials = credentials,
            RemoteCredentials = new IceCredentials(answer.IceUfrag, answer.IcePassword),
            TieBreaker = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
            DtlsRole = DtlsRole.Client,
            Certificate = certificate,
            ExpectedFingerprints = fingerprints,
            Audio = new PeerAudioOptions(ssrc, cname, (byte)(answer.OpusPayloadType ?? 111), (ushort)RandomNumberGenerator.GetInt32(0x8000),
                (uint)RandomNumberGenerator.GetInt32(int.MaxValue)),
            Data = answer.SctpPort is { } port ? new PeerDataOptions(
                (ushort)port, (int)Math.Min(answer.MaxMessageSize, 256 * 1024), PeerSession.EventsLabel) : null,
            WallClockOffset = WallClock.OffsetOf(now),
            Random = RandomNumberGenerator.Fill,
        }, now);
        (IReadOnlyList<Candidate>? udp, IReadOnlyList<Candidate>? tcp) = CandidatesOf(answer, options);
        foreach (Candidate candidate in udp) peer.AddRemoteCandidate(candidate, 0);
        if (udp.Count + tcp.Count == 0)
        {
            peer.Dispose();
            socket.Dispose();
            throw new CommandFailedException($"the answer has no {(options.TcpOnly ? "TCP" : "usable")} candidate",
                options.TcpOnly ? "omit --tcp, or start the system with './voice up --edge both'"
                : "check the address of the relay (./voice up --address)");
        }
        Instant tcpFrom = tcp.Count == 0 ? Instant.Never : udp.Count == 0 ? now : now + UdpAlone;
        var caller = new Caller(peer, socket, tcp, tcpFrom, callId, started);
        caller.Times.Answer = (now - started).TotalMilliseconds;
        return caller;
    }

    /// <summary>One socket for IPv4 and IPv6. On a machine without IPv6, a socket for IPv4.</summary>
    private static Socket OpenSocket()
    {
        Socket socket = Socket.OSSupportsIPv6
            ? new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true }
            : new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Blocking = false;
        socket.ReceiveBufferSize = 1 << 20;
        socket.Bind(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
        return socket;
    }

    /// <summary>
    /// The candidates of the answer that this machine can use. With a proxy in front of them all, each transport has one candidate: the
    /// proxy.
    /// </summary>
    private static (IReadOnlyList<Candidate> Udp, IReadOnlyList<Candidate> Tcp) CandidatesOf(AnswerSummary answer, CallerOptions options)
    {
        var usable = new List<Candidate>();
        foreach (string line in answer.Candidates)
        {
            if (!Candidate.TryParse(line, out Candidate? candidate)) continue;
            if (options.Via is { } via) candidate = candidate with { Address = via };
            if (candidate.Address.IsIPv4 || Socket.OSSupportsIPv6) usable.Add(candidate);
        }
        List<Candidate> Of(CandidateTransport transport) => [.. usable.Where(c => c.Transport == transport).DistinctBy(c => c.Address)];
        return (options.TcpOnly ? [] : Of(CandidateTransport.Udp), Of(CandidateTransport.TcpPassive));
    }

    /// <summary>Receives everything that has arrived, and sends everything that is due.</summary>
    public void Step(Instant now)
    {
        while (!_peer.IsClosed && _socket.Available > 0)
        {
            int length;
            try
            {
                length = _socket.ReceiveFrom(_buffer, SocketFlags.None, _from);
            }
            catch (SocketException)
            {
                // The candidate answered with ICMP unreachable. ICE notices by itself that it gets no response.
                continue;
            }
            _peer.Receive(_buffer.AsSpan(0, length), new TransportPath(0, Address(_from)), now);
            Drain(now);
        }
        if (_tcp is null && Transport is null && now >= _tcpFrom) _tcp = new IceTcpClient(_peer, _tcpCandidates, now);
        _tcp?.Receive(now, _drain);
        if (_peer.NextTimeout <= now) _peer.HandleTimeout(now);
        Drain(now);
        Flush(now);
    }

    /// <summary>
    /// Goes on with another socket, whose address or port is another one. The session does not know, as behind a NAT that forgets. The
    /// caller owns the socket from here on.
    /// </summary>
    public void Rebind(Socket socket)
    {
        _socket.Dispose();
        _socket = socket;
        _lastToSocket = null;
    }

    public void SendAudio(ReadOnlySpan<byte> opus, uint timestampStep, bool marker, Instant now)
    {
        _peer.SendAudio(opus, timestampStep, marker, now);
        Flush(now);
    }

    public bool SendEvent(ReadOnlySpan<byte> json, Instant now) => _peer.SendText(json, now);

    /// <summary>Ends the call with BYE and close_notify. Both have been sent when this returns.</summary>
    public void HangUp(Instant now)
    {
        NoteEnd(now);
        _peer.Close(now);
        Flush(now);
    }

    private void Drain(Instant now)
    {
        while (_peer.TryReceiveAudio(_buffer, out int length, out AudioFrameInfo frame, now))
        {
            if (frame.IsLost)
            {
                AudioReceived?.Invoke(default, frame);
                continue;
            }
            if (_lastAudio == Instant.Never) Times.FirstAudio = (frame.ArrivedAt - _started).TotalMilliseconds;
            else LongestGapMilliseconds = Math.Max(LongestGapMilliseconds, (frame.ArrivedAt - _lastAudio).TotalMilliseconds);
            _lastAudio = _lastAudio == Instant.Never || frame.ArrivedAt > _lastAudio ? frame.ArrivedAt : _lastAudio;
            AudioReceived?.Invoke(_buffer.AsMemory(0, length), frame);
        }
        while (_peer.TryReceiveMessage(out DataChannelMessage message, now))
        {
            if (EventReceived is null || !message.IsText) continue;
            try
            {
                if (JsonNode.Parse(message.Payload) is JsonObject parsed) EventReceived(parsed);
            }
            catch (JsonException)
            {
                // The message is not JSON. A caller can do nothing about it.
            }
        }
        if (_peer.SelectedPath is { } path) Transport = path.Base == IceTcpClient.Base ? "tcp" : "udp";
        while (_peer.TryTakeEvent(out PeerEvent occurred))
        {
            double at = (now - _started).TotalMilliseconds;
            switch (occurred.Kind)
            {
                case PeerEventKind.IceConnected: Times.Ice = at; break;
                case PeerEventKind.DtlsConnected:
                    Times.Dtls = at;
                    _connected = now;
                    break;
                case PeerEventKind.ChannelOpened: Times.Channel = at; break;
                case PeerEventKind.ChannelClosed: CloseReason = PeerCloseReason.ByPeer; break;
                case PeerEventKind.Closed:
                    CloseReason = occurred.Reason;
                    NoteEnd(now);
                    break;
            }
        }
    }

    /// <summary>Counts the silence from the last packet to the end of the call. Only the first end counts.</summary>
    private void NoteEnd(Instant now)
    {
        Instant since = _lastAudio != Instant.Never ? _lastAudio : _connected;
        if (_ended != Instant.Never || since == Instant.Never) return;
        _ended = now;
        SilenceAtEnd = now - since;
        LongestGapMilliseconds = Math.Max(LongestGapMilliseconds, SilenceAtEnd.TotalMilliseconds);
    }

    private void Flush(Instant now)
    {
        while (_peer.TryTransmit(_outgoing, out int length, out TransportPath to, now))
        {
            if (to.Base == IceTcpClient.Base)
            {
                _tcp?.Send(to.Remote, _outgoing.AsSpan(0, length), now);
                continue;
            }
            if (_lastToSocket is null || to.Remote != _lastTo)
            {
                _lastTo = to.Remote;
                _lastToSocket = SocketAddressOf(to.Remote);
            }
            try
            {
                _socket.SendTo(_outgoing.AsSpan(0, length), SocketFlags.None, _lastToSocket);
            }
            catch (SocketException)
            {
                // The buffer is full or the address is unreachable. A real network would lose this datagram, too.
            }
        }
        _tcp?.Flush(now);
    }

    private SocketAddress SocketAddressOf(TransportAddress remote)
    {
        var endPoint = remote.ToIPEndPoint();
        if (_socket.AddressFamily == AddressFamily.InterNetworkV6) endPoint.Address = endPoint.Address.MapToIPv6();
        return endPoint.Serialize();
    }

    // The layout of sockaddr_in: family (2 bytes), port (2), address (4).
    // The layout of sockaddr_in6: family (2), port (2), flow (4), address (16).
    private static TransportAddress Address(SocketAddress from)
    {
        ReadOnlySpan<byte> bytes = from.Buffer.Span;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return TransportAddress.FromBytes(from.Family == AddressFamily.InterNetworkV6 ? bytes.Slice(8, 16) : bytes.Slice(4, 4), port);
    }

    public void Dispose()
    {
        _peer.Dispose();
        _socket.Dispose();
        _tcp?.Dispose();
    }
}

/// <summary>When a call reached each stage, in milliseconds after the POST began. Null until the stage is reached.</summary>
internal sealed class CallTimes
{
    public double? Answer { get; set; }
    public double? Ice { get; set; }
    public double? Dtls { get; set; }
    public double? Channel { get; set; }
    public double? FirstAudio { get; set; }

    public JsonObject ToJson()
        => new() { ["answer"] = Round(Answer), ["ice"] = Round(Ice), ["dtls"] = Round(Dtls), ["channel"] = Round(Channel),
        ["firstAudio"] = Round(FirstAudio) };

    private static JsonNode? Round(double? milliseconds) => milliseconds is { } value ? Math.Round(value, 1) : null;
}
