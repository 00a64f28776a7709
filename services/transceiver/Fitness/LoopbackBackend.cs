using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Media;

namespace Dapr.Voice.Transceiver.Fitness;

/// <summary>
/// A Realtime backend on a loopback port for one connection of a rehearsal. It says what a backend says in the first second, and goes.
/// </summary>
internal static class LoopbackBackend
{
    // RFC 6455, section 1.3.
    private const string AcceptSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int MaximumRequestBytes = 8192;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly string[] Messages =
    [
        """{"type":"session.created","event_id":"event_0","session":{"id":"sess_0","object":"realtime.session"}}""",
        """{"type":"session.updated","event_id":"event_1","session":{"id":"sess_0","object":"realtime.session"}}""",
        """{"type":"response.created","event_id":"event_2","response":{"id":"resp_0","status":"in_progress","output":[]}}""",
        $$"""{"type":"response.output_audio.delta","event_id":"event_3","response_id":"resp_0","item_id":"item_0","output_index":0,"""
            + $$""" "content_index":0,"delta":"{{Convert.ToBase64String(new byte[960])}}"}""",
        """{"type":"response.done","event_id":"event_4","response":{"id":"resp_0","status":"completed","output":[]}}""",
    ];

    /// <summary>A connection to the backend is made, sends an event and a frame, hears everything, and is closed.</summary>
    public static async Task TalkAsync(Func<Uri, RealtimeConnection> connect, RememberedItem item, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using RealtimeConnection connection = connect(new Uri($"ws://{listener.LocalEndpoint}/v1/realtime"));
        connection.Start(TimeSpan.Zero, "{}"u8.ToArray(), [item]);
        try
        {
            using TcpClient client = await listener.AcceptTcpClientAsync(limit.Token).ConfigureAwait(false);
            using WebSocket backend = await UpgradeAsync(client.GetStream(), limit.Token).ConfigureAwait(false);
            byte[] buffer = new byte[MaximumRequestBytes];
            // The greeting and the conversation.
            for (int i = 0; i < 2; i++) await backend.ReceiveAsync(buffer.AsMemory(), limit.Token).ConfigureAwait(false);
            connection.TrySendEvent("{}"u8);
            connection.SendAudio(new short[AudioFormat.FrameSamples]);
            for (int i = 0; i < 2; i++) await backend.ReceiveAsync(buffer.AsMemory(), limit.Token).ConfigureAwait(false);
            foreach (string message in Messages)
                await backend.SendAsync(Encoding.UTF8.GetBytes(message).AsMemory(), WebSocketMessageType.Text, true, limit.Token)
                    .ConfigureAwait(false);
            await backend.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token).ConfigureAwait(false);
            while (!HasEnded(connection)) await Task.Delay(TimeSpan.FromMilliseconds(5), limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or WebSocketException)
        {
            // A rehearsal that fails costs time at the first takeover, and nothing else.
        }
    }

    private static bool HasEnded(RealtimeConnection connection)
    {
        bool hasEnded = false;
        while (connection.TryTake(out BackendMessage? message))
        {
            hasEnded |= message.Kind == BackendMessageKind.Ended;
            message.Release();
        }
        return hasEnded;
    }

    /// <summary>The server's side of the opening handshake (RFC 6455, section 4.2.2).</summary>
    /// <exception cref="IOException">The client is none, or it is gone.</exception>
    internal static async Task<WebSocket> UpgradeAsync(NetworkStream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[MaximumRequestBytes];
        int length = 0;
        while (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            if (read == 0) throw new IOException("The rehearsal's connection ended too early.");
            length += read;
        }
        // The first to connect may be anybody on this machine.
        string[] parts = Encoding.ASCII.GetString(buffer, 0, length).Split("Sec-WebSocket-Key: ", 2);
        if (parts.Length < 2) throw new IOException("What connected is no WebSocket client.");
        string key = parts[1].Split("\r\n", 2)[0];
#pragma warning disable CA5350 // RFC 6455 says SHA-1, and nothing depends on its strength.
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSalt)));
#pragma warning restore CA5350
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + $"Sec-WebSocket-Accept: {accept}\r\n\r\n"), cancellation).ConfigureAwait(false);
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
    }
}
