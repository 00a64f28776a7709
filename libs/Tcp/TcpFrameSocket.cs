using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tcp;

/// <summary>
/// The TCP connections of one thread, accepted and outgoing, behind one epoll descriptor. They carry frames behind a 16-bit length (RFC
/// 4571): the packets of ICE-TCP, or link frames. One system call writes many frames. One thread owns it. Nothing on the packet path throws
/// or allocates, and no peer can block another: a failure ends one connection and is counted.
/// </summary>
/// <remarks>
/// A turn waits for <see cref="Descriptor"/> until <see cref="NextTimeout"/>, calls <see cref="Receive"/>, handles each frame with <see
/// cref="Get"/> and <see cref="Send"/>, then calls <see cref="TryTakeEvent"/> until false, <see cref="HandleTimeout"/>, and <see
/// cref="Flush"/>. Frames come before events because a connection's last frames may arrive in the turn in which it ends. No frame arrives
/// in the turn in which a connection begins.
/// </remarks>
public sealed unsafe class TcpFrameSocket : IDisposable
{
    private const int EventsPerWait = 64;
    private const int Backlog = 4096;

    /// <summary>Vectors per system call. The kernel's limit is 1,024.</summary>
    private const int VectorsPerWrite = 64;

    /// <summary>
    /// The fraction of connections whose deadlines one turn checks, so that a turn stays short. A full round takes 0.4 s.
    /// </summary>
    private const int SweepParts = 8;
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>The time that <see cref="CloseWhenSent"/> leaves for what is still queued.</summary>
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(1);

    private readonly TcpFrameSocketOptions _options;
    private readonly DescriptorHandle _epoll;
    private readonly List<TcpListener> _listeners = [];
    private readonly Connection?[] _connections;
    private readonly Stack<int> _free;
    private readonly BlockPool _partials, _queued;
    private readonly Queue<TcpEvent> _events = new();
    private readonly int[] _dirty;
    private readonly ReceivedFrame[] _frames;
    private readonly byte* _arena, _waited;
    private int _dirtyCount, _frameCount, _waitedCount, _waitedAt, _sweepAt, _end;
    // Connections with a deadline: an incomplete frame, an attempt, or a close. If there is none, no timer runs.
    private int _timed;
    private Instant _nextSweep = Instant.Never;
    private bool _isDisposed;

    private TcpFrameSocket(TcpFrameSocketOptions options, DescriptorHandle epoll)
    {
        _options = options;
        _epoll = epoll;
        _connections = new Connection?[options.MaximumConnections];
        _free = new Stack<int>(options.MaximumConnections);
        for (int i = options.MaximumConnections - 1; i >= 0; i--) _free.Push(i);
        _dirty = new int[options.MaximumConnections];
        int partialBytes = (FrameAssembler.PrefixLength + options.MaximumFrameBytes + 63) & ~63;
        _partials = new BlockPool(partialBytes, options.MaximumConnections);
        int queueBlock = Math.Max(4096, (FrameQueue.Overhead + options.MaximumFrameBytes + 63) & ~63);
        _queued = new BlockPool(queueBlock, Math.Max(1, options.TotalQueueBytes / queueBlock));
        // The shortest frame with content has three bytes.
        _frames = new ReceivedFrame[(ArenaBytes / (FrameAssembler.PrefixLength + 1)) + 1];
        _arena = (byte*)NativeMemory.Alloc((nuint)ArenaBytes);
        _waited = (byte*)NativeMemory.Alloc((nuint)(EventsPerWait * LibC.EpollEventSize));
    }

    public TcpSocketCounters Counters { get; } = new();

    /// <summary>
    /// Readable when <see cref="Receive"/> or <see cref="Flush"/> has work to do. Hand it to a <see cref="SocketPoller"/>.
    /// </summary>
    public int Descriptor => _epoll.Number;

    /// <summary>The address of the first listener with its actual port. Default if there is no listener.</summary>
    public TransportAddress LocalAddress => _listeners.Count > 0 ? _listeners[0].LocalAddress : default;

