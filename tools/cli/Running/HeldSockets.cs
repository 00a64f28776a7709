using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Running;

/// <summary>What the supervisor holds for a process.</summary>
/// <param name="Local">The public endpoint of the process.</param>
/// <param name="UdpSockets">The number of UDP sockets on that endpoint, one for each worker.</param>
/// <param name="HasTcp">The process also listens there.</param>
internal sealed record HeldPlan(IPEndPoint Local, int UdpSockets, bool HasTcp);

/// <summary>
/// Sockets that outlive the process that uses them, as systemd keeps them (sd_listen_fds(3)), and a file in memory for what one process
/// leaves to the next. While the process is restarted, datagrams wait in the kernel, and new connections wait in the backlog and are not
/// refused. This matters for Chromium: it tries once to replace a broken connection, and if it is refused it ends the call after five
/// seconds.
/// </summary>
internal sealed class HeldSockets : IDisposable
{
    private const int Backlog = 4096;

    // As much as the relay asks for. The kernel's limit applies.
    private const int BufferBytes = 4 * 1024 * 1024;

    /// <summary>Above all descriptors that a process gets passed, so that none is overwritten on the way.</summary>
    private const int FirstDescriptor = 100;

    // The script removes the variables that the shell adds, because a process without held sockets does not have them either. The program
    // finds the sockets from descriptor 3 on, and LISTEN_PID tells it that they are meant for it. Plain sh cannot redirect descriptors
    // above 9, so the script needs bash.
    private const string Shell = "/bin/bash";
    private const string Script = "n=3; for held in $0; do eval \"exec $n<&$held $held<&-\"; n=$((n+1)); done; "
        + "LISTEN_PID=$$ LISTEN_FDS=$((n-3)) exec /usr/bin/env -u PWD -u OLDPWD -u SHLVL -u _ \"$@\"";

    private readonly List<int> _descriptors = [];

    private HeldSockets()
    {
    }

    /// <summary>The words that stand before the command of the process that gets the sockets.</summary>
    public IReadOnlyList<string> Launcher => [Shell, "-c", Script, string.Join(' ', _descriptors)];

    /// <returns>Null if there is no bash to pass the sockets on. The process then opens its own.</returns>
    public static HeldSockets? Open(HeldPlan plan)
    {
        if (!File.Exists(Shell)) return null;
        var held = new HeldSockets();
        try
        {
            for (int i = 0; i < plan.UdpSockets; i++)
            {
                using Socket udp = Bind(plan.Local, SocketType.Dgram, ProtocolType.Udp);
                udp.ReceiveBufferSize = BufferBytes;
                held.Keep((int)udp.Handle);
            }
            if (plan.HasTcp)
            {
                using Socket tcp = Bind(plan.Local, SocketType.Stream, ProtocolType.Tcp);
                tcp.Listen(Backlog);
                held.Keep((int)tcp.Handle);
            }
            int memory = LibC.memfd_create("voice", LibC.MFD_CLOEXEC);
            if (memory >= 0)
            {
                held.Keep(memory);
                _ = LibC.close(memory);
            }
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Sets whether processes that are started from now on inherit the sockets.</summary>
    public void SetInherited(bool isInherited)
    {
        foreach (int descriptor in _descriptors) _ = LibC.fcntl(descriptor, LibC.F_SETFD, isInherited ? 0 : LibC.FD_CLOEXEC);
    }

    public void Dispose()
    {
        foreach (int descriptor in _descriptors) _ = LibC.close(descriptor);
        _descriptors.Clear();
    }

    private static Socket Bind(IPEndPoint local, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(local.AddressFamily, type, protocol);
        try
        {
            // As the relay's own sockets: on the IPv6 wildcard address, IPv4 callers are let in, too.
            if (local.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = true;
            // The workers of the relay share the port.
            socket.SetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_REUSEPORT, BitConverter.GetBytes(1));
            socket.Bind(local);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Keep(int descriptor)
    {
        int kept = LibC.fcntl(descriptor, LibC.F_DUPFD_CLOEXEC, FirstDescriptor);
        if (kept < 0) throw new Win32Exception("no descriptor left for a socket of the relay");
        _descriptors.Add(kept);
    }
}
