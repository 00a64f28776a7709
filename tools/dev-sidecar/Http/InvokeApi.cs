using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Dapr.Voice.DevSidecar.Apps;
using Microsoft.AspNetCore.Http.Features;

namespace Dapr.Voice.DevSidecar.Http;

/// <summary>
/// Service invocation from one app id. It finds the callee in this process, adds the identity of the caller, and streams in both
/// directions. With the real sidecar a call passes two sidecars. Here it is one hop, but app and caller see the same.
/// </summary>
internal sealed class InvokeApi(AppSidecar caller, SidecarRegistry registry, double timeScale)
{
    private const int Attempts = 4;
    private static readonly TimeSpan AttemptInterval = TimeSpan.FromSeconds(1);

    // Headers that belong to one connection, and those that sidecars set themselves.
    private static readonly HashSet<string> NotForwarded = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
            "Upgrade", "Host", "Content-Length", "Expect",
        AppChannel.TokenHeader, "dapr-app-id", "traceparent",
    };

    private static readonly HashSet<string> NotReturned =
        new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Transfer-Encoding", "Date", "Upgrade", "Trailer" };

    /// <param name="path">The path of the method as it was sent.</param>
    /// <param name="query">The query with its question mark, or empty.</param>
    public async Task InvokeAsync(HttpContext context, string calleeId, string path, string query)
    {
        AppSidecar? callee = registry.Find(calleeId, out bool isGhost);
        if (isGhost)
        {
            // The sidecar was killed, and its name is still known. Three retries follow, a second apart, and all are refused.
            for (int attempt = 1; attempt < Attempts; attempt++)
                await Task.Delay(AttemptInterval * timeScale, context.RequestAborted).ConfigureAwait(false);
            await FailAsync(context, calleeId, "failed to invoke target after 3 retries: connection refused").ConfigureAwait(false);
            return;
        }
        if (callee is null)
        {
            await FailAsync(context, calleeId, "no host found with the given ID").ConfigureAwait(false);
            return;
        }
        if (callee.App is not { } app)
        {
            await FailAsync(context, calleeId, "app channel is not initialized").ConfigureAwait(false);
            return;
        }
        if (context.Request.ContentLength > AppChannel.MaximumBodyBytes)
        {
            await FailAsync(context, calleeId, "stream too large").ConfigureAwait(false);
            return;
        }

        using HttpRequestMessage request = Request(context, app, calleeId, MethodPath.Clean(path) + query);
        HttpResponseMessage response;
        try
        {
            response = await app.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            bool isTooLarge = e is BodyTooLargeException || e.InnerException is BodyTooLargeException;
            await FailAsync(context, calleeId, isTooLarge ? "stream too large" : $"error invoking app channel: {e.Message}")
                .ConfigureAwait(false);
            return;
        }
        using (response) await ReturnAsync(context, response).ConfigureAwait(false);
    }

    private HttpRequestMessage Request(HttpContext context, AppChannel app, string calleeId, string pathAndQuery)
    {
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), app.Address(pathAndQuery));
        bool hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        if (hasBody)
        {
            request.Content = new StreamContent(new LimitedStream(context.Request.Body, AppChannel.MaximumBodyBytes));
            if (context.Request.ContentLength is { } length) request.Content.Headers.ContentLength = length;
        }
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Headers)
        {
            if (NotForwarded.Contains(name) || name.StartsWith(':')) continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "127.0.0.1";
        string host = Environment.MachineName;
        // The sidecar's own value is the last one in the headers about the caller and the first one in the header about the callee
        // (recorded). A forged value can only stand before or after it.
        Append(request, "dapr-caller-app-id", caller.Id, isLast: true);
        Append(request, "dapr-caller-namespace", "default", isLast: true);
        Append(request, "dapr-callee-app-id", calleeId, isLast: false);
        Append(request, "forwarded", $"for={address};by={address};host={host}", isLast: true);
        Append(request, "x-forwarded-for", address, isLast: true);
        Append(request, "x-forwarded-host", host, isLast: true);
        request.Headers.TryAddWithoutValidation("traceparent", TraceContext.Child(context.Request.Headers["traceparent"].FirstOrDefault()));
        return request;
    }

    private static void Append(HttpRequestMessage request, string name, string value, bool isLast)
    {
        string? sent = request.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? string.Join(", ", values) : null;
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, sent is null ? value : isLast ? $"{sent}, {value}" : $"{value}, {sent}");
    }

    private static async Task ReturnAsync(HttpContext context, HttpResponseMessage response)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (!NotReturned.Contains(name)) context.Response.Headers.Append(name, values.ToArray());
        }
        if (HttpMethods.IsHead(context.Request.Method) || context.Response.StatusCode is 204 or 304) return;

        // Each piece is forwarded when it arrives. NDJSON lines and server-sent events that are 400 ms apart arrive 400 ms apart.
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            Stream body = await response.Content.ReadAsStreamAsync(context.RequestAborted).ConfigureAwait(false);
            await using ConfiguredAsyncDisposable _ = body.ConfigureAwait(false);
            byte[] buffer = new byte[32 * 1024];
            while (true)
            {
                int read = await body.ReadAsync(buffer, context.RequestAborted).ConfigureAwait(false);
                if (read == 0) return;
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The status has already been sent. Only an aborted connection tells the caller that the body is incomplete.
            context.Abort();
        }
    }

    private static Task FailAsync(HttpContext context, string calleeId, string why)
        => Responses.Error(context, 500, "ERR_DIRECT_INVOKE", $"failed to invoke, id: {calleeId}, err: {why}");
}
