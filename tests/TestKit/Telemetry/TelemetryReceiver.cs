using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.TestKit.Telemetry;

/// <summary>A receiver of telemetry on a free loopback port. What it received can be read from any thread at any time.</summary>
public abstract class TelemetryReceiver : IAsyncDisposable
{
    private protected readonly ConcurrentQueue<ReceivedSpan> ReceivedSpans = new();
    private protected readonly ConcurrentQueue<ReceivedSpanEvent> ReceivedSpanEvents = new();
    private protected readonly ConcurrentQueue<ReceivedPoint> ReceivedPoints = new();
    private protected readonly ConcurrentQueue<ReceivedLog> ReceivedLogs = new();
    private readonly ConcurrentQueue<ReadOnlyMemory<byte>> _bodies = new();
    private readonly WebApplication _application;
    private readonly Socket _listener;

    /// <param name="listener">The TCP socket to listen on, which may be in another network. The receiver binds and closes it.</param>
    private protected TelemetryReceiver(HttpProtocols protocols, Socket? listener)
    {
        _listener = listener ?? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenHandle((ulong)_listener.Handle, listen => listen.Protocols = protocols));
        _application = builder.Build();
        _application.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            _bodies.Enqueue(await HandleAsync(context, body.ToArray()));
        });
    }

    /// <summary>The base address, for example <c>http://127.0.0.1:41234</c>.</summary>
    public string Address => $"http://{_listener.LocalEndPoint}";

    /// <summary>The spans, each once. An exporter that gets no answer in time sends a span again.</summary>
    public IReadOnlyList<ReceivedSpan> Spans => [.. ReceivedSpans.DistinctBy(span => span.SpanId)];

    public IReadOnlyList<ReceivedSpanEvent> SpanEvents => [.. ReceivedSpanEvents.Distinct()];

    public IReadOnlyList<ReceivedPoint> Points => [.. ReceivedPoints];

    public IReadOnlyList<ReceivedLog> Logs => [.. ReceivedLogs.Distinct()];

    /// <summary>All bodies as they were sent, without compression. Tests search them for what must not be there.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Bodies => [.. _bodies];

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _listener.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Reads one request and answers it.</summary>
    /// <returns>The body without compression.</returns>
    private protected abstract Task<ReadOnlyMemory<byte>> HandleAsync(HttpContext context, ReadOnlyMemory<byte> body);

    private protected Task ListenAsync() => _application.StartAsync(CancellationToken.None);
}
