using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Wire;

namespace Dapr.Voice.TestKit.Network;

/// <summary>A proxy between callers and a relay's UDP port, on loopback. Each caller has a port of its own towards the relay.</summary>
public sealed class UdpImpairingProxy : ImpairingProxy
{
    /// <summary>The most callers at a time. Further callers are not served.</summary>
    public const int MaximumClients = 256;

    private readonly Socket _listener;
    private readonly byte[] _buffer = new byte[65_536];
    // Guarded by the base's lock.
    private readonly Dictionary<SocketAddress, Flow> _flows = [];
    private readonly SocketAddress _from = new(AddressFamily.InterNetwork);

    private sealed class Flow(SocketAddress client, Socket upstream, ImpairedLink up, ImpairedLink down)
    {
        public SocketAddress Client { get; } = client;
        public Socket Upstream { get; set; } = upstream;
        public ImpairedLink Up { get; } = up;
        public ImpairedLink Down { get; } = down;
    }

    private UdpImpairingProxy(IPEndPoint upstream, ProxyOptions options) : base(upstream, options, "udp proxy")
    {
        _listener = options.CreateSocket(SocketType.Dgram, ProtocolType.Udp);
        _listener.Blocking = false;
        _listener.Bind(options.Listen);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
    }

    public static UdpImpairingProxy Start(IPEndPoint upstream, ProxyOptions? options = null)
    {
        var proxy = new UdpImpairingProxy(upstream, options ?? new ProxyOptions());
        proxy.Start();
        return proxy;
    }

    private protected override IEnumerable<ImpairedLink> Links(ProxyDirection direction)
    {
        foreach (Flow flow in _flows.Values)
        {
            if (direction.HasFlag(ProxyDirection.Up)) yield return flow.Up;
            if (direction.HasFlag(ProxyDirection.Down)) yield return flow.Down;
        }
    }

    private protected override LinkCounters Count(bool up)
    {
        LinkCounters sum = default;
        foreach (Flow flow in _flows.Values) sum += (up ? flow.Up : flow.Down).Counters;
        return sum;
    }

    private protected override void ChangeAddressCore()
    {
        foreach (Flow flow in _flows.Values)
        {
            // Packets on their way to the old address are lost, as behind a NAT.
            flow.Upstream.Dispose();
            flow.Upstream = Connect();
        }
    }

    private protected override void AddReadable(List<Socket> sockets)
    {
        sockets.Add(_listener);
        foreach (Flow flow in _flows.Values) sockets.Add(flow.Upstream);
    }

    private protected override void Step(Instant now)
    {
        while (TryReceive(_listener, _from, out int length))
        {
            if (!_flows.TryGetValue(_from, out Flow? flow))
            {
                if (_flows.Count == MaximumClients) continue;
                var client = new SocketAddress(AddressFamily.InterNetwork, _from.Size);
                _from.Buffer.CopyTo(client.Buffer);
                _flows[client] = flow = new Flow(
                    client, Connect(), NewLink(up: true, _flows.Count, isStream: false), NewLink(up: false, _flows.Count, isStream: false));
            }
            flow.Up.Offer(_buffer.AsSpan(0, length), now);
        }
        foreach (Flow flow in _flows.Values)
        {
            while (TryReceive(flow.Upstream, null, out int length)) flow.Down.Offer(_buffer.AsSpan(0, length), now);
            while (flow.Up.TryTake(now, out byte[] packet)) flow.Upstream.Send(packet, 0, packet.Length, SocketFlags.None, out _);
            while (flow.Down.TryTake(now, out byte[] packet))
            {
                try
                {
                    _listener.SendTo(packet, SocketFlags.None, flow.Client);
                }
                catch (SocketException)
                {
                    // The caller has gone.
                }
            }
        }
    }

    private protected override void Close()
    {
        _listener.Dispose();
        foreach (Flow flow in _flows.Values) flow.Upstream.Dispose();
    }

    private Socket Connect()
    {
        Socket socket = Options.CreateSocket(SocketType.Dgram, ProtocolType.Udp);
        socket.Blocking = false;
        socket.Connect(Upstream);
        return socket;
    }

    private bool TryReceive(Socket socket, SocketAddress? from, out int length)
    {
        length = 0;
        if (socket.Available == 0) return false;
        try
        {
            length = from is null ? socket.Receive(_buffer, SocketFlags.None) : socket.ReceiveFrom(_buffer, SocketFlags.None, from);
            return true;
        }
        catch (SocketException)
        {
            // ICMP: the server's port is closed at the moment.
            return false;
        }
    }
}
