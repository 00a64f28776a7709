using Dapr.Voice.Ice;
using Dapr.Voice.Tcp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Cli.Calls;

/// <summary>
/// The active side of ICE-TCP (RFC 6544, section 7.1). It keeps one connection to each passive candidate, and the session checks a
/// candidate once its connection is open. A connection that breaks is opened and checked again. It runs on the thread of the session that
/// it serves.
/// </summary>
internal sealed class IceTcpClient : IDisposable
{
    /// <summary>The <see cref="TransportPath.Base"/> of every path over TCP.</summary>
    public const int Base = 1;

    /// <summary>
    /// The pauses before each new attempt. A restarted relay is back within a second or two, while consent is still valid.
    /// </summary>
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.Zero, TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1)];

    // A caller has a handful of connections and reads the packets of one session, so small buffers suffice.
    private static readonly TcpFrameSocketOptions SocketOptions = new()
    {
        MaximumConnections = IceAgent.MaximumPaths, MaximumFrameBytes = 2048, TotalQueueBytes = 64 * 1024, ReceiveBudgetBytes = 16 * 1024,
            ReceiveBytesPerConnection = 4 * 1024,
    };

    private readonly PeerSession _peer;
    private readonly List<Way> _ways = [];
    private readonly TcpFrameSocket _socket = TcpFrameSocket.Create(SocketOptions);

    private sealed class Way(Candidate candidate)
    {
        public Candidate Candidate { get; } = candidate;
        public TcpConnectionId Connection { get; set; }
        public bool IsOpen { get; set; }
        public bool WasOpen { get; set; }
        public int Failures { get; set; }
        public Instant NextTry { get; set; } = Instant.Never;
    }

    public IceTcpClient(PeerSession peer, IEnumerable<Candidate> candidates, Instant now)
    {
        _peer = peer;
        foreach (Candidate? candidate in candidates.Take(IceAgent.MaximumPaths)) _ways.Add(new Way(candidate));
        foreach (Way way in _ways) Connect(way, now);
    }

    /// <summary>How many connections were opened again after they had broken.</summary>
    public int Reconnects { get; private set; }

    /// <summary>
    /// Passes everything that has arrived to the session. Calls <paramref name="afterEach"/> after each frame, so that the caller can read
    /// what the session made of it.
    /// </summary>
    public void Receive(Instant now, Action<Instant> afterEach)
    {
        while (true)
        {
            int frames = _socket.Receive(now);
            while (_socket.TryTakeEvent(out TcpEvent occurred)) Handle(occurred, now);
            for (int i = 0; i < frames && !_peer.IsClosed; i++)
            {
                _socket.Get(i, out Span<byte> frame, out TcpConnectionId from);
                if (Find(from) is not { } way) continue;
                _peer.Receive(frame, new TransportPath(Base, way.Candidate.Address), now);
                afterEach(now);
            }
            if (frames == 0) break;
        }
        if (_socket.NextTimeout <= now) _socket.HandleTimeout(now);
        foreach (Way way in _ways)
        {
            if (way.NextTry <= now) Connect(way, now);
        }
    }

    /// <summary>
    /// Queues a datagram. Without an open connection to <paramref name="remote"/> the datagram is lost, as it can be on any network.
    /// </summary>
    public void Send(TransportAddress remote, ReadOnlySpan<byte> datagram, Instant now)
    {
        foreach (Way way in _ways)
        {
            if (!way.IsOpen || way.Candidate.Address != remote) continue;
            TcpFrameClass frameClass = DatagramDemultiplexer.Classify(datagram) is DatagramKind.Rtp or DatagramKind.Rtcp
                ? TcpFrameClass.Media : TcpFrameClass.Control;
            _socket.Send(way.Connection, datagram, frameClass, now);
            return;
        }
    }

    public void Flush(Instant now) => _socket.Flush(now);

    private void Connect(Way way, Instant now)
    {
        way.NextTry = Instant.Never;
        way.Connection = _socket.Connect(way.Candidate.Address, now);
    }

    private void Handle(TcpEvent occurred, Instant now)
    {
        if (Find(occurred.Connection) is not { } way) return;
        var path = new TransportPath(Base, way.Candidate.Address);
        if (occurred.Kind == TcpEventKind.Connected)
        {
            way.IsOpen = true;
            way.Failures = 0;
            if (way.WasOpen) Reconnects++;
            // The relay accepts only a check as the first frame of a connection.
            if (way.WasOpen) _peer.CheckAgain(path, now);
            else _peer.AddRemoteCandidate(way.Candidate, Base);
            way.WasOpen = true;
        }
        else if (occurred.Kind == TcpEventKind.Closed)
        {
            way.IsOpen = false;
            // UDP carries the call. The relay closed this connection because it saw no checks, and nobody needs it.
            if (_peer.SelectedPath is { Base: not Base }) return;
            way.NextTry = now + Pauses[Math.Min(way.Failures, Pauses.Length - 1)];
            way.Failures++;
        }
    }

    private Way? Find(TcpConnectionId connection)
    {
        foreach (Way way in _ways)
        {
            if (way.Connection == connection) return way;
        }
        return null;
    }

    public void Dispose() => _socket.Dispose();
}
