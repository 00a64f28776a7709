using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Tests.Unit.Signaling;

internal sealed record Invocation(string AppId, HttpMethod Method, string Path, string? Body);

/// <summary>Records invocations and answers with what the test says.</summary>
internal sealed class FakeInvoker : IServiceInvoker
{
    /// <summary>The app answered with the status that it gives on success.</summary>
    public static readonly InvocationResult Done = new(InvocationOutcome.Succeeded, default, null);

    public ConcurrentQueue<Invocation> Calls { get; } = new();

    /// <summary>For each call but GET: its method, and the only status that the caller accepts.</summary>
    public ConcurrentQueue<(HttpMethod Method, HttpStatusCode Success)> Accepted { get; } = new();

    public Func<Invocation, InvocationResult> Answer { get; set; } = static _ => Done;

    /// <summary>What a GET reads where <see cref="Answer"/> is a success. Null: the app has no such session.</summary>
    public Func<Invocation, SessionRecord?> Read { get; set; } = static _ => null;

    public static InvocationResult Refused(HttpStatusCode status) => new(InvocationOutcome.Refused, status, "REFUSED");

    public static InvocationResult Failed(InvocationOutcome outcome) => new(outcome, default, outcome.ToString());

    public Task<InvocationResult> InvokeAsync<TRequest>(
        string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, HttpStatusCode success,
        CancellationToken cancellation = default)
    {
        Accepted.Enqueue((method, success));
        return Record(new(appId, method, path, JsonSerializer.Serialize(body, requestType)));
    }

    public Task<InvocationResult> InvokeAsync(
        string appId, HttpMethod method, string path, HttpStatusCode success, CancellationToken cancellation = default)
    {
        Accepted.Enqueue((method, success));
        return Record(new(appId, method, path, null));
    }

    /// <summary>What owners answer to an ICE restart. Null: they have no such session.</summary>
    public string? RestartedUfrag { get; set; }

    public async Task<InvocationResult<TAnswer>> AskAsync<TRequest, TAnswer>(
        string appId, string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType,
        CancellationToken cancellation = default)
        where TAnswer : class
    {
        InvocationResult result = await Record(
            new Invocation(appId, HttpMethod.Post, path, JsonSerializer.Serialize(body, requestType)));
        if (!result.IsSuccess) return new(result, null);
        return RestartedUfrag is { } ufrag ? new(result, (TAnswer)(object)new IceRestarted(ufrag))
            : new(Refused(HttpStatusCode.NotFound), null);
    }

    public async Task<InvocationResult<TAnswer>> GetAsync<TAnswer>(
        string appId, string path, JsonTypeInfo<TAnswer> answerType, TimeSpan? timeout = null, CancellationToken cancellation = default)
        where TAnswer : class
    {
        var call = new Invocation(appId, HttpMethod.Get, path, null);
        InvocationResult result = await Record(call);
        if (!result.IsSuccess) return new(result, null);
        return Read(call) is { } record ? new(result, (TAnswer)(object)record) : new(Refused(HttpStatusCode.NotFound), null);
    }

    private Task<InvocationResult> Record(Invocation call)
    {
        // Whoever sees the call in the list may change the answer at once.
        InvocationResult result = Answer(call);
        Calls.Enqueue(call);
        return Task.FromResult(result);
    }
}
