namespace Dapr.Voice.Signaling.Realtime;

/// <summary>
/// Cross-origin rules of the public API (docs/protocols/realtime.md 8): pages of other origins are the normal case. The headers go onto
/// every answer, errors
/// included, since a page can read the reason of a failure only then.
/// </summary>
internal sealed class RealtimeCors
{
    private const string Methods = "GET,POST,PATCH,DELETE,OPTIONS";
    private const string RequestHeaders = "authorization,content-type,if-match,etag,x-openai-agents-sdk,openai-safety-identifier";
    private const string ExposedHeaders = "Location,ETag,Link,Retry-After,Access-Control-Allow-Methods";
    private const string MaximumAgeSeconds = "7200";

    private readonly HashSet<string> _origins;
    private readonly bool _allowsAll;

    public RealtimeCors(SignalingOptions options)
    {
        _origins = new(options.EffectiveOrigins, StringComparer.OrdinalIgnoreCase);
        _allowsAll = _origins.Contains("*");
    }

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        IHeaderDictionary headers = context.Response.Headers;
        string? origin = context.Request.Headers.Origin;
        if (!_allowsAll) headers.Vary = "Origin";
        if (_allowsAll || (origin is not null && _origins.Contains(origin)))
        {
            headers.AccessControlAllowOrigin = _allowsAll ? "*" : origin;
            headers.AccessControlAllowMethods = Methods;
            headers.AccessControlAllowHeaders = RequestHeaders;
            headers.AccessControlExposeHeaders = ExposedHeaders;
        }
        if (!HttpMethods.IsOptions(context.Request.Method)) return next(context);

        // A preflight carries no key; an OPTIONS of WHIP's clients asks for Accept-Post.
        if (headers.AccessControlAllowOrigin.Count > 0) headers.AccessControlMaxAge = MaximumAgeSeconds;
        headers["Accept-Post"] = "application/sdp";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
}
