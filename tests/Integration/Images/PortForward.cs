using System.Net;
using System.Net.Sockets;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>
/// Forwards TCP connections to a port on loopback of another network, as the platform does between apps: its ingress accepts a connection,
/// and then connects to the container.
/// </summary>
internal sealed class PortForward : IDisposable
{
    private readonly Socket _listener;
    private readonly NetworkNamespace _target;
    private readonly int _targetPort;
    private readonly CancellationTokenSource _end = new();

    public PortForward(NetworkNamespace from, IPEndPoint listen, NetworkNamespace to, int port)
    {
        _target = to;
        _targetPort = port;
        _listener = from.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(listen);
        _listener.Listen();
        _ = AcceptAsync();
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ForwardAsync(await _listener.AcceptAsync(_end.Token));
        }
        catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The forward has ended.
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using Socket accepted = client;
        using Socket upstream = _target.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
        client.NoDelay = upstream.NoDelay = true;
        try
        {
            await upstream.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _targetPort), _end.Token);
            await Task.WhenAll(CopyAsync(client, upstream), CopyAsync(upstream, client));
        }
        catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // One side has closed, or has never listened. The other side sees a closed connection.
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        int length;
        while ((length = await from.ReceiveAsync(buffer, _end.Token)) > 0) await to.SendAsync(buffer.AsMemory(0, length), _end.Token);
        to.Shutdown(SocketShutdown.Send);
    }
}
