using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// One pool of HTTP connections to the sidecar. Adds the API token, sets the deadline, reads the answer up to a limit, and remembers how the
/// last calls went: <c>healthz</c> says nothing of a dead store (docs/dapr.md, point 15), so readiness comes from real calls.
/// </summary>
internal sealed class SidecarConnection : IDisposable
{
    /// <summary>Header that carries a token in both directions.</summary>
    public const string TokenHeader = "dapr-api-token";

    private static readonly Meter Meter = new("Dapr.Voice.Sidecar");
    private static readonly Histogram<double> CallDuration = Meter.CreateHistogram<double>("voice.sidecar.call.duration", "s", "Calls to the sidecar by operation and outcome.");

    private readonly SidecarOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;
    private int _consecutiveFailures;

    public SidecarConnection(SidecarOptions options, TimeProvider time) : this(options, time, CreateHandler()) { }

    internal SidecarConnection(SidecarOptions options, TimeProvider time, HttpMessageHandler handler)
    {
        options.Validate();
        _options = options;
        _time = time;
        _http = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    public SidecarOptions Options => _options;

    public TimeProvider Time => _time;

    /// <summary>Calls in a row that ended without a usable answer: no connection, deadline, 5xx other than a lost create.</summary>
    public int ConsecutiveFailures => Volatile.Read(ref _consecutiveFailures);

    /// <summary>Loopback, so: no proxy, no cookies, no redirects of an app followed by the client.</summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
    };

    public Deadline StartDeadline(TimeSpan timeout, CancellationToken cancellation) => new(timeout, _time, cancellation);

    /// <summary>
    /// Sends one request and reads the whole answer. Never throws for what the sidecar or the network does: those are
    /// <see cref="SidecarAnswer.Failure"/>. Throws <see cref="OperationCanceledException"/> only if the caller cancelled.
    /// </summary>
    public async Task<SidecarAnswer> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, string? contentType, Action<HttpRequestHeaders>? headers, Deadline deadline)
    {
        using var request = new HttpRequestMessage(method, new Uri(_options.HttpEndpoint, path));
        if (contentType is not null)
        {
            // A buffer, not JsonContent: JsonContent is chunked, and the sidecar never retries a chunked request.
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }
        if (_options.ApiToken is { } token) request.Headers.TryAddWithoutValidation(TokenHeader, token);
        headers?.Invoke(request.Headers);
        try
        {
            using var response = await _http.SendAsync(request, deadline.Token).ConfigureAwait(false);
            var content = await ReadAsync(response, deadline.Token).ConfigureAwait(false);
            return content is null
                ? SidecarAnswer.Failed(SidecarFailure.AnswerTooLong)
                : new SidecarAnswer(response.StatusCode, RawHeader(response, "ETag"), content.Value, SidecarFailure.None);
        }
        catch (OperationCanceledException) when (!deadline.IsCancelledByCaller)
        {
            return SidecarAnswer.Failed(SidecarFailure.Deadline);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return SidecarAnswer.Failed(SidecarFailure.NoConnection);
        }
    }

    /// <summary>Counts an operation that is over.</summary>
    public void Record(string operation, string outcome, bool isUsable, long startedTimestamp)
    {
        if (isUsable) Volatile.Write(ref _consecutiveFailures, 0);
        else Interlocked.Increment(ref _consecutiveFailures);
        CallDuration.Record(_time.GetElapsedTime(startedTimestamp).TotalSeconds, new("operation", operation), new("outcome", outcome));
    }

    public void Dispose() => _http.Dispose();

    // The ETag of Redis is a bare number, which the typed header refuses; Azure's has its quotes inside. So it is taken as it stands.
    private static string? RawHeader(HttpResponseMessage response, string name)
        => response.Headers.NonValidated.TryGetValues(name, out var values) && values.Count > 0 ? values.ToString() : null;

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > _options.MaximumAnswerBytes) return null;
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using var _ = stream.ConfigureAwait(false);
        var writer = new ArrayBufferWriter<byte>(Math.Max(256, (int)(response.Content.Headers.ContentLength ?? 0) + 1));
        while (true)
        {
            int read = await stream.ReadAsync(writer.GetMemory(), cancellation).ConfigureAwait(false);
            if (read == 0) return writer.WrittenMemory;
            writer.Advance(read);
            if (writer.WrittenCount > _options.MaximumAnswerBytes) return null;
        }
    }
}
