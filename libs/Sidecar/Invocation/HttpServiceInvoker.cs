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
    public async Task<InvocationResult> InvokeAsync<TRequest>(
        string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, HttpStatusCode success,
        CancellationToken cancellation = default)
        => (await SendAsync(appId, method, path, JsonSerializer.SerializeToUtf8Bytes(body, requestType), null,
            answer => new InvocationResult<object>(ResultOf(answer, success), null), cancellation).ConfigureAwait(false)).Result;

    public async Task<InvocationResult> InvokeAsync(
        string appId, HttpMethod method, string path, HttpStatusCode success, CancellationToken cancellation = default)
        => (await SendAsync(appId, method, path, null, null,
            answer => new InvocationResult<object>(ResultOf(answer, success), null), cancellation).ConfigureAwait(false)).Result;

    public Task<InvocationResult<TAnswer>> AskAsync<TRequest, TAnswer>(
        string appId, string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType,
        CancellationToken cancellation = default)
        where TAnswer : class
        => SendAsync(appId, HttpMethod.Post, path, JsonSerializer.SerializeToUtf8Bytes(body, requestType), null,
            answer => Read(answer, answerType), cancellation);

    public Task<InvocationResult<TAnswer>> GetAsync<TAnswer>(
        string appId, string path, JsonTypeInfo<TAnswer> answerType, TimeSpan? timeout = null, CancellationToken cancellation = default)
        where TAnswer : class
        => SendAsync(appId, HttpMethod.Get, path, null, timeout, answer => Read(answer, answerType), cancellation);

    private Task<InvocationResult<T>> SendAsync<T>(string appId, HttpMethod method, string path, byte[]? body, TimeSpan? timeout,
        Func<SidecarAnswer, InvocationResult<T>> read, CancellationToken cancellation) where T : class
    {
        SidecarNames.Check(appId, nameof(appId));
        return calls.RunAsync("invoke", appId, timeout ?? calls.Options.InvokeTimeout, async deadline =>
        {
            SidecarAnswer answer = await http.SendAsync(
                method, $"/v1.0/invoke/{appId}/method/{path.TrimStart('/')}", body, body is null ? null : "application/json",
                deadline).ConfigureAwait(false);
            return read(answer);
            // An app that is unavailable or slow does not mean that our own sidecar fails.
        }, answer => (answer.Result.Outcome.ToString(), answer.Result.Outcome != InvocationOutcome.Unavailable), cancellation);
    }

    private static InvocationResult<T> Read<T>(SidecarAnswer answer, JsonTypeInfo<T> type) where T : class
    {
        InvocationResult result = ResultOf(answer, HttpStatusCode.OK);
        if (!result.IsSuccess) return new(result, null);
        try
        {
            if (!answer.Body.IsEmpty && JsonSerializer.Deserialize(answer.Body.Span, type) is { } value) return new(result, value);
        }
        catch (JsonException)
        {
            // The app did not write this.
        }
        string code = answer.Body.IsEmpty ? "EMPTY_ANSWER" : "UNREADABLE_ANSWER";
        return new(new(InvocationOutcome.Unreachable, default, code), null);
    }

    private static InvocationResult ResultOf(SidecarAnswer answer, HttpStatusCode success)
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
        // The sidecar sometimes sends 200 without a body for an app that is down (docs/dapr.md, point 23). A status that the app never
        // gives is the sidecar's word and not the app's.
        return answer.Status == success
            ? new(InvocationOutcome.Succeeded, answer.Status, null)
            : new(InvocationOutcome.Unreachable, default, $"UNEXPECTED_{(int)answer.Status}");
    }
}
