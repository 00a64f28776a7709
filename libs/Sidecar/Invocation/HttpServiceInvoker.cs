using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Implements <see cref="IServiceInvoker"/> with Dapr's HTTP API. We need our own implementation because
/// <c>DaprClient.InvokeMethodAsync</c> is obsolete. Its replacement, an HttpClient of Dapr, sends chunked bodies, and a sidecar never
/// repeats those.
/// </summary>
internal sealed class HttpServiceInvoker(SidecarHttp http, SidecarCalls calls) : IServiceInvoker
{
    public Task<InvocationResult> InvokeAsync<TRequest>(
        string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType,
        CancellationToken cancellation = default)
        => SendAsync(appId, method, path, JsonSerializer.SerializeToUtf8Bytes(body, requestType), cancellation);

    public Task<InvocationResult> InvokeAsync(string appId, HttpMethod method, string path, CancellationToken cancellation = default)
        => SendAsync(appId, method, path, null, cancellation);

    private Task<InvocationResult> SendAsync(string appId, HttpMethod method, string path, byte[]? body, CancellationToken cancellation)
    {
        SidecarNames.Check(appId, nameof(appId));
        return calls.RunAsync("invoke", appId, calls.Options.InvokeTimeout, async deadline =>
        {
            SidecarAnswer answer = await http.SendAsync(
                method, $"/v1.0/invoke/{appId}/method/{path.TrimStart('/')}", body, body is null ? null : "application/json",
                deadline).ConfigureAwait(false);
            return Read(answer);
            // An app that is unavailable or slow does not mean that our own sidecar fails.
        }, result => (result.Outcome.ToString(), result.Outcome != InvocationOutcome.Unavailable), cancellation);
    }

    private static InvocationResult Read(SidecarAnswer answer)
    {
        if (answer.Failure == SidecarFailure.Deadline) return new(InvocationOutcome.TimedOut, default, answer.ErrorCode);
        if (answer.Failure == SidecarFailure.AnswerTooLong) return new(InvocationOutcome.Refused, default, answer.ErrorCode);
        if (answer.Failure != SidecarFailure.None) return new(InvocationOutcome.Unavailable, default, answer.ErrorCode);
        if (!answer.IsSuccess)
        {
            // The sidecar itself rejects the call: no such app, not reachable, too large (500, 404, 403). A wrong DAPR_API_TOKEN gives 401
            // in plain text.
            if (answer.ErrorCode == "ERR_DIRECT_INVOKE") return new(InvocationOutcome.Unreachable, default, answer.ErrorCode);
            bool isTokenRefused = answer.Status == HttpStatusCode.Unauthorized && answer.Body.Span.StartsWith("invalid api token"u8);
            return isTokenRefused
                ? new(InvocationOutcome.Unavailable, default, "INVALID_API_TOKEN")
                : new(InvocationOutcome.Refused, answer.Status, answer.ErrorCode);
        }
        // The sidecar sometimes sends this answer for an app that is down (docs/dapr.md, point 23). Our apps answer 201, 202 or 204 without
        // a body.
        return answer.Status == HttpStatusCode.OK && answer.Body.IsEmpty
            ? new(InvocationOutcome.Unreachable, default, "EMPTY_ANSWER")
            : new(InvocationOutcome.Succeeded, answer.Status, null);
    }
}
