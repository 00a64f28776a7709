using System.Net.Sockets;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Live;

/// <summary>A connection that writes what it is told, frames or not. Closing resets it, so that its port is free again at once.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;

    public RawConnection(TransportAddress to)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) {
            NoDelay = true, LingerState = new LingerOption(true, 0) };
        _socket.Connect(to.ToIPEndPoint());
        _socket.Blocking = false;
    }

    /// <param name="accepted">Owned from here on.</param>
    public RawConnection(Socket accepted)
    {
        _socket = accepted;
        _socket.Blocking = false;
        _socket.NoDelay = true;
        _socket.LingerState = new LingerOption(true, 0);
    }

    /// <summary>The other end has not ended it, as far as is known here. What it has sent is not read by this.</summary>
    public bool IsOpen
    {
        get
        {
            try
            {
                return !_socket.Poll(0, SelectMode.SelectRead) || _socket.Available > 0;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    /// <summary>Writes what the kernel takes.</summary>
    /// <returns>False if the connection is over.</returns>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        _socket.Send(bytes, SocketFlags.None, out SocketError error);
        return error is SocketError.Success or SocketError.WouldBlock;
    }

    /// <summary>Reads what is there; 0 for nothing.</summary>
    public int Receive(Span<byte> buffer)
    {
        int length = _socket.Receive(buffer, SocketFlags.None, out SocketError error);
        return error == SocketError.Success ? length : 0;
    }

    public void Dispose() => _socket.Dispose();
}
