namespace Dapr.Voice.Sidecar;

/// <summary>
/// Sends a request through the sidecar to the app that its host part names: <c>http://transceiver-00/internal/v1/x</c> becomes
/// <c>{sidecar}/v1.0/invoke/transceiver-00/method/internal/v1/x</c>. The body is buffered, so that it has a Content-Length (the sidecar never repeats a
/// chunked request); the answer is not. <see cref="SidecarOptions.InvokeTimeout"/> ends the wait for the headers with a <see cref="TimeoutException"/> inside
/// an <see cref="HttpRequestException"/>.
/// </summary>
public sealed class SidecarInvocationHandler : DelegatingHandler
{
    private const int MaximumBodyBytes = 4 * 1024 * 1024;

    private readonly SidecarOptions _options;
    private readonly TimeProvider _time;

    public SidecarInvocationHandler(SidecarOptions options, TimeProvider? time = null, HttpMessageHandler? inner = null)
        : base(inner ?? SidecarConnection.CreateHandler())
    {
        options.Validate();
        _options = options;
        _time = time ?? TimeProvider.System;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true } uri) throw new InvalidOperationException("An invocation needs an absolute address whose host is the app id.");
        request.RequestUri = new Uri(_options.HttpEndpoint, $"/v1.0/invoke/{uri.Host}/method/{uri.PathAndQuery.TrimStart('/')}");
        request.Headers.Host = null;
        if (_options.ApiToken is { } token)
        {
            request.Headers.Remove(SidecarConnection.TokenHeader);
            request.Headers.TryAddWithoutValidation(SidecarConnection.TokenHeader, token);
        }
        using var deadline = new Deadline(_options.InvokeTimeout, _time, cancellationToken);
        try
        {
            if (request.Content is { } content)
            {
                await content.LoadIntoBufferAsync(MaximumBodyBytes, deadline.Token).ConfigureAwait(false);
                request.Headers.TransferEncodingChunked = null;
            }
            return await base.SendAsync(request, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!deadline.IsCancelledByCaller)
        {
            throw new HttpRequestException($"The app '{uri.Host}' did not answer within {_options.InvokeTimeout.TotalSeconds:0.#} s.", new TimeoutException(null, e));
        }
    }
}
