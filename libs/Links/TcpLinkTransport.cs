using Dapr.Voice.Steering;
using Dapr.Voice.Tcp;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

/// <summary>
/// Carries links over TCP connections. Each unit follows a 16-bit length. A connection fills two units at a time. One holds audio and is
/// dropped once the audio is too old to be useful. The other holds everything else and is never dropped: a peer that does not read it is
/// disconnected. A peer that stalls therefore costs a bounded amount of memory and never blocks the thread.
/// <para>An incoming connection has <see cref="AdmissionTime"/> until <see cref="Admit"/> must have been called. At most <see
/// cref="MaximumStrangers"/> connections may be unadmitted; a further one replaces the oldest.</para>
/// </summary>
public sealed class TcpLinkTransport : LinkTransport
{
    /// <summary>Time for the handshake, which takes one round trip. A connection that has not completed it by then is closed.</summary>
    public static readonly TimeSpan AdmissionTime = TimeSpan.FromSeconds(2);

    /// <summary>The most connections without a completed handshake. All relays fit at once after a restart.</summary>
    public const int MaximumStrangers = 2 * LinkAcceptor.MaximumLinks;

    /// <summary>
    /// The most bytes that wait for one peer. For control frames this is room for full announcements and thousands of GONE frames; for
    /// audio it is one second of some hundred calls.
    /// </summary>
    public const int QueueBytes = 1024 * 1024;

    /// <summary>
    /// The discard-only prefix 100::/64 of RFC 6666. No packet ever comes from there, so a name for a connection cannot be mistaken for an
    /// address. The lower 64 bits hold the generation and the index of the connection.
    /// </summary>
    private const ulong ConnectionPrefix = 0x0100_0000_0000_0000;

    private readonly TcpFrameSocket _socket;
    private readonly Peer?[] _peers;
    private readonly int[] _dirty;
    private readonly Queue<LinkTransportEvent> _events = new();
    private int _dirtyCount, _strangerCount;
    private Instant _nextExpiry = Instant.Never;
    private long _sendDrops, _noHandshake, _tooManyStrangers, _linkEnded;

    private TcpLinkTransport(TcpFrameSocket socket, int maximumConnections)
    {
        _socket = socket;
        _peers = new Peer?[maximumConnections];
        _dirty = new int[maximumConnections];
    }

    public override LinkScheme Scheme => LinkScheme.Tcp;
    public override TransportAddress LocalAddress => _socket.LocalAddress;
    public override int Descriptor => _socket.Descriptor;

    /// <summary>The number of connections now, including those that are being established.</summary>
    public int Open => _socket.Counters.Open;

    public override LinkTransportCounters Counters => new(
        _socket.Counters.FramesReceived, _socket.Counters.FramesSent, 0, Volatile.Read(ref _sendDrops), _socket.Counters.MediaDropped,
        _socket.Counters.Oversized + Oversized, 0, _socket.QueuedBytes);

    public override Instant NextTimeout => Instant.Min(_socket.NextTimeout, _nextExpiry);

    /// <summary>
    /// Adds three reasons to those of <see cref="TcpCloseReason"/>: the handshake was not completed, too many connections had not completed
    /// it, or the link went down or moved to another connection.
    /// </summary>
    public override IEnumerable<KeyValuePair<string, long>> Closes
    {
        get
        {
            yield return new("NoHandshake", Volatile.Read(ref _noHandshake));
            yield return new("TooManyStrangers", Volatile.Read(ref _tooManyStrangers));
            yield return new("LinkEnded", Volatile.Read(ref _linkEnded));
            foreach (TcpCloseReason reason in Enum.GetValues<TcpCloseReason>())
            {
                if (reason != TcpCloseReason.Local) yield return new(reason.ToString(), _socket.Counters.Closes(reason));
            }
        }
    }

