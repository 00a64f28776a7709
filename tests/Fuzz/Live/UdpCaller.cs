using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ice;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Tests.Integration.Transceiver;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Live;

/// <summary>
/// A client at a relay's public port. It shows its datagrams to whoever wants to change them. Use it from one thread.
/// </summary>
internal sealed class UdpCaller : IDisposable
{
    private readonly TransportAddress _relay;
    private readonly UdpBatchSocket _socket = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F00_0001, 0));
    private readonly byte[] _buffer = new byte[2048];

    public UdpCaller(FleetKeys keys, SessionRecord record, TransportAddress relay)
    {
        _relay = relay;
        Peer = new TalkingPeer(
            new IceCredentials(record.LocalUfrag, IcePassword.Derive(keys.PasswordKeys, record.LocalUfrag)), TestFleet.Fingerprint, relay,
            MonotonicClock.Now);
    }

    public TalkingPeer Peer { get; }

    /// <summary>Is called with each datagram that goes to the relay or comes from it.</summary>
    public Action<byte[]>? Tap { get; set; }

    /// <summary>Sends bytes from this client's own address.</summary>
    public void SendRaw(ReadOnlySpan<byte> datagram) => Send(_socket, datagram, _relay);

    public static void Send(UdpBatchSocket socket, ReadOnlySpan<byte> datagram, TransportAddress to)
        => datagram.CopyTo(socket.Queue(to, default, datagram.Length));

    public void RunUntil(Func<bool> condition, string what)
    {
        Instant deadline = MonotonicClock.Now + TimeSpan.FromSeconds(15);
        while (!condition())
        {
            if (MonotonicClock.Now > deadline) throw new TimeoutException($"It never came to be that {what}.");
            Turn();
            Thread.Sleep(1);
        }
    }

    /// <summary>Does everything that is due now.</summary>
    public void Turn()
    {
        Instant now = MonotonicClock.Now;
        Peer.HandleTimeouts(now);
        for (int count = _socket.Receive(); count > 0; count = _socket.Receive())
        {
            for (int i = 0; i < count; i++)
            {
                _socket.Get(i, out Span<byte> datagram, out TransportAddress from, out _);
                Tap?.Invoke(datagram.ToArray());
                Peer.Session.Receive(datagram, new TransportPath(0, from), now);
            }
            Drain(now);
        }
        Drain(now);
        _socket.Flush();
    }

    public void Dispose()
    {
        Peer.Dispose();
        _socket.Dispose();
    }

    private void Drain(Instant now)
    {
        Peer.Listen(now);
        while (Peer.Session.TryTransmit(_buffer, out int length, out TransportPath to, now))
        {
            Tap?.Invoke(_buffer[..length]);
            Send(_socket, _buffer.AsSpan(0, length), to.Remote);
        }
    }
}
