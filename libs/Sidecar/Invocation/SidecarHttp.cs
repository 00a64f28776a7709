using System.Buffers;
using System.Runtime.CompilerServices;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// The pool of HTTP connections to the sidecar, for invocations. It adds the API token and reads answers up to a limit.
/// </summary>
internal sealed class SidecarHttp : IDisposable
{
    private readonly SidecarOptions _options;
    private readonly HttpMessageInvoker _http;

    public SidecarHttp(SidecarOptions options) : this(options, SidecarChannel.CreateHandler()) { }

    internal SidecarHttp(SidecarOptions options, HttpMessageHandler handler)
    {
        _options = options;
        _http = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    /// <summary>
    /// Sends one request and reads the whole answer. A failure of the sidecar or of the network does not throw; it is in <see
    /// cref="SidecarAnswer.Failure"/>. It throws <see cref="OperationCanceledException"/> only if the caller cancelled.
    /// </summary>
    public async Task<SidecarAnswer> SendAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte> body, string? contentType, Deadline deadline)
    {
        using var request = new HttpRequestMessage(method, new Uri(_options.HttpEndpoint, path));
        if (contentType is not null)
        {
            // This content has a length. JsonContent has none and is sent in chunks, and the sidecar never repeats a chunked request.
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }
        if (_options.ApiToken is { } token) request.Headers.TryAddWithoutValidation(SidecarChannel.TokenHeader, token);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, deadline.Token).ConfigureAwait(false);
            ReadOnlyMemory<byte>? content = await ReadAsync(response, deadline.Token).ConfigureAwait(false);
            return content is null
                ? SidecarAnswer.Failed(SidecarFailure.AnswerTooLong)
                : new SidecarAnswer(response.StatusCode, content.Value, SidecarFailure.None);
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

    public void Dispose() => _http.Dispose();

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > _options.MaximumAnswerBytes) return null;
        Stream stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using ConfiguredAsyncDisposable _ = stream.ConfigureAwait(false);
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
