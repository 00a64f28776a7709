using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>
/// Reads every packet of the callers' network (packet(7)). It gives the packets of the relay to an <see cref="IndexWatch"/>, and keeps the
/// last check of each caller, so that a drill can replay it. One thread.
/// </summary>
internal sealed unsafe class PacketCapture : IDisposable
{
    private const ushort AllProtocols = 3, IPv4 = 0x0800;
    private const byte Udp = 17;
    private const int EthernetBytes = 14, IPv4Bytes = 20, UdpBytes = 8, ReceiveBufferBytes = 8 * 1024 * 1024;
    private const ushort BindingRequest = 1;

    private readonly int _socket;
    private readonly int _relayPort;
    private readonly Recorder _recorder;
    private readonly IndexWatch _watch = new();
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    // The field below is guarded by _lock.
    private readonly Dictionary<int, byte[]> _checks = [];
    private volatile bool _isEnding;

    public PacketCapture(DrillNetwork network, int relayPort, Recorder recorder)
    {
        (_relayPort, _recorder) = (relayPort, recorder);
        int socket = -1, error = 0;
        network.InCallersNetwork(() =>
        {
            socket = LibC.socket(LibC.AF_PACKET, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, IPAddress.HostToNetworkOrder((short)AllProtocols));
            error = Marshal.GetLastPInvokeError();
        });
        if (socket < 0) throw new CommandFailedException($"packets can't be captured: error {error}", "run the drill as root");
        int bytes = ReceiveBufferBytes;
        _ = LibC.setsockopt(socket, LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, &bytes, sizeof(int));
        _socket = socket;
        _thread = new Thread(Run) { Name = "capture", IsBackground = true };
        _thread.Start();
    }

    /// <summary>How many packets with an index were seen.</summary>
    public long Packets => _watch.Packets;

    /// <summary>The last check that each caller sent, by its port.</summary>
    public IReadOnlyDictionary<int, byte[]> Checks
    {
        get { lock (_lock) return new Dictionary<int, byte[]>(_checks); }
    }

    private void Run()
    {
        byte[] buffer = new byte[64 * 1024];
        var wait = new LibC.timespec { tv_sec = 0, tv_nsec = 100_000_000 };
        while (!_isEnding)
        {
            var readable = new LibC.pollfd { fd = _socket, events = LibC.POLLIN };
            if (LibC.ppoll(&readable, 1, &wait, null) <= 0) continue;
            nint length;
            fixed (byte* first = buffer) length = LibC.read(_socket, first, (nuint)buffer.Length);
            if (length > 0) Observe(buffer.AsSpan(0, (int)length));
        }
    }

    private void Observe(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < EthernetBytes + IPv4Bytes + UdpBytes || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != IPv4) return;
        ReadOnlySpan<byte> packet = frame[EthernetBytes..];
        int header = (packet[0] & 15) * 4;
        if (packet[9] != Udp || packet.Length < header + UdpBytes) return;
        ReadOnlySpan<byte> datagram = packet[header..];
        int from = BinaryPrimitives.ReadUInt16BigEndian(datagram), to = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[4..]);
        if (length < UdpBytes || length > datagram.Length) return;
        ReadOnlySpan<byte> payload = datagram[UdpBytes..length];
        if (from == _relayPort)
        {
            ulong flow = ((ulong)BinaryPrimitives.ReadUInt32BigEndian(packet[16..]) << 16) | (uint)to;
            if (_watch.Observe(flow, payload) is { } reuse)
                _recorder.Add(new HistoryEntry(_recorder.Now, HistoryKind.Reuse) { Text = reuse });
        }
        else if (to == _relayPort && payload.Length >= 20 && BinaryPrimitives.ReadUInt16BigEndian(payload) == BindingRequest)
        {
            lock (_lock) _checks[from] = payload.ToArray();
        }
    }

    public void Dispose()
    {
        _isEnding = true;
        _thread.Join();
        _ = LibC.close(_socket);
    }
}
