using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Transceiver;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>Invokes transceivers of this process, with JSON in between. It knows the hand-over and nothing else.</summary>
internal sealed class LoopInvoker : IServiceInvoker
{
    /// <summary>The transceivers by app id. One that is missing is unreachable.</summary>
    public ConcurrentDictionary<string, TransceiverRuntime> Apps { get; } = new(StringComparer.Ordinal);

    /// <summary>The steps that never arrive.</summary>
    public Func<string, bool> IsLost { get; set; } = static _ => false;

    /// <summary>False for transceivers of a release before <see cref="HandOverRequest.IsEarly"/>.</summary>
    public bool TakesEarly
    {
        get;
        set => (field, HasSentEarly) = (value, false);
    } = true;

    /// <summary>A commit did not wait for the answer to its state, since <see cref="TakesEarly"/> was set.</summary>
    public bool HasSentEarly { get; private set; }

    public Task<InvocationResult> InvokeAsync<TRequest>(string appId, HttpMethod method, string path, TRequest body,
        JsonTypeInfo<TRequest> requestType, HttpStatusCode success, CancellationToken cancellation = default)
        => throw new NotSupportedException();

    public Task<InvocationResult> InvokeAsync(
        string appId, HttpMethod method, string path, HttpStatusCode success, CancellationToken cancellation = default)
        => throw new NotSupportedException();

    public Task<InvocationResult<TAnswer>> GetAsync<TAnswer>(string appId, string path, JsonTypeInfo<TAnswer> answerType,
        TimeSpan? timeout = null, CancellationToken cancellation = default)
        where TAnswer : class
        => throw new NotSupportedException();

    public async Task<InvocationResult<TAnswer>> AskAsync<TRequest, TAnswer>(string appId, string path, TRequest body,
        JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation = default)
        where TAnswer : class
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(body, requestType);
        // As over a network: the answer comes on another thread.
        await Task.Yield();
        string step = path.Split('/')[^1];
        if (IsLost(step) || !Apps.TryGetValue(appId, out TransceiverRuntime? app))
            return new InvocationResult<TAnswer>(new InvocationResult(InvocationOutcome.Unreachable, default, "ERR_DIRECT_INVOKE"), null);
        HandOverRequest request = JsonSerializer.Deserialize(json, ContractsJson.Default.HandOverRequest)!;
        HasSentEarly |= request.IsEarly;
        HandOverAnswer? answer = step switch
        {
            "prepare" => app.Receiver.Prepare(),
            "announce" => await app.Receiver.AnnounceAsync(request),
            "state" => app.Receiver.Stage(request),
            "commit" => app.Receiver.Commit(request),
            _ => throw new NotSupportedException(path),
        };
        return answer is null
            ? new InvocationResult<TAnswer>(
                new InvocationResult(InvocationOutcome.Refused, HttpStatusCode.ServiceUnavailable, "busy"), null)
            : new InvocationResult<TAnswer>(new InvocationResult(InvocationOutcome.Succeeded, HttpStatusCode.OK, null),
                (TAnswer)(object)(answer with { TakesEarly = TakesEarly }));
    }
}
