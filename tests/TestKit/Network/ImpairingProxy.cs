using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Wire;

namespace Dapr.Voice.TestKit.Network;

/// <summary>
/// The base of the two proxies: a thread that owns the sockets, and the commands of the test. All members may be called from any thread.
/// </summary>
public abstract class ImpairingProxy : IDisposable
{
    /// <summary>The longest wait for a socket, and so the longest delay of a command of the test.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(5);

    private readonly Thread _thread;
    private readonly Lock _lock = new();
    // Below: guarded by _lock.
    private bool _isEnding;

    private protected ImpairingProxy(IPEndPoint upstream, ProxyOptions options, string name)
    {
        Upstream = upstream;
        Options = options;
        options.Up.Check();
        options.Down.Check();
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>The address that clients use instead of the server's.</summary>
    public IPEndPoint EndPoint { get; private protected set; } = new(IPAddress.None, 0);

    /// <summary>The sum over all clients, from client to server.</summary>
    public LinkCounters Up
    {
        get { lock (_lock) return Count(up: true); }
    }

    /// <summary>The sum over all clients, from server to client.</summary>
    public LinkCounters Down
    {
        get { lock (_lock) return Count(up: false); }
    }

    private protected IPEndPoint Upstream { get; }
    private protected ProxyOptions Options { get; }

    /// <summary>Stops this direction until <see cref="Resume"/>.</summary>
    public void Stall(ProxyDirection direction)
    {
        lock (_lock)
        {
            foreach (ImpairedLink link in Links(direction)) link.Stall(Now);
            Stalled |= direction;
        }
    }

    public void Resume(ProxyDirection direction)
    {
        lock (_lock)
        {
            foreach (ImpairedLink link in Links(direction)) link.Resume(Now);
            Stalled &= ~direction;
        }
    }

    /// <summary>Changes the client's address. UDP continues from another port. TCP connections are reset.</summary>
    public void ChangeAddress()
    {
        lock (_lock) ChangeAddressCore();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isEnding) return;
            _isEnding = true;
        }
        if (_thread.IsAlive) _thread.Join();
        Close();
        GC.SuppressFinalize(this);
    }

    private protected static Instant Now => new(Stopwatch.GetElapsedTime(0).Ticks);

    /// <summary>The directions in which new connections begin stalled.</summary>
    private protected ProxyDirection Stalled { get; private set; }

    private protected void Start() => _thread.Start();

    private protected ImpairedLink NewLink(bool up, int number, bool isStream)
    {
        // Each client has decisions of its own, by the order in which clients came.
        var link = new ImpairedLink(up ? Options.Up : Options.Down, Options.Seed + (ulong)number * 2 + (up ? 0UL : 1UL), isStream);
        if (Stalled.HasFlag(up ? ProxyDirection.Up : ProxyDirection.Down)) link.Stall(Now);
        return link;
    }

    private protected abstract IEnumerable<ImpairedLink> Links(ProxyDirection direction);

    private protected abstract LinkCounters Count(bool up);

    private protected abstract void ChangeAddressCore();

    /// <summary>Adds the sockets that are to be read.</summary>
    private protected abstract void AddReadable(List<Socket> sockets);

    /// <summary>Moves everything that can be moved now.</summary>
    private protected abstract void Step(Instant now);

    private protected abstract void Close();

    private void Run()
    {
        var readable = new List<Socket>();
        while (true)
        {
            TimeSpan wait;
            readable.Clear();
            lock (_lock)
            {
                if (_isEnding) return;
                Instant now = Now;
                Step(now);
                AddReadable(readable);
                Instant next = Instant.Never;
                foreach (ImpairedLink link in Links(ProxyDirection.Both)) next = Instant.Min(next, link.NextTimeout);
                wait = next == Instant.Never ? LongestWait : next - now;
            }
            if (wait > LongestWait) wait = LongestWait;
            if (wait < TimeSpan.FromMicroseconds(100)) wait = TimeSpan.FromMicroseconds(100);
            if (readable.Count == 0)
            {
                Thread.Sleep(1);
                continue;
            }
            try
            {
                Socket.Select(readable, null, null, wait);
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // A command has closed one of the sockets meanwhile.
            }
        }
    }
}
