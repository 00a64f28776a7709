using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// A listening socket that outlives the process that uses it, as systemd keeps one (sd_listen_fds(3)). While that process is restarted, new
/// connections wait in the backlog and are not refused. This matters for Chromium: it tries once to replace a broken connection, and if it
/// is refused it ends the call after five seconds.
/// </summary>
internal sealed class HeldListener : IDisposable
{
    private const int Backlog = 4096;

    // The script removes the variables that the shell adds, because a process without a held listener does not have them either. The
    // program finds the socket at descriptor 3, and LISTEN_PID tells it that the socket is meant for it. Plain sh cannot redirect
    // descriptors above 9, so the script needs bash.
    private const string Shell = "/bin/bash";
    private const string Script = "held=$0; exec 3<&\"$held\" {held}<&-; LISTEN_PID=$$ LISTEN_FDS=1 exec /usr/bin/env -u PWD -u OLDPWD -u "
        + "SHLVL -u _ \"$@\"";

    private readonly Socket _socket;

    private HeldListener(Socket socket) => _socket = socket;

    /// <summary>The words that stand before the command of the process that gets the socket.</summary>
    public IReadOnlyList<string> Launcher => [Shell, "-c", Script, Descriptor.ToString()];

    private int Descriptor => (int)_socket.Handle;

    /// <returns>Null if there is no bash to pass the socket on. The process then opens its own.</returns>
    public static HeldListener? Open(IPEndPoint local)
    {
        if (!File.Exists(Shell)) return null;
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // As the relay's own sockets: on the IPv6 wildcard address, IPv4 callers are let in, too.
            if (local.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = true;
            // The other workers of the relay listen on the same port.
            socket.SetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_REUSEPORT, BitConverter.GetBytes(1));
            socket.Bind(local);
            socket.Listen(Backlog);
            return new HeldListener(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sets whether processes that are started from now on inherit the socket.</summary>
    public void SetInherited(bool isInherited) => LibC.fcntl(Descriptor, LibC.F_SETFD, isInherited ? 0 : LibC.FD_CLOEXEC);

    public void Dispose() => _socket.Dispose();
}
