using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>A call that the app received.</summary>
internal sealed record ReceivedCall(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public JsonNode? Json => Body.Length == 0 ? null : JsonNode.Parse(Body);
}

/// <summary>
/// The app behind a sidecar. It records every call and answers as the handler says. It can stop and start again on the same port.
/// </summary>
internal sealed class RecordingApp(Func<HttpContext, ReceivedCall, Task> answer) : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedCall> _calls = new();
    private WebApplication? _server;

    public int Port { get; private set; } = FreePort();

    public IReadOnlyList<ReceivedCall> Calls => [.. _calls];

    public static async Task<RecordingApp> StartAsync(Func<HttpContext, ReceivedCall, Task> answer)
    {
        var app = new RecordingApp(answer);
        await app.StartAsync();
        return app;
    }

    public async Task StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, Port);
            k.AddServerHeader = false;
        });
        _server = builder.Build();
        _server.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            var headers = context.Request.Headers.ToDictionary(
                h => h.Key.ToLowerInvariant(), h => string.Join(", ", h.Value.ToArray()), StringComparer.Ordinal);
            var call = new ReceivedCall(context.Request.Method, context.Features.Get<IHttpRequestFeature>()!.RawTarget, headers,
                body.ToArray());
            _calls.Enqueue(call);
            await answer(context, call);
        });
        await _server.StartAsync(CancellationToken.None);
    }

    public async Task StopAsync()
    {
        if (_server is null) return;
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
        _server = null;
    }

    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>Returns a port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    /// <summary>An app as the pub/sub recordings describe it: its subscriptions, and the answers of its routes in order.</summary>
    public static Func<HttpContext, ReceivedCall, Task> Subscriber(JsonNode subscribe, JsonObject answers)
    {
        var turns = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        return async (context, call) =>
        {
            if (call.Path == "/dapr/subscribe")
            {
                await WriteAsync(context, 200, "application/json", subscribe.ToJsonString());
                return;
            }
            if (call.Path == "/dapr/config")
            {
                context.Response.StatusCode = 404;
                return;
            }
            JsonNode? answer = answers[call.Path];
            if (answer is JsonArray list) answer = list[Math.Min(turns.AddOrUpdate(call.Path, 0, (_, n) => n + 1), list.Count - 1)];
            context.Response.StatusCode = answer is null ? 200 : (int)answer["status"]!;
            if (answer?["headers"] is JsonObject headers)
            {
                foreach ((string name, JsonNode? value) in headers) context.Response.Headers[name] = (string)value!;
            }
            if (answer?["body"] is { } body) await context.Response.WriteAsync((string)body!, context.RequestAborted);
        };
    }

    public static async Task WriteAsync(HttpContext context, int status, string contentType, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        if (HttpMethods.IsHead(context.Request.Method) || status == 204) return;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body), context.RequestAborted);
    }
}
