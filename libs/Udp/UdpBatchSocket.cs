using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>
/// A UDP socket that receives and sends many datagrams per system call (recvmmsg, sendmmsg). All its memory is outside the managed heap. It
/// knows the local address of each received datagram and can answer from there. One thread owns it. Nothing on the packet path throws or
/// allocates; failures are counted.
/// </summary>
public sealed unsafe class UdpBatchSocket : IDisposable
{
    // Room for the pktinfo of either family and the drop counter, each with its header, rounded up.
    private const int ControlCapacity = 96;
    private const int ControlHeader = 16;

    /// <summary>The shared addresses that this process has open, with a use count. The object is its own lock.</summary>
    private static readonly Dictionary<TransportAddress, int> SharedHere = [];
    private static int s_isTested;

    private readonly DescriptorHandle _handle;
    private readonly TransportAddress? _shared;
    private readonly bool _isIPv6;
    private readonly int _batchSize, _capacity;
    private readonly byte* _memory;
    private readonly LibC.mmsghdr* _receive, _send;
    private readonly LibC.iovec* _receiveVectors, _sendVectors;
    private readonly byte* _receiveNames, _sendNames, _receiveControl, _sendControl, _receiveData, _sendData;
    private readonly UdpErrorQueue? _errors;

    private int _queued;
    private bool _areErrorsDue;
    // The number of the batch that is being filled. It is never 0, so a default OpenDatagram belongs to no batch.
    private long _batch = 1;
    private uint _lastDropCounter;
    private bool _isDisposed;

