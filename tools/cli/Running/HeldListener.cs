using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// A listening socket that outlives the process that uses it (sd_listen_fds(3)), as systemd keeps one: clients that connect while that
/// process is started again wait in the backlog. Chromium tries once to mend a connection; refused, it gives the call up after five
/// seconds.
/// </summary>
internal sealed class HeldListener : IDisposable
{
    private const int Backlog = 4096;

    // What the shell adds to the environment goes again: who is started without ours has none of the shell's. The program finds it as
    // descriptor 3 and is told by its own process id that it is meant. Redirections of plain sh end at descriptor 9.
    private const string Shell = "/bin/bash";
    private const string Script = "held=$0; exec 3<&\"$held\" {held}<&-; LISTEN_PID=$$ LISTEN_FDS=1 exec /usr/bin/env -u PWD -u OLDPWD -u "
        + "SHLVL -u _ \"$@\"";

    private readonly Socket _socket;

    private HeldListener(Socket socket) => _socket = socket;

    /// <summary>Words before the command of the process that gets it.</summary>
    public IReadOnlyList<string> Launcher => [Shell, "-c", Script, Descriptor.ToString()];

    private int Descriptor => (int)_socket.Handle;

    /// <returns>Null where there is no bash to hand it on: then the process listens by itself.</returns>
    public static HeldListener? Open(IPEndPoint local)
    {
        if (!File.Exists(Shell)) return null;
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // The relay's other workers listen beside it.
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

    /// <summary>Whether processes that are started from now on get the descriptor.</summary>
    public void SetInherited(bool isInherited) => LibC.fcntl(Descriptor, LibC.F_SETFD, isInherited ? 0 : LibC.FD_CLOEXEC);

    public void Dispose() => _socket.Dispose();
}
