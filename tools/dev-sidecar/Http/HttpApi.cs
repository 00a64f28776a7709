using Dapr.Voice.DevSidecar.Apps;
using Microsoft.AspNetCore.Http.Features;

namespace Dapr.Voice.DevSidecar.Http;

/// <summary>Dapr's HTTP API of one app id: finds the route of a request and turns an <see cref="ApiException"/> into an answer.</summary>
internal sealed class HttpApi(AppSidecar sidecar, InvokeApi invocation, string? token)
{
    private readonly StateRoutes _state = new(sidecar.State);
    private readonly PublishRoutes _publish = new(sidecar.Publisher);
    private readonly SecretRoutes _secrets = new(sidecar.Secrets);
    private readonly MetadataRoutes _metadata = new(sidecar.Metadata);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await DispatchAsync(context).ConfigureAwait(false);
        }
        catch (ApiException failure)
        {
            await Responses.Error(context, failure).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The caller has gone, so nobody can be answered.
            context.Abort();
        }
    }

    private Task DispatchAsync(HttpContext context)
    {
        string method = context.Request.Method;
        (string path, string query) = Target(context);
        bool isHealth = HttpMethods.IsGet(method) && path is "/v1.0/healthz" or "/v1.0/healthz/outbound";
        if (!isHealth && !LoopbackServer.HasToken(token, context))
        {
            context.Response.StatusCode = 401;
            context.Response.ContentType = "text/plain; charset=utf-8";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return context.Response.WriteAsync("invalid api token\n", context.RequestAborted);
        }

        // The path is split before it is decoded, because an encoded slash is part of its segment.
        string[] raw = path.Split('/');
        string[] part = raw.Select(Uri.UnescapeDataString).ToArray();
        bool isWrite = HttpMethods.IsPost(method) || HttpMethods.IsPut(method);
        if (raw.Length > 3 && raw[1] == "v1.0")
        {
            switch (part[2])
            {
                case "invoke" when raw.Length > 5 && raw[4] == "method" && part[3].Length > 0:
                    return invocation.InvokeAsync(context, part[3], string.Join('/', raw[5..]), query);
                case "state" when raw.Length == 4 && part[3].Length > 0 && isWrite: return _state.SaveAsync(context, part[3]);
                case "state" when raw.Length == 5 && part[4] == "bulk" && isWrite: return _state.BulkAsync(context, part[3]);
                case "state" when raw.Length == 5 && part[4] == "transaction" && isWrite: return _state.TransactAsync(context, part[3]);
                case "state" when raw.Length == 5 && part[4].Length > 0 && HttpMethods.IsGet(method):
                    return _state.GetAsync(context, part[3], part[4]);
                case "state" when raw.Length == 5 && part[4].Length > 0 && HttpMethods.IsDelete(method):
                    return _state.DeleteAsync(context, part[3], part[4]);
                case "publish" when raw.Length == 6 && part[3] == "bulk" && isWrite: return _publish.BulkAsync(context, part[4], part[5]);
                case "publish" when raw.Length == 5 && part[4].Length > 0 && isWrite:
                    return _publish.PublishAsync(context, part[3], part[4]);
                case "secrets" when raw.Length == 5 && part[4] == "bulk" && HttpMethods.IsGet(method):
                    return _secrets.BulkAsync(context, part[3]);
                case "secrets" when raw.Length == 5 && part[4].Length > 0 && HttpMethods.IsGet(method):
                    return _secrets.GetAsync(context, part[3], part[4]);
                case "healthz" when raw.Length == 4 && raw[3] == "outbound" && HttpMethods.IsGet(method): return Responses.Empty(context);
                case "metadata" when raw.Length == 4 && part[3].Length > 0 && HttpMethods.IsPut(method):
                    return _metadata.SetAsync(context, part[3]);
            }
        }
        switch (path)
        {
            case "/v1.0/healthz" when HttpMethods.IsGet(method): return HealthAsync(context);
            case "/v1.0/metadata" when HttpMethods.IsGet(method): return _metadata.GetAsync(context);
            case "/v1.0/shutdown" when HttpMethods.IsPost(method): return ShutdownAsync(context);
        }
        if (raw is ["", "v1.0-alpha1", "state", _, "query"] && isWrite) return _state.QueryAsync(context, part[3]);
        if (raw is ["", "v1.0-alpha1", "publish", "bulk", _, _] && isWrite) return _publish.BulkAsync(context, part[4], part[5]);

        // Any other path is an invocation if a header names the callee.
        return context.Request.Headers["dapr-app-id"].FirstOrDefault() is { Length: > 0 } appId
            ? invocation.InvokeAsync(context, appId, path, query)
            : Responses.NotServed(context);
    }

    private static (string Path, string Query) Target(HttpContext context)
    {
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (!target.StartsWith('/')) target = context.Request.Path.Value + context.Request.QueryString.Value;
        int mark = target.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? (target, "") : (target[..mark], target[mark..]);
    }

    private Task HealthAsync(HttpContext context)
    {
        if (context.Request.Query["appid"].FirstOrDefault() is { Length: > 0 } asked && asked != sidecar.Id)
            return Responses.Error(context, 500, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match");
        return sidecar.Ready.IsCompletedSuccessfully ? Responses.Empty(context)
            : Responses.Error(context, 500, "ERR_HEALTH_NOT_READY", "dapr is not ready: [runtime]");
    }

    private async Task ShutdownAsync(HttpContext context)
    {
        await Responses.Empty(context).ConfigureAwait(false);
        await context.Response.CompleteAsync().ConfigureAwait(false);
        sidecar.Shutdown();
    }
}