    /// <summary>Creates a transceiver's transport, which accepts connections.</summary>
    /// <param name="local">The address to bind. Port 0 chooses a free port.</param>
    /// <exception cref="PortBindException">The address is not available.</exception>
    public static TcpLinkTransport Listen(TransportAddress local)
    {
        // One turn's accepts come on top of the bound, so that a relay among them is not refused because strangers hold all places.
        TcpLinkTransport transport = Create(LinkAcceptor.MaximumLinks + MaximumStrangers + new TcpFrameSocketOptions().AcceptsPerTurn);
        try
        {
            transport._socket.Listen(local);
            return transport;
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    /// <summary>Creates a relay's transport, which makes connections.</summary>
    public static TcpLinkTransport Create(int maximumConnections) => new(
        TcpFrameSocket.Create(new TcpFrameSocketOptions
        {
            MaximumConnections = maximumConnections,
            MaximumFrameBytes = MaximumFrameBytes,
            QueueBytes = QueueBytes,
            TotalQueueBytes = 32 * 1024 * 1024,
            // A batch is one write. Audio for a stalled peer waits here, where it can be dropped, and not in the kernel.
            NotSentLowWater = 16 * 1024,
            // A hundred calls to a zone 5 ms away have 60 kB in flight.
            SendBufferBytes = 128 * 1024,
            ReceiveBudgetBytes = 128 * 1024,
            ReceiveBytesPerConnection = 32 * 1024,
            SlowFrameTime = LinkTiming.DownAfter,
            ConnectTime = LinkTiming.DownAfter,
        }),
        maximumConnections);

    public override TransportAddress Connect(TransportAddress remote, Instant now)
    {
        TcpConnectionId connection = _socket.Connect(remote, now);
        if (connection.IsNone) return default;
        Begin(connection);
        return NameOf(connection);
    }

    public override int Receive(Instant now)
    {
        int count = _socket.Receive(now);
        while (_socket.TryTakeEvent(out TcpEvent occurred)) Note(occurred, now);
        return count;
    }

    public override void Get(int index, out Span<byte> unit, out TransportAddress from)
    {
        _socket.Get(index, out unit, out TcpConnectionId connection);
        from = NameOf(connection);
    }

    public override void SendControl(TransportAddress to, ReadOnlySpan<byte> unit, Instant now)
    {
        if (Find(to) is not { } peer)
        {
            CountDrop();
            return;
        }
        // Packets queued earlier must leave earlier: a packet that follows its session's GONE would create the relay's flow again.
        Send(peer, ref peer.Audio, TcpFrameClass.Media, now);
        Send(peer, ref peer.Other, TcpFrameClass.Control, now);
        if (!_socket.Send(peer.Connection, unit, TcpFrameClass.Control, now)) CountDrop();
    }

    public override void Flush(Instant now)
    {
        for (int i = 0; i < _dirtyCount; i++)
        {
            Peer peer = _peers[_dirty[i]]!;
            peer.IsDirty = false;
            if (!peer.IsOpen) continue;
            Send(peer, ref peer.Other, TcpFrameClass.Control, now);
            Send(peer, ref peer.Audio, TcpFrameClass.Media, now);
        }
        _dirtyCount = 0;
        _socket.Flush(now);
        // A connection that broke while sending is reported now, not with the next packet.
        while (_socket.TryTakeEvent(out TcpEvent occurred)) Note(occurred, now);
    }

    public override bool TryTakeEvent(out LinkTransportEvent occurred) => _events.TryDequeue(out occurred);

    public override void Admit(TransportAddress peer)
    {
        if (Find(peer) is not { IsStranger: true } stranger) return;
        stranger.IsStranger = false;
        _strangerCount--;
    }

    public override void Close(TransportAddress peer)
    {
        if (Find(peer) is { } closed) End(closed, ref _linkEnded);
    }

    public override void HandleTimeout(Instant now)
    {
        if (now >= _nextExpiry) ExpelStrangers(now);
        _socket.HandleTimeout(now);
        while (_socket.TryTakeEvent(out TcpEvent occurred)) Note(occurred, now);
    }

    public override void Dispose() => _socket.Dispose();

    protected override bool TryAppendCore(
        ref OpenDatagram open, TransportAddress to, int length, bool isAudio, Instant now, out Span<byte> room)
    {
        room = default;
        if (Find(to) is not { } peer)
        {
            CountDrop();
            return false;
        }
        ref OpenUnit unit = ref isAudio ? ref peer.Audio : ref peer.Other;
        if (unit.Length > 0 && unit.Length + length > LinkFrame.CoalescedBytes)
            Send(peer, ref unit, isAudio ? TcpFrameClass.Media : TcpFrameClass.Control, now);
        unit.Bytes ??= new byte[MaximumFrameBytes];
        room = unit.Bytes.AsSpan(unit.Length, length);
        unit.Length += length;
        if (peer.IsDirty) return true;
        peer.IsDirty = true;
        _dirty[_dirtyCount++] = peer.Connection.Index;
        return true;
    }

    private static TransportAddress NameOf(TcpConnectionId connection)
        => new(ConnectionPrefix, ((ulong)connection.Generation << 32) | (uint)connection.Index, 0);

    private Peer? Find(TransportAddress name)
    {
        uint index = (uint)name.Low;
        return index < (uint)_peers.Length && _peers[index] is { IsOpen: true } peer && peer.Connection.Generation == (uint)(name.Low >> 32)
            && name.High == ConnectionPrefix ? peer : null;
    }

    private Peer Begin(TcpConnectionId connection)
    {
        Peer peer = _peers[connection.Index] ??= new Peer();
        peer.Connection = connection;
        peer.IsOpen = true;
        peer.IsStranger = false;
        peer.Audio.Length = peer.Other.Length = 0;
        return peer;
    }

    private void Note(TcpEvent occurred, Instant now)
    {
        switch (occurred.Kind)
        {
            case TcpEventKind.Accepted:
                if (_strangerCount >= MaximumStrangers) ExpelOldestStranger();
                Peer stranger = Begin(occurred.Connection);
                stranger.IsStranger = true;
                stranger.AdmitUntil = now + AdmissionTime;
                _strangerCount++;
                _nextExpiry = Instant.Min(_nextExpiry, stranger.AdmitUntil);
                break;
            case TcpEventKind.Connected:
                _events.Enqueue(new LinkTransportEvent(LinkTransportEventKind.Connected, NameOf(occurred.Connection)));
                break;
            case TcpEventKind.Closed:
                if (_peers[occurred.Connection.Index] is not { IsOpen: true } peer || peer.Connection != occurred.Connection) break;
                Forget(peer);
                _events.Enqueue(new LinkTransportEvent(LinkTransportEventKind.Closed, NameOf(occurred.Connection)));
                break;
        }
    }

    private void ExpelStrangers(Instant now)
    {
        _nextExpiry = Instant.Never;
        foreach (Peer? peer in _peers)
        {
            if (peer is not { IsOpen: true, IsStranger: true }) continue;
            if (now >= peer.AdmitUntil) Expel(peer, ref _noHandshake);
            else _nextExpiry = Instant.Min(_nextExpiry, peer.AdmitUntil);
        }
    }

    private void ExpelOldestStranger()
    {
        Peer? oldest = null;
        foreach (Peer? peer in _peers)
        {
            if (peer is { IsOpen: true, IsStranger: true } && (oldest is null || peer.AdmitUntil < oldest.AdmitUntil)) oldest = peer;
        }
        if (oldest is not null) Expel(oldest, ref _tooManyStrangers);
    }

    /// <summary>Closes a connection and reports it to the owner, who did not ask for it.</summary>
    private void Expel(Peer peer, ref long counter)
    {
        TransportAddress name = NameOf(peer.Connection);
        End(peer, ref counter);
        _events.Enqueue(new LinkTransportEvent(LinkTransportEventKind.Closed, name));
    }

    private void End(Peer peer, ref long counter)
    {
        Volatile.Write(ref counter, counter + 1);
        Forget(peer);
        _socket.Close(peer.Connection);
    }

    private void Forget(Peer peer)
    {
        peer.IsOpen = false;
        if (peer.IsStranger) _strangerCount--;
        peer.IsStranger = false;
    }

    private void Send(Peer peer, ref OpenUnit unit, TcpFrameClass unitClass, Instant now)
    {
        if (unit.Length == 0) return;
        if (!_socket.Send(peer.Connection, unit.Bytes.AsSpan(0, unit.Length), unitClass, now)) CountDrop();
        unit.Length = 0;
    }

    private void CountDrop() => Volatile.Write(ref _sendDrops, _sendDrops + 1);

    private struct OpenUnit
    {
        /// <summary>Allocated at the first use and kept for later connections in this slot.</summary>
        public byte[]? Bytes;
        public int Length;
    }

    /// <summary>The state of one connection slot.</summary>
    private sealed class Peer
    {
        public OpenUnit Audio, Other;
        public TcpConnectionId Connection;
        public Instant AdmitUntil;
        public bool IsOpen, IsStranger, IsDirty;
    }
}
