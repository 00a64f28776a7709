using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Integration.Relay;

/// <summary>The transceiver's side of links on a thread of its own: every packet goes back to where it came from.</summary>
internal sealed class LinkEcho : IDisposable
{
    private readonly UdpBatchSocket _socket = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F000001, 0));
    private readonly WakeUp _wakeUp = new();
    private readonly SocketPoller _poller;
    private readonly LinkAcceptor _acceptor;
    private readonly OpenDatagram[] _open = new OpenDatagram[LinkAcceptor.MaximumLinks];
    private readonly Thread _thread;
    private volatile bool _isStopping, _isDraining, _isSendDue;
    private volatile int _linkCount;

    public LinkEcho(LinkKey key)
    {
        _poller = new SocketPoller(_wakeUp, _socket.Descriptor);
        _acceptor = new LinkAcceptor(key, 0, 0, 1, 64, MonotonicClock.Now);
        _acceptor.SetSlots([.. Enumerable.Range(0, 64).Select(s => new SlotOwnership((ushort)s, 1))], MonotonicClock.Now);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public TransportAddress Address => _socket.LocalAddress;
    public bool IsDraining => _isDraining;
    public int LinkCount => _linkCount;

    /// <summary>Sends something to the client that was heard last, unasked.</summary>
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
        _socket.Dispose();
    }

    private void Run()
    {
        byte[] buffer = new byte[LinkFrame.CoalescedBytes];
        (SessionId Session, TransportPath Path)? last = null;
        while (!_isStopping)
        {
            _poller.Wait(Instant.Min(_acceptor.NextTimeout, MonotonicClock.Now + TimeSpan.FromSeconds(1)) - MonotonicClock.Now);
            var now = MonotonicClock.Now;
            int count = _socket.Receive();
            for (int i = 0; i < count; i++)
            {
                _socket.Get(i, out var datagram, out var from, out _);
                var frames = _acceptor.Receive(datagram, from, now);
                while (frames.TryRead(out var data))
                {
                    last = (data.SessionId, data.Path);
                    Send(data.SessionId, data.Path, data.Payload);
                }
            }
            if (_isSendDue && last is { } known)
            {
                _isSendDue = false;
                Send(known.Session, known.Path, [0x80, 0]);
            }
            _acceptor.HandleTimeout(now);
            while (_acceptor.TryTransmit(buffer, out int length, out var to, now)) buffer.AsSpan(0, length).CopyTo(_socket.Queue(to, default, length));
            while (_acceptor.TryTakeEvent(out var occurred)) _isDraining |= occurred.Kind == LinkEventKind.Draining;
            _linkCount = _acceptor.LinkCount;
            _socket.Flush();
        }
    }

    private void Send(SessionId session, in TransportPath path, ReadOnlySpan<byte> packet)
    {
        if (!_acceptor.TryGetRelay(path, out var relay)) return;
        var room = _socket.Append(ref _open[LinkBase.Link(path.Base)], relay, LinkAcceptor.DataFrameLength(path, packet.Length), LinkFrame.CoalescedBytes);
        _acceptor.WriteData(room, session, path, packet);
    }
}
