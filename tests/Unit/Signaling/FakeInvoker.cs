using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Tests.Unit.Signaling;

internal sealed record Invocation(string AppId, HttpMethod Method, string Path, string? Body);

/// <summary>Records invocations and answers with what the test says.</summary>
internal sealed class FakeInvoker : IServiceInvoker
{
    public ConcurrentQueue<Invocation> Calls { get; } = new();

    public Func<Invocation, InvocationResult<bool>> Answer { get; set; } = static _ => new(InvocationOutcome.Succeeded, HttpStatusCode.OK, true, null);

    public static InvocationResult<bool> Refused(HttpStatusCode status) => new(InvocationOutcome.Refused, status, false, "REFUSED");

    public static InvocationResult<bool> Failed(InvocationOutcome outcome) => new(outcome, default, false, outcome.ToString());

    public Task<InvocationResult<bool>> InvokeAsync<TRequest>(string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, CancellationToken cancellation = default)
        => Record(new(appId, method, path, JsonSerializer.Serialize(body, requestType)));

    public Task<InvocationResult<bool>> InvokeAsync(string appId, HttpMethod method, string path, CancellationToken cancellation = default) => Record(new(appId, method, path, null));

    public Task<InvocationResult<TAnswer>> InvokeAsync<TRequest, TAnswer>(string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation = default)
        => throw new NotSupportedException();

    public Task<InvocationResult<TAnswer>> InvokeAsync<TAnswer>(string appId, HttpMethod method, string path, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation = default)
        => throw new NotSupportedException();


    private Task<InvocationResult<bool>> Record(Invocation call)
    {
        Calls.Enqueue(call);
        return Task.FromResult(Answer(call));
    }
}
