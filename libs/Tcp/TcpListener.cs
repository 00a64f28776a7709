using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tcp;

/// <summary>A listening socket.</summary>
internal sealed unsafe class TcpListener : IDisposable
{
    /// <summary>The addresses that this process listens at, with a use count. The object is its own lock.</summary>
    private static readonly Dictionary<TransportAddress, int> SharedHere = [];

    private readonly DescriptorHandle _handle;
    private readonly TransportAddress? _shared;

    private TcpListener(DescriptorHandle handle, TransportAddress? shared)
    {
        _handle = handle;
        _shared = shared;
        byte* name = stackalloc byte[32];
        uint length = 32;
        LibC.getsockname(Descriptor, name, &length);
        SocketAddressCodec.TryRead(name, length, out TransportAddress local);
        LocalAddress = local;
    }

    public TransportAddress LocalAddress { get; }
    public int Descriptor => _handle.Number;

    /// <summary>True while the listener is paused.</summary>
    public bool IsResting { get; set; }
    public Instant RestsUntil { get; set; }

    /// <param name="setOptions">Called with the descriptor before it listens.</param>
    /// <exception cref="PortBindException">The address is not available.</exception>
    public static TcpListener Open(TransportAddress local, int backlog, Action<int> setOptions)
    {
        if (local.Port == 0) return new TcpListener(BindTo(local, backlog, setOptions, isShared: false), null);
        lock (SharedHere)
        {
            // Two processes that share a port would silently split the callers. So the first socket binds without sharing, to find a
            // stranger.
            int open = SharedHere.GetValueOrDefault(local);
            if (open == 0) BindTo(local, backlog, setOptions, isShared: false).Dispose();
            DescriptorHandle socket = BindTo(local, backlog, setOptions, isShared: true);
            SharedHere[local] = open + 1;
            return new TcpListener(socket, local);
        }
    }

    /// <summary>
    /// Wraps a socket that this process inherited. Connections in the kernel's backlog survive the change from one process to the next.
    /// </summary>
    /// <exception cref="PortBindException">The socket does not listen at that address.</exception>
    public static TcpListener Adopt(int descriptor, TransportAddress local, Action<int> setOptions)
    {
        int isListening = 0;
        uint length = sizeof(int);
        if (LibC.getsockopt(descriptor, LibC.SOL_SOCKET, LibC.SO_ACCEPTCONN, &isListening, &length) != 0 || isListening == 0)
            throw new PortBindException($"Descriptor {descriptor}, which this process was given (LISTEN_FDS), is no listening TCP socket.",
                local);
        LibC.fcntl(descriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
        LibC.fcntl(descriptor, LibC.F_SETFL, LibC.SOCK_NONBLOCK);
        setOptions(descriptor);
        lock (SharedHere)
        {
            var listener = new TcpListener(new DescriptorHandle(descriptor), local);
            SharedHere[local] = SharedHere.GetValueOrDefault(local) + 1;
            if (listener.LocalAddress == local) return listener;
            string other = listener.LocalAddress.ToString();
            listener.Dispose();
            throw new PortBindException(
                $"Descriptor {descriptor}, which this process was given (LISTEN_FDS), listens at {other}, not at {local}.", local);
        }
    }

    public static bool Set(int socket, int level, int name, int value) => LibC.setsockopt(socket, level, name, &value, sizeof(int)) == 0;

    /// <summary>Sets an option of level IPPROTO_TCP.</summary>
    public static int Get(int socket, int name)
    {
        int value = 0;
        uint length = sizeof(int);
        LibC.getsockopt(socket, LibC.IPPROTO_TCP, name, &value, &length);
        return value;
    }

    public void Dispose()
    {
        _handle.Dispose();
        if (_shared is not { } shared) return;
        lock (SharedHere)
        {
            if (--SharedHere[shared] == 0) SharedHere.Remove(shared);
        }
    }

    private static DescriptorHandle BindTo(TransportAddress local, int backlog, Action<int> setOptions, bool isShared)
    {
        var socket = new DescriptorHandle(
            LibC.socket(local.IsIPv4 ? LibC.AF_INET : LibC.AF_INET6, LibC.SOCK_STREAM | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, 0));
        if (socket.IsInvalid)
            throw new PortBindException($"No socket: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.", local);
        // An earlier process's connections in TIME_WAIT must not block the port.
        Set(socket.Number, LibC.SOL_SOCKET, LibC.SO_REUSEADDR, 1);
        if (isShared) Set(socket.Number, LibC.SOL_SOCKET, LibC.SO_REUSEPORT, 1);
        if (!local.IsIPv4) Set(socket.Number, LibC.IPPROTO_IPV6, LibC.IPV6_V6ONLY, 0);
        byte* name = stackalloc byte[32];
        uint length = SocketAddressCodec.Write(name, local, !local.IsIPv4);
        setOptions(socket.Number);
        if (LibC.bind(socket.Number, name, length) == 0 && LibC.listen(socket.Number, backlog) == 0) return socket;
        int error = Marshal.GetLastPInvokeError();
        socket.Dispose();
        string holder = PortHolder.Find(local.Port, "tcp") ?? "another process";
        throw new PortBindException(error switch
        {
            LibC.EADDRINUSE => $"Port {local.Port}/tcp is taken by {holder}.",
            LibC.EADDRNOTAVAIL => $"No interface of this machine has the address of {local}.",
            LibC.EACCES => $"Port {local.Port}/tcp needs a privilege that this process lacks.",
            _ => $"Cannot listen on {local}/tcp: {Marshal.GetPInvokeErrorMessage(error)}.",
        }, local);
    }
}
