using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// <see cref="IServiceInvoker"/> over Dapr's HTTP API. It is ours because <c>DaprClient.InvokeMethodAsync</c> is obsolete, and the HttpClient that Dapr
/// makes instead sends chunked bodies, which a sidecar never sends again.
/// </summary>
internal sealed class HttpServiceInvoker(SidecarHttp http, SidecarCalls calls) : IServiceInvoker
{
    public Task<InvocationResult<TAnswer>> InvokeAsync<TRequest, TAnswer>(string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation = default)
        => SendAsync(appId, method, path, JsonSerializer.SerializeToUtf8Bytes(body, requestType), answerType, cancellation);

    public Task<InvocationResult<bool>> InvokeAsync<TRequest>(string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, CancellationToken cancellation = default)
        => SendAsync<bool>(appId, method, path, JsonSerializer.SerializeToUtf8Bytes(body, requestType), null, cancellation);

    public Task<InvocationResult<TAnswer>> InvokeAsync<TAnswer>(string appId, HttpMethod method, string path, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation = default)
        => SendAsync(appId, method, path, null, answerType, cancellation);

    public Task<InvocationResult<bool>> InvokeAsync(string appId, HttpMethod method, string path, CancellationToken cancellation = default)
        => SendAsync<bool>(appId, method, path, null, null, cancellation);

    private Task<InvocationResult<T>> SendAsync<T>(string appId, HttpMethod method, string path, byte[]? body, JsonTypeInfo<T>? answerType, CancellationToken cancellation)
    {
        SidecarNames.Check(appId, nameof(appId));
        return calls.RunAsync("invoke", appId, calls.Options.InvokeTimeout, async deadline =>
        {
            SidecarAnswer answer = await http.SendAsync(
                method, $"/v1.0/invoke/{appId}/method/{path.TrimStart('/')}", body, body is null ? null : "application/json", deadline).ConfigureAwait(false);
            return Read(answer, answerType);
            // An app that is gone or slow says nothing against our own sidecar.
        }, result => (result.Outcome.ToString(), result.Outcome != InvocationOutcome.Unavailable), cancellation);
    }

    private static InvocationResult<T> Read<T>(SidecarAnswer answer, JsonTypeInfo<T>? type)
    {
        if (answer.Failure == SidecarFailure.Deadline) return new(InvocationOutcome.TimedOut, default, default, answer.ErrorCode);
        if (answer.Failure == SidecarFailure.AnswerTooLong) return new(InvocationOutcome.Malformed, default, default, answer.ErrorCode);
        if (answer.Failure != SidecarFailure.None) return new(InvocationOutcome.Unavailable, default, default, answer.ErrorCode);
        if (!answer.IsSuccess)
        {
            // The sidecar's own refusals: no such app, not reachable, too large (500, 404, 403); a wrong DAPR_API_TOKEN is 401 in plain text.
            if (answer.ErrorCode == "ERR_DIRECT_INVOKE") return new(InvocationOutcome.Unreachable, default, default, answer.ErrorCode);
            bool isTokenRefused = answer.Status == HttpStatusCode.Unauthorized && answer.Body.Span.StartsWith("invalid api token"u8);
            return isTokenRefused
                ? new(InvocationOutcome.Unavailable, default, default, "INVALID_API_TOKEN")
                : new(InvocationOutcome.Refused, answer.Status, default, answer.ErrorCode);
        }
        // The sidecar sometimes answers so for an app that is down (docs/dapr.md, point 23). An app of ours that has nothing to say answers 201, 202 or 204.
        if (answer.Status == HttpStatusCode.OK && answer.Body.IsEmpty) return new(InvocationOutcome.Unreachable, default, default, "EMPTY_ANSWER");
        if (type is null) return new(InvocationOutcome.Succeeded, answer.Status, default, null);
        if (answer.Body.IsEmpty) return new(InvocationOutcome.Succeeded, answer.Status, default, null);
        try
        {
            return new(InvocationOutcome.Succeeded, answer.Status, JsonSerializer.Deserialize(answer.Body.Span, type), null);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return new(InvocationOutcome.Malformed, answer.Status, default, "MALFORMED_ANSWER");
        }
    }
}