    /// <summary>
    /// The memory that queued frames use now, in whole blocks; at most <see cref="TcpFrameSocketOptions.TotalQueueBytes"/>. Any thread may
    /// read it.
    /// </summary>
    public long QueuedBytes => (long)_queued.Rented * _queued.BlockBytes;

    /// <summary>When <see cref="HandleTimeout"/> has work to do.</summary>
    public Instant NextTimeout => _nextSweep;

    private int ArenaBytes => Math.Max(_options.ReceiveBudgetBytes, _options.ReceiveBytesPerConnection + PartialRoom);
    private int PartialRoom => FrameAssembler.PrefixLength + _options.MaximumFrameBytes;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">Not a 64-bit Linux.</exception>
    public static TcpFrameSocket Create(TcpFrameSocketOptions? options = null)
    {
        options ??= new TcpFrameSocketOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumConnections, 1, nameof(options.MaximumConnections));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaximumConnections, 1 << 20, nameof(options.MaximumConnections));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumFrameBytes, 1, nameof(options.MaximumFrameBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaximumFrameBytes, ushort.MaxValue, nameof(options.MaximumFrameBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(
            options.QueueBytes, FrameQueue.Overhead + options.MaximumFrameBytes, nameof(options.QueueBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TotalQueueBytes, options.QueueBytes, nameof(options.TotalQueueBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReceiveBytesPerConnection, 512, nameof(options.ReceiveBytesPerConnection));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.AcceptsPerTurn, 1, nameof(options.AcceptsPerTurn));
        UdpPlatform.Require();
        var epoll = new DescriptorHandle(LibC.epoll_create1(LibC.EPOLL_CLOEXEC));
        if (epoll.IsInvalid)
            throw new IOException($"epoll_create1 failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        return new TcpFrameSocket(options, epoll);
    }

    /// <summary>
    /// Listens at an address. Several sockets of this process may share the address; the kernel distributes the connections.
    /// </summary>
    /// <param name="local">The address to bind. Port 0 chooses a free port. An IPv6 wildcard address accepts IPv4 as well.</param>
    /// <exception cref="PortBindException">The address is not available.</exception>
    public void Listen(TransportAddress local)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Add(TcpListener.Open(local, Backlog, SetOptions));
    }

    /// <summary>
    /// Accepts connections from a socket that already listens (<see cref="InheritedSockets"/>), and owns it from now on.
    /// </summary>
    /// <exception cref="PortBindException">The socket does not listen at that address.</exception>
    public void Adopt(int descriptor, TransportAddress local)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Add(TcpListener.Adopt(descriptor, local, SetOptions));
    }

    /// <summary>Stops accepting until the given time. New connections wait in the backlog.</summary>
    public void Rest(Instant until)
    {
        for (int i = 0; i < _listeners.Count; i++) Rest(_listeners[i], i, until);
    }

    /// <summary>Starts accepting again.</summary>
    public void Wake()
    {
        for (int i = 0; i < _listeners.Count; i++) Wake(_listeners[i], i);
    }

    /// <summary>
    /// Starts a connection. Frames sent before it is established wait. <see cref="TcpEventKind.Connected"/> or <see
    /// cref="TcpEventKind.Closed"/> follows.
    /// </summary>
    /// <returns>No connection if all slots are in use or the system has no descriptor left. Both cases are counted as closed
    /// connections.</returns>
    public TcpConnectionId Connect(TransportAddress remote, Instant now)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_free.Count == 0) return Refuse(TcpCloseReason.Limit);
        var socket = new DescriptorHandle(
            LibC.socket(remote.IsIPv4 ? LibC.AF_INET : LibC.AF_INET6, LibC.SOCK_STREAM | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, 0));
        if (socket.IsInvalid) return Refuse(TcpCloseReason.Failed);
        SetOptions(socket.Number);
        byte* name = stackalloc byte[32];
        uint length = SocketAddressCodec.Write(name, remote, !remote.IsIPv4);
        int error = LibC.connect(socket.Number, name, length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        TcpConnectionId id = Take(socket, remote);
        if (error is not (0 or LibC.EINPROGRESS))
        {
            End(id.Index, ReasonOf(error));
            return id;
        }
        // The socket becomes writable whether it connected at once or later.
        Connection connection = _connections[id.Index]!;
        connection.IsConnecting = true;
        connection.Deadline = now + _options.ConnectTime;
        Time(now);
        LibC.epoll_ctl(Descriptor, LibC.EPOLL_CTL_ADD, socket.Number, LibC.EPOLLIN | LibC.EPOLLOUT, DataOf(id));
        return id;
    }

    /// <summary>
    /// Accepts connections and reads a bounded amount, a little from each ready connection in turn. If more is waiting, <see
    /// cref="Descriptor"/> is ready again at once. Frames stay valid until the next call. A connection's <see
    /// cref="TcpEventKind.Accepted"/> comes in an earlier call than its first frame.
    /// </summary>
    /// <returns>The number of frames.</returns>
    public int Receive(Instant now)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _frameCount = 0;
        int used = 0;
        bool isAsked = false, hasAccepted = false;
        // Connections that the last turn had no budget for come first, because the kernel lists a small set in the same order each time.
        while (true)
        {
            if (_waitedAt == _waitedCount)
            {
                // A second query would list the connections just accepted, which the owner has not been told of yet.
                if (isAsked || hasAccepted) break;
                isAsked = true;
                _waitedAt = 0;
                _waitedCount = Math.Max(0, LibC.epoll_wait(Descriptor, _waited, EventsPerWait, 0));
                if (_waitedCount == 0) break;
            }
            if (ArenaBytes - used < PartialRoom + _options.ReceiveBytesPerConnection) break;
            (uint events, ulong data) = LibC.EpollEvent(_waited, _waitedAt++);
            int index = (int)(uint)data;
            if (index >= _connections.Length)
            {
                Accept(_listeners[index - _connections.Length], index - _connections.Length, now);
                hasAccepted = true;
            }
            else if (_connections[index] is { IsOpen: true } connection && connection.Generation == (uint)(data >> 32))
            Serve(index, connection, events, ref used, now);
        }
        return _frameCount;
    }

    /// <summary>Gets a frame of the last <see cref="Receive"/>. It is never empty. Its connection may have closed meanwhile.</summary>
    /// <param name="frame">The frame's bytes, writable.</param>
    public void Get(int index, out Span<byte> frame, out TcpConnectionId from)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_frameCount, nameof(index));
        ref readonly ReceivedFrame received = ref _frames[index];
        frame = new Span<byte>(_arena + received.Start, received.Length);
        from = received.From;
    }

    /// <summary>Takes the next event of a connection, in order.</summary>
    public bool TryTakeEvent(out TcpEvent occurred) => _events.TryDequeue(out occurred);

    /// <summary>Queues a frame. The next <see cref="Flush"/> writes it.</summary>
    /// <returns>False if the frame was not queued: the connection does not exist, the frame is too long, or there is no room. If there is
    /// no room for a control frame, its connection is closed.</returns>
    public bool Send(TcpConnectionId to, ReadOnlySpan<byte> frame, TcpFrameClass frameClass, Instant now)
    {
        if (Find(to) is not { IsClosing: false } connection) return false;
        if (frame.IsEmpty || frame.Length > _options.MaximumFrameBytes)
        {
            Counters.OversizedCount++;
            return false;
        }
        // While the kernel accepts nothing there are no writes, but waiting media still becomes old.
        Counters.MediaTooOldCount += connection.Queue.DropOld(now);
        bool isAdded = connection.Queue.TryAdd(frame, frameClass, now, out int dropped);
        Counters.MediaNoRoomCount += dropped;
        if (isAdded) MarkDirty(to.Index, connection);
        else if (frameClass == TcpFrameClass.Control) End(to.Index, TcpCloseReason.QueueFull);
        return isAdded;
    }

    /// <summary>Writes queued frames as far as the kernel accepts them. The rest keeps waiting.</summary>
    public void Flush(Instant now)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        for (int i = 0; i < _dirtyCount; i++)
        {
            int index = _dirty[i];
            if (_connections[index] is not { IsDirty: true } connection) continue;
            connection.IsDirty = false;
            if (connection is { IsOpen: true, IsBlocked: false, IsConnecting: false }) Write(index, connection, now);
        }
        _dirtyCount = 0;
    }

    /// <summary>
    /// Closes a connection now and discards its queue. <see cref="TcpEventKind.Closed"/> follows. Does nothing if the connection has ended.
    /// </summary>
    public void Close(TcpConnectionId connection, TcpCloseReason reason = TcpCloseReason.Local)
    {
        if (Find(connection) is not null) End(connection.Index, reason);
    }

    /// <summary>Closes a connection once its queue is written, or after one second. It exchanges no more frames.</summary>
    public void CloseWhenSent(TcpConnectionId connection, Instant now, TcpCloseReason reason = TcpCloseReason.Local)
    {
        if (Find(connection) is not { IsClosing: false } closing) return;
        if (closing.IsConnecting || closing.Queue.IsEmpty)
        {
            End(connection.Index, reason);
            return;
        }
        Untime(closing);
        closing.Assembler.Reset();
        closing.IsClosing = true;
        closing.CloseReason = reason;
        closing.Deadline = now + ClosingTime;
        Time(now);
        // Nothing is read any more, so a readable socket must not wake the thread.
        LibC.epoll_ctl(Descriptor, LibC.EPOLL_CTL_MOD, closing.Handle!.Number, LibC.EPOLLOUT, DataOf(connection));
    }

    /// <summary>The peer's address. Default if the connection has ended.</summary>
    public TransportAddress RemoteOf(TcpConnectionId connection) => Find(connection)?.Remote ?? default;

    /// <summary>Closes connections that missed their deadline, and lets paused listeners accept again.</summary>
    public void HandleTimeout(Instant now)
    {
        if (now < _nextSweep) return;
        bool isResting = false;
        for (int i = 0; i < _listeners.Count; i++)
        {
            TcpListener listener = _listeners[i];
            if (!listener.IsResting) continue;
            if (now >= listener.RestsUntil) Wake(listener, i);
            isResting |= listener.IsResting;
        }
        int part = (_end + SweepParts - 1) / SweepParts;
        for (int i = 0; i < part && _timed > 0; i++)
        {
            if (_sweepAt >= _end) _sweepAt = 0;
            if (_connections[_sweepAt] is { IsOpen: true } connection) HandleDeadline(_sweepAt, connection, now);
            _sweepAt++;
        }
        _nextSweep = _timed > 0 || isResting ? now + SweepInterval : Instant.Never;
    }

    /// <summary>Closes everything. The owning thread must have left its loop.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (Connection? connection in _connections) connection?.Handle?.Dispose();
        foreach (TcpListener listener in _listeners) listener.Dispose();
        _epoll.Dispose();
        _partials.Dispose();
        _queued.Dispose();
        NativeMemory.Free(_arena);
        NativeMemory.Free(_waited);
    }

    /// <summary>The socket options of a connection: TCP_NODELAY, TCP_NOTSENT_LOWAT in bytes, TCP_USER_TIMEOUT in ms.</summary>
    internal (int NoDelay, int NotSentLowWater, int UserTimeout) KernelOptionsOf(TcpConnectionId connection)
    {
        int socket = Find(connection)!.Handle!.Number;
        return (TcpListener.Get(socket, LibC.TCP_NODELAY), TcpListener.Get(socket, LibC.TCP_NOTSENT_LOWAT),
            TcpListener.Get(socket, LibC.TCP_USER_TIMEOUT));
    }

    private static ulong DataOf(TcpConnectionId id) => ((ulong)id.Generation << 32) | (uint)id.Index;

    private ulong DataOfListener(int number) => (ulong)(_connections.Length + number);

    private static TcpCloseReason ReasonOf(int error) => error switch
    {
        LibC.ECONNRESET or LibC.EPIPE => TcpCloseReason.Reset,
        LibC.ETIMEDOUT => TcpCloseReason.TimedOut,
        LibC.ECONNREFUSED => TcpCloseReason.Refused,
        LibC.EHOSTUNREACH or LibC.ENETUNREACH or LibC.EADDRNOTAVAIL => TcpCloseReason.Unreachable,
        _ => TcpCloseReason.Failed,
    };

    /// <summary>Also set on a listener, because accepted connections inherit all of them.</summary>
    private void SetOptions(int socket)
    {
        TcpListener.Set(socket, LibC.IPPROTO_TCP, LibC.TCP_NODELAY, 1);
        TcpListener.Set(socket, LibC.IPPROTO_TCP, LibC.TCP_NOTSENT_LOWAT, _options.NotSentLowWater);
        TcpListener.Set(socket, LibC.IPPROTO_TCP, LibC.TCP_USER_TIMEOUT, (int)_options.UserTimeout.TotalMilliseconds);
        TcpListener.Set(socket, LibC.SOL_SOCKET, LibC.SO_SNDBUF, _options.SendBufferBytes);
    }

    private Connection? Find(TcpConnectionId id)
        => (uint)id.Index < (uint)_connections.Length && _connections[id.Index] is { IsOpen: true } connection
        && connection.Generation == id.Generation ? connection : null;

    private TcpConnectionId Refuse(TcpCloseReason reason)
    {
        Counters.CloseCounts[(int)reason]++;
        return default;
    }

    private TcpConnectionId Take(DescriptorHandle socket, TransportAddress remote)
    {
        int index = _free.Pop();
        Connection connection = _connections[index] ??= new Connection(
            new FrameAssembler(_partials, _options.MaximumFrameBytes),
            new FrameQueue(_queued, _options.QueueBytes, _options.MediaAgeLimit));
        connection.Handle = socket;
        connection.Remote = remote;
        if (++connection.Generation == 0) connection.Generation = 1;
        connection.IsConnecting = connection.IsBlocked = connection.IsClosing = false;
        _end = Math.Max(_end, index + 1);
        Counters.OpenCount++;
        return new TcpConnectionId(index, connection.Generation);
    }

    private void End(int index, TcpCloseReason reason)
    {
        Connection connection = _connections[index]!;
        Untime(connection);
        // Closing the descriptor also removes it from the epoll set.
        connection.Handle!.Dispose();
        connection.Handle = null;
        connection.Assembler.Reset();
        connection.Queue.Clear();
        _free.Push(index);
        Counters.OpenCount--;
        Counters.CloseCounts[(int)reason]++;
        _events.Enqueue(new TcpEvent(TcpEventKind.Closed, new TcpConnectionId(index, connection.Generation), reason));
    }

    private void Add(TcpListener listener)
    {
        _listeners.Add(listener);
        LibC.epoll_ctl(Descriptor, LibC.EPOLL_CTL_ADD, listener.Descriptor, LibC.EPOLLIN, DataOfListener(_listeners.Count - 1));
    }

    private void Rest(TcpListener listener, int number, Instant until)
    {
        (listener.IsResting, listener.RestsUntil) = (true, until);
        LibC.epoll_ctl(Descriptor, LibC.EPOLL_CTL_MOD, listener.Descriptor, 0, DataOfListener(number));
        _nextSweep = Instant.Min(_nextSweep, until);
    }

    private void Wake(TcpListener listener, int number)
    {
        if (!listener.IsResting) return;
        listener.IsResting = false;
        LibC.epoll_ctl(Descriptor, LibC.EPOLL_CTL_MOD, listener.Descriptor, LibC.EPOLLIN, DataOfListener(number));
    }

    private void Accept(TcpListener listener, int number, Instant now)
    {
        byte* name = stackalloc byte[32];
        for (int i = 0; i < _options.AcceptsPerTurn; i++)
        {
            uint length = 32;
            int descriptor = LibC.accept4(listener.Descriptor, name, &length, LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC);
            if (descriptor < 0)
            {
                int error = Marshal.GetLastSystemError();
                if (error is LibC.EMFILE or LibC.ENFILE or LibC.ENOBUFS or LibC.ENOMEM)
                {
                    // The connection stays in the backlog, so the listener would wake the thread again and again.
                    Counters.AcceptPauseCount++;
                    Rest(listener, number, now + _options.AcceptPause);
                    _nextSweep = Instant.Min(_nextSweep, now + SweepInterval);
                }
                // There is nothing more to accept, or the peer gave up meanwhile. The next listener's turn comes.
                return;
            }
            var socket = new DescriptorHandle(descriptor);
            if (_free.Count == 0 || !SocketAddressCodec.TryRead(name, length, out TransportAddress remote))
            {
                socket.Dispose();
                Refuse(TcpCloseReason.Limit);
                continue;
            }
            TcpConnectionId id = Take(socket, remote);
            LibC.epoll_ctl(Descriptor, LibC.EPOLL_CTL_ADD, descriptor, LibC.EPOLLIN, DataOf(id));
            Counters.AcceptedCount++;
            _events.Enqueue(new TcpEvent(TcpEventKind.Accepted, id));
        }
    }

    private void Serve(int index, Connection connection, uint events, ref int used, Instant now)
    {
        if (connection.IsConnecting)
        {
            if ((events & (LibC.EPOLLOUT | LibC.EPOLLERR | LibC.EPOLLHUP)) == 0) return;
            int error = 0;
            uint length = sizeof(int);
            LibC.getsockopt(connection.Handle!.Number, LibC.SOL_SOCKET, LibC.SO_ERROR, &error, &length);
            if (error != 0)
            {
                End(index, ReasonOf(error));
                return;
            }
            Untime(connection);
            connection.IsConnecting = false;
            Counters.ConnectedCount++;
            _events.Enqueue(new TcpEvent(TcpEventKind.Connected, new TcpConnectionId(index, connection.Generation)));
            Ask(index, connection, LibC.EPOLLIN);
            MarkDirty(index, connection);
        }
        else if ((events & LibC.EPOLLOUT) != 0)
        {
            connection.IsBlocked = false;
            if (!connection.IsClosing) Ask(index, connection, LibC.EPOLLIN);
            Write(index, connection, now);
            if (!connection.IsOpen) return;
        }
        if (connection.IsClosing)
        {
            if ((events & (LibC.EPOLLERR | LibC.EPOLLHUP)) != 0) End(index, connection.CloseReason);
            return;
        }
        if ((events & (LibC.EPOLLIN | LibC.EPOLLERR | LibC.EPOLLHUP)) != 0) Read(index, connection, ref used, now);
    }

    private void Read(int index, Connection connection, ref int used, Instant now)
    {
        var buffer = new Span<byte>(_arena + used, ArenaBytes - used);
        bool wasTimed = connection.Assembler.PartialSince != Instant.Never;
        int held = connection.Assembler.Begin(buffer);
        nint got = LibC.recv(connection.Handle!.Number, _arena + used + held, (nuint)_options.ReceiveBytesPerConnection, LibC.MSG_DONTWAIT);
        if (got <= 0)
        {
            int error = got == 0 ? 0 : Marshal.GetLastSystemError();
            if (got == 0) End(index, TcpCloseReason.PeerClosed);
            else if (error is not (LibC.EAGAIN or LibC.EINTR)) End(index, ReasonOf(error));
            return;
        }
        Span<byte> filled = buffer[..(held + (int)got)];
        var id = new TcpConnectionId(index, connection.Generation);
        long empty = connection.Assembler.EmptyFrames;
        int first = _frameCount;
        while (connection.Assembler.TryRead(filled, out int start, out int length))
            _frames[_frameCount++] = new ReceivedFrame(id, used + start, length);
        Counters.FramesReceivedCount += _frameCount - first;
        Counters.EmptyFrameCount += connection.Assembler.EmptyFrames - empty;
        used += filled.Length;
        if (connection.Assembler.IsBroken)
        {
            End(index, TcpCloseReason.FrameTooLong);
            return;
        }
        if (!connection.Assembler.End(filled, now))
        {
            End(index, TcpCloseReason.Failed);
            return;
        }
        bool isTimed = connection.Assembler.PartialSince != Instant.Never;
        if (isTimed && !wasTimed) Time(now);
        else if (wasTimed && !isTimed) _timed--;
    }

    private void Write(int index, Connection connection, Instant now)
    {
        LibC.iovec* vectors = stackalloc LibC.iovec[VectorsPerWrite];
        var message = new LibC.msghdr { msg_iov = vectors };
        Counters.MediaTooOldCount += connection.Queue.DropOld(now);
        // The kernel checks the low-water mark only between calls, so each call writes little more than that.
        int enough = Math.Max(_options.NotSentLowWater, 4096);
        while (!connection.Queue.IsEmpty)
        {
            int count = connection.Queue.Gather(new Span<LibC.iovec>(vectors, VectorsPerWrite), enough, out int bytes);
            message.msg_iovlen = (nuint)count;
            // MSG_EOR makes the next call start a new segment. Without it the kernel appends to the last segment, up to 64 kB, and checks
            // neither the low-water mark nor the buffer size (docs/decisions/0011).
            nint sent = LibC.sendmsg(connection.Handle!.Number, &message, LibC.MSG_DONTWAIT | LibC.MSG_NOSIGNAL | LibC.MSG_EOR);
            if (sent < 0)
            {
                int error = Marshal.GetLastSystemError();
                if (error == LibC.EINTR) continue;
                if (error == LibC.EAGAIN) Block(index, connection);
                else End(index, ReasonOf(error));
                return;
            }
            Counters.FramesSentCount += connection.Queue.Consume(sent);
            if (sent == bytes) continue;
            Block(index, connection);
            return;
        }
        if (connection.IsClosing) End(index, connection.CloseReason);
    }

    private void Block(int index, Connection connection)
    {
        connection.IsBlocked = true;
        Ask(index, connection, connection.IsClosing ? LibC.EPOLLOUT : LibC.EPOLLIN | LibC.EPOLLOUT);
    }

    private void Ask(int index, Connection connection, uint events)
        => LibC.epoll_ctl(Descriptor, LibC.EPOLL_CTL_MOD, connection.Handle!.Number, events,
        DataOf(new TcpConnectionId(index, connection.Generation)));

    private void MarkDirty(int index, Connection connection)
    {
        if (connection.IsDirty) return;
        connection.IsDirty = true;
        _dirty[_dirtyCount++] = index;
    }

    private void HandleDeadline(int index, Connection connection, Instant now)
    {
        if (connection.IsConnecting)
        {
            if (now >= connection.Deadline) End(index, TcpCloseReason.TimedOut);
        }
        else if (connection.IsClosing)
        {
            if (now >= connection.Deadline) End(index, connection.CloseReason);
        }
        else if (connection.Assembler.PartialSince is var since && since != Instant.Never && now - since >= _options.SlowFrameTime)
        {
            End(index, TcpCloseReason.SlowFrame);
        }
    }

    private void Time(Instant now)
    {
        _timed++;
        _nextSweep = Instant.Min(_nextSweep, now + SweepInterval);
    }

    private void Untime(Connection connection)
    {
        if (connection.IsConnecting || connection.IsClosing || connection.Assembler.PartialSince != Instant.Never) _timed--;
    }

    private readonly record struct ReceivedFrame(TcpConnectionId From, int Start, int Length);
}
