using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Drops;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

/// <summary>What a connection does with its socket, seen from a bare socket at the other end.</summary>
public sealed class RealtimeConnectionTests
{
    /// <summary>Long enough for the sender to be done with what it has sent before.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(10);

    // A message that the client got an acknowledgement for must not die with the process.
    [Fact]
    public void TrySendEvent_NothingWaits_TheKernelHasItOnReturn()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = new Uri($"ws://{listener.LocalEndpoint}/v1/realtime");
        using var connection = new RealtimeConnection(url, null, TimeSpan.FromSeconds(10), new SessionDropCounters(), static () => { });
        connection.Start(TimeSpan.Zero, "{}"u8.ToArray(), []);
        using Socket backend = listener.AcceptSocket();
        Upgrade(backend);
        byte[] buffer = new byte[4096];
        Assert.True(backend.Receive(buffer) > 0, "the greeting");

        // The kernel hands over what was sent on loopback at once, unless the machine is busy: then it is there a moment later.
        int atOnce = 0;
        for (int i = 0; i < 40; i++)
        {
            Thread.Sleep(Idle);
            Assert.True(connection.TrySendEvent("""{"type":"drill.up"}"""u8));
            if (backend.Available > 0) atOnce++;
            Assert.True(backend.Receive(buffer) > 0);
        }
        Assert.InRange(atOnce, 10, 40);
    }

    // A connection that never ends would never be replaced.
    [Fact]
    public void BackendClosesAndDoesNotRead_WhileAnEventIsOnItsWay_TheConnectionEnds()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = new Uri($"ws://{listener.LocalEndpoint}/v1/realtime");
        using var connection = new RealtimeConnection(url, null, TimeSpan.FromSeconds(10), new SessionDropCounters(), static () => { });
        connection.Start(TimeSpan.Zero, "{}"u8.ToArray(), []);
        using Socket backend = listener.AcceptSocket();
        Upgrade(backend);
        Assert.True(backend.Receive(new byte[4096]) > 0, "the greeting");
        Thread.Sleep(Idle);
        // More than the kernel takes, so one of them waits in the middle.
        byte[] large = new byte[ClientChannel.MaximumEventBytes];
        large.AsSpan().Fill((byte)' ');
        int sent = 0;
        var patience = Stopwatch.StartNew();
        while (patience.Elapsed < TimeSpan.FromSeconds(5) && sent < 200 && connection.TrySendEvent(large)) sent++;
        Assert.InRange(sent, 1, 199);
        // RFC 6455, section 5.5.1: a Close frame.
        backend.Send([0x88, 0]);
        // A second, and not until the pings of the socket stay unanswered, which takes 25.
        bool hasEnded = false;
        Assert.True(SpinWait.SpinUntil(() =>
        {
            while (connection.TryTake(out BackendMessage? message))
            {
                hasEnded |= message.Kind == BackendMessageKind.Ended;
                message.Release();
            }
            return hasEnded;
        }, TimeSpan.FromSeconds(15)), "it never ended");
        Assert.NotEmpty(connection.Unsent);
    }

    /// <summary>The server's side of the opening handshake (RFC 6455, section 4.2.2).</summary>
    private static void Upgrade(Socket backend)
    {
        byte[] buffer = new byte[4096];
        string request = "";
        while (!request.EndsWith("\r\n\r\n", StringComparison.Ordinal))
            request += Encoding.ASCII.GetString(buffer, 0, backend.Receive(buffer));
        string key = request.Split("Sec-WebSocket-Key: ", 2, StringSplitOptions.None)[1].Split("\r\n", 2)[0];
#pragma warning disable CA5350 // The protocol says SHA-1.
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        backend.Send(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
    }
}
