using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Gives every failed request a readable body: unknown paths, wrong methods, truncated bodies, and our own faults. Each one is an <see
/// cref="ApiError"/> that the framework's problem details service hands to <see cref="ProblemWriter"/>.
/// </summary>
public static class ErrorAnswers
{
    internal static IServiceCollection AddErrorAnswers(this IServiceCollection services)
        => services.AddSingleton<IProblemDetailsWriter, ProblemWriter>().AddProblemDetails().AddExceptionHandler<Handler>();

    /// <summary>Call it before all middleware that may fail.</summary>
    public static IApplicationBuilder UseErrorAnswers(this IApplicationBuilder app)
        => app.UseExceptionHandler().UseStatusCodePages(
        context => ApiError.OfStatus(context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));

    /// <summary>The framework has already handled callers that disconnected.</summary>
    private sealed class Handler(ILogger<ApiError> logger) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            if (StatusOfUnreadable(exception) is { } status)
            {
                string code = status == StatusCodes.Status413PayloadTooLarge ? "request_too_large" : "bad_request";
                await new ApiError(status, code, "The request could not be read.").ExecuteAsync(httpContext);
                return true;
            }
            // The route and not the path, because the path may contain arbitrary text of the caller.
            var endpoint = httpContext.Features.Get<IExceptionHandlerFeature>()?.Endpoint as RouteEndpoint;
            ErrorAnswersLog.Unhandled(logger, exception, httpContext.Request.Method, endpoint?.RoutePattern.RawText ?? "-");
            await ApiError.Internal().ExecuteAsync(httpContext);
            return true;
        }

        /// <summary>
        /// Returns the status for a request that the web server can't read, or null if the exception is our own fault. Kestrel reports a
        /// chunk whose size overflows by an IOException around the overflow, and everything else by its own exception.
        /// </summary>
        private static int? StatusOfUnreadable(Exception exception) => exception switch
        {
            BadHttpRequestException bad => bad.StatusCode,
            IOException { InnerException: OverflowException } => StatusCodes.Status400BadRequest,
            _ => null,
        };
    }
}

internal static partial class ErrorAnswersLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Route} failed")]
    public static partial void Unhandled(ILogger logger, Exception exception, string method, string route);
}
