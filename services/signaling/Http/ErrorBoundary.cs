namespace Dapr.Voice.Signaling.Http;

/// <summary>Gives every failed request of the API a body that its caller can read: unknown paths, wrong methods, bodies cut short, and bugs.</summary>
internal sealed class ErrorBoundary(ILogger<ErrorBoundary> logger)
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        ApiError? error;
        try
        {
            await next(context);
            error = context.Response switch
            {
                { HasStarted: true } => null,
                { StatusCode: 404, ContentLength: null, ContentType: null } => ApiError.NotFound("unknown_path", "There is nothing at this path."),
                { StatusCode: 405, ContentLength: null, ContentType: null } => new ApiError(405, "invalid_request_error", "method_not_allowed", "This path does not take this method."),
                _ => null,
            };
        }
        catch (BadHttpRequestException e)
        {
            error = new ApiError(e.StatusCode, "invalid_request_error", e.StatusCode == 413 ? "request_too_large" : "bad_request", "The request could not be read.");
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer.
            return;
        }
        catch (Exception e)
        {
            string route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "-";
            SignalingLog.Unhandled(logger, e, context.Request.Method, route);
            error = ApiError.Internal();
        }
        if (error is not null && !context.Response.HasStarted) await error.WriteAsync(context);
    }
}
