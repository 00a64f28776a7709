using System.Security.Cryptography;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Integration.Relay;

/// <summary>The transceiver's side of links, on its own thread. It returns every packet to its sender.</summary>
internal sealed class LinkEcho : IDisposable
{
    private readonly LinkPort _port;
    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller;
    private readonly Thread _thread;
    private volatile bool _isStopping, _isDraining, _isSendDue;
    private volatile int _linkCount;

    public LinkEcho(LinkKey key, LinkScheme scheme)
    {
        var loopback = TransportAddress.FromIPv4(0x7F000001, 0);
        LinkTransport transport = scheme == LinkScheme.Tcp ? TcpLinkTransport.Listen(loopback) : UdpLinkTransport.Bind(loopback);
        _poller = new SocketPoller(_wakeUp, transport.Descriptor);
        _port = new LinkPort(transport, new LinkAcceptor(key, 0, 0, 1, 64, RandomNumberGenerator.Fill, MonotonicClock.Now));
        _port.Acceptor.SetSlots([.. Enumerable.Range(0, 64).Select(s => new SlotOwnership((ushort)s, 1))], MonotonicClock.Now);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public LinkEndpoint Endpoint => new(_port.Transport.Scheme, "127.0.0.1", _port.Transport.LocalAddress.Port);
    public bool IsDraining => _isDraining;
    public int LinkCount => _linkCount;

    /// <summary>Sends a packet to the last client that sent one, without being asked.</summary>
    public void SendAgain()
    {
        _isSendDue = true;
        _wakeUp.Signal();
    }

    public void Dispose()
    {
        _isStopping = true;
        _wakeUp.Signal();
        _thread.Join();
        _poller.Dispose();
        _wakeUp.Dispose();
        _port.Dispose();
    }

    private void Run()
    {
        (SessionId Session, TransportPath Path)? last = null;
        while (!_isStopping)
        {
            _poller.Wait(Instant.Min(_port.NextTimeout, MonotonicClock.Now + TimeSpan.FromSeconds(1)) - MonotonicClock.Now);
            Instant now = MonotonicClock.Now;
            int count = _port.Receive(now);
            for (int i = 0; i < count; i++)
            {
                LinkAcceptor.Frames frames = _port.Read(i, now);
                while (frames.TryRead(out LinkData data))
                {
                    last = (data.SessionId, data.Path);
                    _port.TrySend(data.SessionId, data.Path, data.Payload, now);
                }
            }
            if (_isSendDue && last is { } known)
            {
                _isSendDue = false;
                _port.TrySend(known.Session, known.Path, [0x80, 0], now);
            }
            _port.HandleTimeout(now);
            while (_port.TryTakeEvent(out LinkEvent occurred)) _isDraining |= occurred.Kind == LinkEventKind.Draining;
            _linkCount = _port.Acceptor.LinkCount;
            _port.Flush(now);
        }
    }
}
