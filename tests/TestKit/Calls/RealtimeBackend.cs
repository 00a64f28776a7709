using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Dapr.Voice.TestKit.Calls;

/// <summary>
/// A Realtime backend on a loopback port, played by the test: it sees each connection's events and says what it is told to.
/// </summary>
public sealed class RealtimeBackend : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly BlockingCollection<Connection> _connections = [];
    private int _attempts;

    private RealtimeBackend(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = null!;

    /// <summary>When set, upgrades are answered with this instead.</summary>
    public HttpStatusCode? Refusal { get; set; }
    public int Attempts => Volatile.Read(ref _attempts);

    public static async Task<RealtimeBackend> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var backend = new RealtimeBackend(builder.Build());
        backend._app.UseWebSockets();
        backend._app.Map("/v1/realtime", (HttpContext context) => backend.ServeAsync(context));
        await backend._app.StartAsync();
        string address = backend._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        backend.Url = new Uri(address.Replace("http:", "ws:") + "/v1/realtime?model=test");
        return backend;
    }

    /// <summary>The next connection that a client made.</summary>
    public Connection Next()
    {
        Assert.True(_connections.TryTake(out Connection? connection, TimeSpan.FromSeconds(20)), "no connection in time");
        return connection!;
    }

    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(deadline.Token);
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        Interlocked.Increment(ref _attempts);
        if (Refusal is { } status)
        {
            context.Response.StatusCode = (int)status;
            return;
        }
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        var connection = new Connection(socket, context.Request.Headers.Authorization.ToString());
        _connections.Add(connection, CancellationToken.None);
        await connection.ReceiveAsync(context.RequestAborted);
    }

    public sealed class Connection(WebSocket socket, string authorization)
    {
        private readonly BlockingCollection<JsonElement> _events = [];

        public string Authorization { get; } = authorization;

        /// <summary>Completed when the client is gone; the value says whether it said goodbye.</summary>
        public TaskCompletionSource<bool> Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The next event of this type; others before it are skipped.</summary>
        public JsonElement Expect(string type)
        {
            var seen = new List<string>();
            while (_events.TryTake(out JsonElement e, TimeSpan.FromSeconds(20)))
            {
                string got = e.GetProperty("type").GetString()!;
                if (got == type) return e;
                seen.Add(got);
            }
            throw new Xunit.Sdk.XunitException($"The backend saw no {type}, but {string.Join(", ", seen)}");
        }

        public bool HasSeen(string type) => _events.Any(e => e.GetProperty("type").GetString() == type);

        public Task SendBinaryAsync(byte[] bytes)
            => socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);

        public Task SayAsync(string json)
            => socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

        /// <summary>An audio delta of so many milliseconds of a ramp.</summary>
        public Task SpeakAsync(string response, string item, int milliseconds, short value = 1000)
        {
            byte[] pcm = new byte[milliseconds * 48];
            for (int i = 0; i < pcm.Length; i += 2) BitConverter.TryWriteBytes(pcm.AsSpan(i), value);
            return SpeakAsync(response, item, pcm);
        }

        public Task SpeakAsync(string response, string item, byte[] pcm)
            => SayAsync(
            $$"""{"type":"response.output_audio.delta","event_id":"d","response_id":"{{response}}","item_id":"{{item}}","output_index":0,"""
            + $$""" "content_index":0,"delta":"{{Convert.ToBase64String(pcm)}}"}""");

        public Task CloseAsync() => socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "bye", CancellationToken.None);

        public void Break() => socket.Abort();

        internal async Task ReceiveAsync(CancellationToken cancellation)
        {
            byte[] buffer = new byte[1 << 20];
            int length = 0;
            try
            {
                while (true)
                {
                    ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation);
                    if (received.MessageType == WebSocketMessageType.Close)
                    {
                        if (socket.State == WebSocketState.CloseReceived)
                            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
                        Gone.TrySetResult(true);
                        return;
                    }
                    length += received.Count;
                    if (!received.EndOfMessage) continue;
                    _events.Add(JsonDocument.Parse(buffer.AsMemory(0, length).ToArray()).RootElement, CancellationToken.None);
                    length = 0;
                }
            }
            catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
            {
                Gone.TrySetResult(false);
            }
        }
    }
}
