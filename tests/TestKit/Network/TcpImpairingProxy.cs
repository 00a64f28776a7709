using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Wire;

namespace Dapr.Voice.TestKit.Network;

/// <summary>
/// A proxy between callers and a relay's TCP port, on loopback. It does not read what cannot pass, so that this data waits at the sender.
/// </summary>
public sealed class TcpImpairingProxy : ImpairingProxy
{
    /// <summary>The most connections at a time. Further connections are closed.</summary>
    public const int MaximumConnections = 256;

    /// <summary>How much is read at once: a segment of an Ethernet, so that rate and jitter work on what a network would carry.</summary>
    private const int ChunkBytes = 1460;

    private readonly Socket _listener;
    private readonly byte[] _buffer = new byte[ChunkBytes];
    // Guarded by the base's lock.
    private readonly List<Connection> _connections = [];
    private LinkCounters _closedUp, _closedDown;
    private int _accepted;

    private sealed class Connection(Socket client, Socket upstream, ImpairedLink up, ImpairedLink down)
    {
        public Half Up { get; } = new(client, upstream, up);
        public Half Down { get; } = new(upstream, client, down);
        public bool IsBroken { get; set; }

        public void Close(bool isReset)
        {
            foreach (Socket? socket in new[] { Up.From, Down.From })
            {
                if (isReset) socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }
        }
    }

    private sealed class Half(Socket from, Socket to, ImpairedLink link)
    {
        public Socket From { get; } = from;
        public Socket To { get; } = to;
        public ImpairedLink Link { get; } = link;
        public byte[] Chunk { get; set; } = [];
        public int Written { get; set; }
        public bool HasEnded { get; set; }
        public bool IsShutDown { get; set; }
    }

    private TcpImpairingProxy(IPEndPoint upstream, ProxyOptions options) : base(upstream, options, "tcp proxy")
    {
        _listener = options.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
        _listener.Blocking = false;
        // This must come before listening: the window that is announced at the start depends on it.
        _listener.ReceiveBufferSize = _listener.SendBufferSize = options.SocketBufferBytes;
        _listener.Bind(options.Listen);
        _listener.Listen(16);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
    }

    /// <summary>The number of connections that were accepted so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    public static TcpImpairingProxy Start(IPEndPoint upstream, ProxyOptions? options = null)
    {
        var proxy = new TcpImpairingProxy(upstream, options ?? new ProxyOptions());
        proxy.Start();
        return proxy;
    }

    private protected override IEnumerable<ImpairedLink> Links(ProxyDirection direction)
    {
        foreach (Connection connection in _connections)
        {
            if (direction.HasFlag(ProxyDirection.Up)) yield return connection.Up.Link;
            if (direction.HasFlag(ProxyDirection.Down)) yield return connection.Down.Link;
        }
    }

    private protected override LinkCounters Count(bool up)
    {
        LinkCounters sum = up ? _closedUp : _closedDown;
        foreach (Connection connection in _connections) sum += (up ? connection.Up : connection.Down).Link.Counters;
        return sum;
    }

    private protected override void ChangeAddressCore()
    {
        foreach (Connection connection in _connections) Forget(connection, isReset: true);
        _connections.Clear();
    }

    private protected override void AddReadable(List<Socket> sockets)
    {
        sockets.Add(_listener);
        foreach (Connection connection in _connections)
        {
            foreach (Half? half in new[] { connection.Up, connection.Down })
            {
                // A socket that is not to be read would wake us again and again.
                if (MayRead(half, Now)) sockets.Add(half.From);
            }
        }
    }

    private protected override void Step(Instant now)
    {
        while (_listener.Poll(0, SelectMode.SelectRead)) Accept();
        for (int i = _connections.Count - 1; i >= 0; i--)
        {
            Connection connection = _connections[i];
            Move(connection, connection.Up, now);
            if (!connection.IsBroken) Move(connection, connection.Down, now);
            if (!connection.IsBroken && !(connection.Up.IsShutDown && connection.Down.IsShutDown)) continue;
            Forget(connection, isReset: connection.IsBroken);
            _connections.RemoveAt(i);
        }
    }

    private protected override void Close()
    {
        _listener.Dispose();
        foreach (Connection connection in _connections) connection.Close(isReset: true);
    }

    private static bool MayRead(Half half, Instant now) => !half.HasEnded && !half.Link.IsStalled && half.Link.HasRoom(ChunkBytes, now);

    private void Accept()
    {
        Socket client = _listener.Accept();
        if (_connections.Count == MaximumConnections)
        {
            client.Dispose();
            return;
        }
        Socket upstream = Options.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
        upstream.ReceiveBufferSize = upstream.SendBufferSize = Options.SocketBufferBytes;
        try
        {
            // On loopback a connection is established or refused at once.
            upstream.Connect(Upstream);
        }
        catch (SocketException)
        {
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
            upstream.Dispose();
            return;
        }
        client.Blocking = upstream.Blocking = false;
        client.NoDelay = upstream.NoDelay = true;
        int number = _accepted;
        _connections.Add(
            new Connection(client, upstream, NewLink(up: true, number, isStream: true), NewLink(up: false, number, isStream: true)));
        Volatile.Write(ref _accepted, number + 1);
    }

    private void Move(Connection connection, Half half, Instant now)
    {
        while (MayRead(half, now))
        {
            int read = half.From.Receive(_buffer, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock) break;
            if (error != SocketError.Success)
            {
                connection.IsBroken = true;
                return;
            }
            if (read == 0) half.HasEnded = true;
            else half.Link.Offer(_buffer.AsSpan(0, read), now);
        }
        while (true)
        {
            if (half.Written == half.Chunk.Length)
            {
                half.Written = 0;
                if (half.Link.TryTake(now, out byte[] chunk)) half.Chunk = chunk;
                else
                {
                    half.Chunk = [];
                    break;
                }
            }
            int written = half.To.Send(half.Chunk.AsSpan(half.Written), SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock) return;
            if (error != SocketError.Success)
            {
                connection.IsBroken = true;
                return;
            }
            half.Written += written;
        }
        if (!half.HasEnded || half.IsShutDown || !half.Link.IsEmpty) return;
        half.IsShutDown = true;
        half.To.Shutdown(SocketShutdown.Send);
    }

    private void Forget(Connection connection, bool isReset)
    {
        _closedUp += connection.Up.Link.Counters;
        _closedDown += connection.Down.Link.Counters;
        connection.Close(isReset);
    }
}
