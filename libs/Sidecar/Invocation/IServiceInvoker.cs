using System.Net;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>How an invocation ended.</summary>
public enum InvocationOutcome
{
    /// <summary>The app answered with the status that it gives on success.</summary>
    Succeeded,
    /// <summary>The app answered with a status that is no success, or its answer was too long to read (status 0).</summary>
    Refused,
    /// <summary>
    /// The sidecar did not find the app or could not reach it, or the app closed the connection. A success that the app never gives means
    /// this, too: a sidecar sometimes answers 200 without a body for an app that is down (docs/dapr.md, point 23).
    /// </summary>
    Unreachable,
    /// <summary>The deadline passed. The app may have processed the call.</summary>
    TimedOut,
    /// <summary>Our own sidecar is unavailable or rejects our token.</summary>
    Unavailable,
}

/// <param name="Status">The status of the app. 0 if there was no answer.</param>
/// <param name="ErrorCode">A word for the log. Null on success.</param>
public readonly record struct InvocationResult(InvocationOutcome Outcome, HttpStatusCode Status, string? ErrorCode)
{
    public bool IsSuccess => Outcome == InvocationOutcome.Succeeded;
}

/// <param name="Value">What the app answered. Null unless the call succeeded.</param>
public readonly record struct InvocationResult<T>(InvocationResult Result, T? Value) where T : class;

/// <summary>
/// Dapr's service invocation. If the sidecar can't connect, it repeats the call three times at intervals of a second. After an answer of
/// the app, also after an error, it never repeats the call.
/// </summary>
public interface IServiceInvoker
{
    /// <summary>Sends JSON. Only the status of the answer is used.</summary>
    /// <param name="path">Path and query in the app, with or without a leading slash.</param>
    /// <param name="success">The only status that the app gives on success. Every other 2xx is <see
    /// cref="InvocationOutcome.Unreachable"/>.</param>
    Task<InvocationResult> InvokeAsync<TRequest>(
        string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, HttpStatusCode success,
        CancellationToken cancellation = default);

    /// <summary>Sends a request without a body. Only the status of the answer is used.</summary>
    /// <inheritdoc cref="InvokeAsync{TRequest}"/>
    Task<InvocationResult> InvokeAsync(
        string appId, HttpMethod method, string path, HttpStatusCode success, CancellationToken cancellation = default);

    /// <summary>Sends JSON by POST and reads the answer, which is 200 with JSON. Anything else is as in <see cref="GetAsync"/>.</summary>
    Task<InvocationResult<TAnswer>> AskAsync<TRequest, TAnswer>(
        string appId, string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType,
        CancellationToken cancellation = default)
        where TAnswer : class;

    /// <summary>
    /// Reads from an app by GET. The app answers 200 with JSON. Anything else that looks like a success is <see
    /// cref="InvocationOutcome.Unreachable"/>.
    /// </summary>
    /// <param name="path">Path and query in the app, with or without a leading slash.</param>
    /// <param name="timeout">The deadline of the call, or null for <see cref="SidecarOptions.InvokeTimeout"/>.</param>
    Task<InvocationResult<TAnswer>> GetAsync<TAnswer>(
        string appId, string path, JsonTypeInfo<TAnswer> answerType, TimeSpan? timeout = null, CancellationToken cancellation = default)
        where TAnswer : class;
}
