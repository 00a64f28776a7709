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

    public Func<Invocation, InvocationResult> Answer { get; set; } = static _ => new(InvocationOutcome.Succeeded, HttpStatusCode.OK, null);

    public static InvocationResult Refused(HttpStatusCode status) => new(InvocationOutcome.Refused, status, "REFUSED");

    public static InvocationResult Failed(InvocationOutcome outcome) => new(outcome, default, outcome.ToString());

    public Task<InvocationResult> InvokeAsync<TRequest>(
        string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType,
        CancellationToken cancellation = default)
        => Record(new(appId, method, path, JsonSerializer.Serialize(body, requestType)));

    public Task<InvocationResult> InvokeAsync(string appId, HttpMethod method, string path, CancellationToken cancellation = default)
        => Record(new(appId, method, path, null));

    private Task<InvocationResult> Record(Invocation call)
    {
        Calls.Enqueue(call);
        return Task.FromResult(Answer(call));
    }
}
