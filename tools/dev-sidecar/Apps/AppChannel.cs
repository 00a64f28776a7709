using System.Net.Sockets;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>The connection from a sidecar to its app: plain HTTP on 127.0.0.1, with the app's token. Any thread.</summary>
internal sealed class AppChannel : IDisposable
{
    /// <summary>The longest body that a sidecar forwards in either direction: 4 MiB, as with the real sidecar.</summary>
    public const int MaximumBodyBytes = 4 * 1024 * 1024;

    public const string TokenHeader = "dapr-api-token";

    private readonly int _port;
    private readonly string? _token;
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        // A redirect of the app is passed to the caller unchanged.
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        ActivityHeadersPropagator = null,
    });

    // Null for no limit.
    private readonly SemaphoreSlim? _turns;

    /// <param name="maximumConcurrency">How many requests the app gets at a time. Null for no limit.</param>
    public AppChannel(int port, string? token, int? maximumConcurrency = null)
    {
        _port = port;
        _token = token;
        if (maximumConcurrency is { } most) _turns = new SemaphoreSlim(most);
    }

    public int Port => _port;

    /// <summary>The address of a path at the app. The path is used unchanged, because the caller has already escaped it.</summary>
    public Uri Address(string pathAndQuery)
    {
        string path = pathAndQuery.StartsWith('/') ? pathAndQuery : "/" + pathAndQuery;
        return new Uri($"http://127.0.0.1:{_port}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    /// <summary>
    /// Sends a request with the app's own token, which replaces any token in the request. It waits for its turn if the app has as many
    /// requests as it may have. As with the real sidecar, a turn ends when the app begins its answer.
    /// </summary>
    public async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellation)
    {
        request.Headers.Remove(TokenHeader);
        if (_token is not null) request.Headers.TryAddWithoutValidation(TokenHeader, _token);
        if (_turns is null) return await SendAndMaybeBufferAsync(request, completion, cancellation).ConfigureAwait(false);
        await _turns.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await SendAndMaybeBufferAsync(request, completion, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>True if something listens on the app's port.</summary>
    public async Task<bool> IsListeningAsync(CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(System.Net.IPAddress.Loopback, _port, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _turns?.Dispose();
    }

    private async Task<HttpResponseMessage> SendAndMaybeBufferAsync(
        HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellation)
    {
        HttpResponseMessage response = await _http.SendAsync(request, cancellation).ConfigureAwait(false);
        try
        {
            if (completion == HttpCompletionOption.ResponseContentRead)
                await response.Content.LoadIntoBufferAsync(MaximumBodyBytes, cancellation).ConfigureAwait(false);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
