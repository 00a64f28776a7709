using System.Net;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>How an invocation ended.</summary>
public enum InvocationOutcome
{
    /// <summary>The app answered with a 2xx status.</summary>
    Succeeded,
    /// <summary>The app answered with another status, or its answer was too long to read (status 0).</summary>
    Refused,
    /// <summary>The sidecar did not find the app or could not reach it, or the app closed the connection.</summary>
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

/// <summary>
/// Dapr's service invocation. If the sidecar can't connect, it repeats the call three times at intervals of a second. After an answer of
/// the app, also after an error, it never repeats the call.
/// </summary>
public interface IServiceInvoker
{
    /// <summary>Sends JSON. Only the status of the answer is used.</summary>
    /// <param name="path">Path and query in the app, with or without a leading slash.</param>
    Task<InvocationResult> InvokeAsync<TRequest>(
        string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType,
        CancellationToken cancellation = default);

    /// <summary>Sends a request without a body. Only the status of the answer is used.</summary>
    Task<InvocationResult> InvokeAsync(string appId, HttpMethod method, string path, CancellationToken cancellation = default);
}