    private UdpBatchSocket(DescriptorHandle handle, TransportAddress bound, UdpSocketOptions options)
    {
        _handle = handle;
        _shared = IsShared(bound, options) ? bound : null;
        _isIPv6 = !bound.IsIPv4;
        _errors = options.ReportsRefusals ? new UdpErrorQueue() : null;
        _batchSize = options.BatchSize;
        _capacity = (options.DatagramCapacity + 63) & ~63;
        int perMessage = sizeof(LibC.mmsghdr) + sizeof(LibC.iovec) + 32 + ControlCapacity + _capacity;
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)(2 * _batchSize * perMessage), 64);
        new Span<byte>(_memory, 2 * _batchSize * perMessage).Clear();
        byte* next = _memory;
        byte* Take(int each)
        {
            byte* taken = next;
            next += _batchSize * each;
            return taken;
        }
        _receiveData = Take(_capacity);
        _sendData = Take(_capacity);
        _receive = (LibC.mmsghdr*)Take(sizeof(LibC.mmsghdr));
        _send = (LibC.mmsghdr*)Take(sizeof(LibC.mmsghdr));
        _receiveVectors = (LibC.iovec*)Take(sizeof(LibC.iovec));
        _sendVectors = (LibC.iovec*)Take(sizeof(LibC.iovec));
        _receiveNames = Take(32);
        _sendNames = Take(32);
        _receiveControl = Take(ControlCapacity);
        _sendControl = Take(ControlCapacity);
        for (int i = 0; i < _batchSize; i++)
        {
            _receiveVectors[i] = new LibC.iovec { iov_base = _receiveData + (i * _capacity), iov_len = (nuint)_capacity };
            _sendVectors[i] = new LibC.iovec { iov_base = _sendData + (i * _capacity) };
            _receive[i].msg_hdr = new LibC.msghdr { msg_name = _receiveNames + (i * 32), msg_iov = _receiveVectors + i, msg_iovlen = 1 };
            _send[i].msg_hdr = new LibC.msghdr { msg_name = _sendNames + (i * 32), msg_iov = _sendVectors + i, msg_iovlen = 1 };
        }
        byte* name = stackalloc byte[32];
        uint length = 32;
        LibC.getsockname(Descriptor, name, &length);
        SocketAddressCodec.TryRead(name, length, out TransportAddress local);
        LocalAddress = local;
    }

    /// <summary>The bound address with its actual port.</summary>
    public TransportAddress LocalAddress { get; }

    public UdpSocketCounters Counters { get; } = new();

    /// <summary>The file descriptor to hand to a <see cref="SocketPoller"/>.</summary>
    public int Descriptor => _handle.Number;

    /// <summary>Opens a socket and binds it. An IPv6 wildcard address receives IPv4 as well.</summary>
    /// <param name="local">The address to bind. Port 0 chooses a free port.</param>
    /// <exception cref="PortBindException">The address is not available.</exception>
    /// <exception cref="PlatformNotSupportedException">The machine is not a 64-bit Linux.</exception>
    public static UdpBatchSocket Bind(TransportAddress local, UdpSocketOptions? options = null)
    {
        options ??= new UdpSocketOptions();
        Check(options);
        return Wrap(Open(local, options), local, options);
    }

    /// <summary>
    /// Wraps a bound socket that this process inherited (<see cref="InheritedSockets"/>), and owns it from now on. What has arrived
    /// meanwhile is there.
    /// </summary>
    /// <exception cref="PortBindException">The socket is not bound to that address.</exception>
    public static UdpBatchSocket Adopt(int descriptor, TransportAddress local, UdpSocketOptions? options = null)
    {
        options ??= new UdpSocketOptions();
        Check(options);
        LibC.fcntl(descriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
        LibC.fcntl(descriptor, LibC.F_SETFL, LibC.SOCK_NONBLOCK);
        if (IsShared(local, options))
        {
            lock (SharedHere) SharedHere[local] = SharedHere.GetValueOrDefault(local) + 1;
        }
        UdpBatchSocket socket = Wrap(new DescriptorHandle(descriptor), local, options);
        if (socket.LocalAddress == local) return socket;
        string other = socket.LocalAddress.ToString();
        socket.Dispose();
        throw new PortBindException(
            $"Descriptor {descriptor}, which this process was given (LISTEN_FDS), is bound to {other}, not to {local}.", local);
    }

    private static void Check(UdpSocketOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.BatchSize, 1024, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.DatagramCapacity, 64, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.DatagramCapacity, 65_536, nameof(options));
        UdpPlatform.Require();
        if (Interlocked.Exchange(ref s_isTested, 1) == 0) UdpPlatform.SelfTest();
    }

    private static UdpBatchSocket Wrap(DescriptorHandle socket, TransportAddress local, UdpSocketOptions options)
    {
        Set(socket, LibC.SOL_SOCKET, LibC.SO_RXQ_OVFL, 1);
        // The FORCE options need a capability and ignore the system's limit. Without the capability, the system's limit applies.
        if (!Set(socket, LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, options.SocketBufferBytes))
            Set(socket, LibC.SOL_SOCKET, LibC.SO_RCVBUF, options.SocketBufferBytes);
        if (!Set(socket, LibC.SOL_SOCKET, LibC.SO_SNDBUFFORCE, options.SocketBufferBytes))
            Set(socket, LibC.SOL_SOCKET, LibC.SO_SNDBUF, options.SocketBufferBytes);
        if (local.IsIPv4) Set(socket, LibC.IPPROTO_IP, LibC.IP_PKTINFO, 1);
        else Set(socket, LibC.IPPROTO_IPV6, LibC.IPV6_RECVPKTINFO, 1);
        if (options.ReportsRefusals) UdpErrorQueue.Enable(socket.Number, !local.IsIPv4);
        return new UdpBatchSocket(socket, local, options);
    }

    /// <summary>Receives what has arrived, without waiting. The datagrams stay valid until the next call.</summary>
    /// <returns>The number of datagrams, 0 to the batch size. After a full batch there may be more.</returns>
    public int Receive()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_areErrorsDue) ReadErrors();
        for (int i = 0; i < _batchSize; i++)
        {
            // The kernel sets these to the lengths that it wrote.
            _receive[i].msg_hdr.msg_namelen = 32;
            _receive[i].msg_hdr.msg_control = _receiveControl + (i * ControlCapacity);
            _receive[i].msg_hdr.msg_controllen = ControlCapacity;
        }
        int count = LibC.recvmmsg(Descriptor, _receive, (uint)_batchSize, LibC.MSG_DONTWAIT, null);
        if (count < 0 && Marshal.GetLastSystemError() is not (LibC.EAGAIN or LibC.EINTR))
        {
            Counters.ReceiveErrorCount++;
            // The error belongs to a datagram that was sent. What has arrived is still there.
            if (_errors is not null)
            {
                ReadErrors();
                count = LibC.recvmmsg(Descriptor, _receive, (uint)_batchSize, LibC.MSG_DONTWAIT, null);
            }
        }
        if (count < 0) return 0;
        Counters.ReceivedCount += count;
        return count;
    }

    /// <summary>Gets a datagram of the last <see cref="Receive"/>.</summary>
    /// <param name="datagram">The bytes, writable. Empty if the datagram was longer than the capacity, which is counted.</param>
    /// <param name="from">The sender.</param>
    /// <param name="to">The local address that the datagram came to, with port 0.</param>
    public void Get(int index, out Span<byte> datagram, out TransportAddress from, out TransportAddress to)
    {
        ref LibC.mmsghdr message = ref _receive[index];
        ReadControl(ref message.msg_hdr, out to);
        if (!SocketAddressCodec.TryRead((byte*)message.msg_hdr.msg_name, message.msg_hdr.msg_namelen, out from)
            || (message.msg_hdr.msg_flags & LibC.MSG_TRUNC) != 0)
        {
            Counters.OversizedCount++;
            datagram = default;
            return;
        }
        datagram = new Span<byte>(_receiveData + (index * _capacity), (int)message.msg_len);
    }

    /// <summary>Reserves room for one datagram that the next <see cref="Flush"/> sends. Flushes first if the batch is full.</summary>
    /// <param name="from">The local address to send from; the port is ignored. Default, or an address of another family, lets the kernel
    /// choose.</param>
    /// <param name="length">The number of bytes that the caller will write, at most the capacity.</param>
    public Span<byte> Queue(TransportAddress to, TransportAddress from, int length)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (length > _capacity) throw new ArgumentOutOfRangeException(nameof(length));
        if (_queued == _batchSize) Flush();
        int index = _queued++;
        ref LibC.msghdr header = ref _send[index].msg_hdr;
        // An IPv6 destination on an IPv4 socket keeps its family, so the kernel rejects it.
        header.msg_namelen = SocketAddressCodec.Write(_sendNames + (index * 32), to, _isIPv6 || !to.IsIPv4);
        WriteControl(index, ref header, from);
        _sendVectors[index].iov_len = (nuint)length;
        return new Span<byte>(_sendData + (index * _capacity), length);
    }

    /// <summary>
    /// Reserves <paramref name="length"/> more bytes in the datagram that <paramref name="open"/> remembers, so that several frames to one
    /// destination share it. Starts a new datagram if the remembered one was sent or would exceed <paramref name="limit"/>.
    /// </summary>
    public Span<byte> Append(ref OpenDatagram open, TransportAddress to, int length, int limit)
    {
        if (open.Batch == _batch)
        {
            int used = (int)_sendVectors[open.Index].iov_len;
            if (used + length <= Math.Min(limit, _capacity))
            {
                _sendVectors[open.Index].iov_len = (nuint)(used + length);
                return new Span<byte>(_sendData + (open.Index * _capacity) + used, length);
            }
        }
        Span<byte> room = Queue(to, default, length);
        open.Batch = _batch;
        open.Index = _queued - 1;
        return room;
    }

    /// <summary>
    /// Sends the queued datagrams. A datagram that the kernel rejects is counted and dropped, so that one unreachable client does not delay
    /// the others.
    /// </summary>
    public void Flush()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        int next = 0, repeated = -1;
        while (next < _queued)
        {
            int sent = LibC.sendmmsg(Descriptor, _send + next, (uint)(_queued - next), LibC.MSG_DONTWAIT);
            if (sent > 0)
            {
                next += sent;
                Counters.SentCount += sent;
                // The kernel stops at an error and does not tell it here. The error queue keeps it, and the socket would poll as ready.
                _areErrorsDue |= next < _queued;
                continue;
            }
            int error = Marshal.GetLastSystemError();
            if (error == LibC.EINTR) continue;
            // The error may be that of an earlier datagram to somebody else, which the kernel tells with the next call.
            if (_errors is not null && error != LibC.EAGAIN && repeated != next)
            {
                repeated = next;
                ReadErrors();
                continue;
            }
            if (error == LibC.EAGAIN)
            {
                Counters.SendQueueFullCount += _queued - next;
                break;
            }
            // The datagram that failed is the first of the rest.
            Counters.SendErrorCount++;
            next++;
        }
        _queued = 0;
        _batch++;
    }

    /// <summary>
    /// Takes the next destination that refused a datagram: an ICMP message said that nobody listens at its port. Anybody who knows our
    /// port can forge such a message. There is none without <see cref="UdpSocketOptions.ReportsRefusals"/>.
    /// </summary>
    public bool TryTakeRefusal(out TransportAddress destination)
    {
        destination = default;
        return _errors is not null && _errors.TryTake(out destination);
    }

    /// <summary>Closes. The owning thread must have left its loop.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _handle.Dispose();
        _errors?.Dispose();
        NativeMemory.AlignedFree(_memory);
        if (_shared is not { } shared) return;
        lock (SharedHere)
        {
            if (--SharedHere[shared] == 0) SharedHere.Remove(shared);
        }
    }

    private void ReadErrors()
    {
        _areErrorsDue = false;
        _errors?.Read(Descriptor);
    }

    private static bool IsShared(TransportAddress local, UdpSocketOptions options) => options.IsPortShared && local.Port != 0;

    private static DescriptorHandle Open(TransportAddress local, UdpSocketOptions options)
    {
        if (!IsShared(local, options)) return BindTo(local, isShared: false);
        lock (SharedHere)
        {
            // Two processes that share a port would silently split the callers. So the first socket binds without sharing, to find a
            // stranger.
            int open = SharedHere.GetValueOrDefault(local);
            if (open == 0) BindTo(local, isShared: false).Dispose();
            DescriptorHandle socket = BindTo(local, isShared: true);
            SharedHere[local] = open + 1;
            return socket;
        }
    }

    private static DescriptorHandle BindTo(TransportAddress local, bool isShared)
    {
        var socket = new DescriptorHandle(
            LibC.socket(local.IsIPv4 ? LibC.AF_INET : LibC.AF_INET6, LibC.SOCK_DGRAM | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, 0));
        if (socket.IsInvalid)
            throw new PortBindException($"No socket: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.", local);
        if (isShared) Set(socket, LibC.SOL_SOCKET, LibC.SO_REUSEPORT, 1);
        if (!local.IsIPv4) Set(socket, LibC.IPPROTO_IPV6, LibC.IPV6_V6ONLY, 0);
        byte* name = stackalloc byte[32];
        uint length = SocketAddressCodec.Write(name, local, !local.IsIPv4);
        if (LibC.bind(socket.Number, name, length) == 0) return socket;
        int error = Marshal.GetLastPInvokeError();
        socket.Dispose();
        string holder = PortHolder.Find(local.Port) ?? "another process";
        throw new PortBindException(error switch
        {
            LibC.EADDRINUSE => $"Port {local.Port}/udp is taken by {holder}.",
            LibC.EADDRNOTAVAIL => $"No interface of this machine has the address of {local}.",
            LibC.EACCES => $"Port {local.Port}/udp needs a privilege that this process lacks.",
            _ => $"Cannot bind {local}/udp: {Marshal.GetPInvokeErrorMessage(error)}.",
        }, local);
    }

    private static bool Set(DescriptorHandle socket, int level, int name, int value)
        => LibC.setsockopt(socket.Number, level, name, &value, sizeof(int)) == 0;

    /// <summary>A control message (cmsg(3)): header, then data, each aligned to 8 bytes.</summary>
    private void ReadControl(ref LibC.msghdr header, out TransportAddress to)
    {
        to = default;
        byte* at = (byte*)header.msg_control;
        byte* end = at + header.msg_controllen;
        while (at + ControlHeader <= end)
        {
            var control = (LibC.cmsghdr*)at;
            if (control->cmsg_len < ControlHeader || at + control->cmsg_len > end) return;
            var data = new ReadOnlySpan<byte>(at + ControlHeader, (int)control->cmsg_len - ControlHeader);
            // in_pktinfo holds the interface, the local address and the header's address. in6_pktinfo holds the address and the interface.
            if (control->cmsg_level == LibC.IPPROTO_IP && control->cmsg_type == LibC.IP_PKTINFO && data.Length >= 12)
                to = TransportAddress.FromBytes(data.Slice(8, 4), 0);
            else if (control->cmsg_level == LibC.IPPROTO_IPV6 && control->cmsg_type == LibC.IPV6_PKTINFO && data.Length >= 16)
                to = TransportAddress.FromBytes(data[..16], 0);
            else if (control->cmsg_level == LibC.SOL_SOCKET && control->cmsg_type == LibC.SO_RXQ_OVFL && data.Length >= 4)
                NoteDrops(BinaryPrimitives.ReadUInt32LittleEndian(data));
            at += ((int)control->cmsg_len + 7) & ~7;
        }
    }

    private void NoteDrops(uint counter)
    {
        // The kernel's 32-bit counter only grows, but the messages of one batch may be out of order.
        int more = (int)(counter - _lastDropCounter);
        if (more <= 0) return;
        Counters.KernelDropCount += more;
        _lastDropCounter = counter;
    }

    private void WriteControl(int index, ref LibC.msghdr header, in TransportAddress from)
    {
        if (from == default || (!_isIPv6 && !from.IsIPv4))
        {
            header.msg_control = null;
            header.msg_controllen = 0;
            return;
        }
        byte* at = _sendControl + (index * ControlCapacity);
        var control = (LibC.cmsghdr*)at;
        var data = new Span<byte>(at + ControlHeader, 24);
        data.Clear();
        if (_isIPv6)
        {
            control->cmsg_len = ControlHeader + 20;
            control->cmsg_level = LibC.IPPROTO_IPV6;
            control->cmsg_type = LibC.IPV6_PKTINFO;
            from.WriteAddress16(data);
        }
        else
        {
            control->cmsg_len = ControlHeader + 12;
            control->cmsg_level = LibC.IPPROTO_IP;
            control->cmsg_type = LibC.IP_PKTINFO;
            BinaryPrimitives.WriteUInt32BigEndian(data[4..], from.IPv4);
        }
        header.msg_control = at;
        // CMSG_SPACE pads both 12 and 20 bytes to a multiple of 8.
        header.msg_controllen = _isIPv6 ? ControlHeader + 24u : ControlHeader + 16u;
    }
}
