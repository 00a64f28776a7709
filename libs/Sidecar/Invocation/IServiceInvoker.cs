using System.Net;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>How an invocation ended.</summary>
public enum InvocationOutcome
{
    /// <summary>The app answered 2xx.</summary>
    Succeeded,
    /// <summary>The app answered something else, which the status tells, or its answer was too long to read (status 0).</summary>
    Refused,
    /// <summary>The sidecar did not find the app, or could not reach it. It was not called, or closed the connection.</summary>
    Unreachable,
    /// <summary>The deadline passed. The app may have done it.</summary>
    TimedOut,
    /// <summary>Our own sidecar is away or refuses our token.</summary>
    Unavailable,
}

/// <param name="Status">The app's status. 0 if there was no answer.</param>
/// <param name="ErrorCode">A word for the log. Null on success.</param>
public readonly record struct InvocationResult(InvocationOutcome Outcome, HttpStatusCode Status, string? ErrorCode)
{
    public bool IsSuccess => Outcome == InvocationOutcome.Succeeded;
}

/// <summary>
/// Dapr's service invocation. The sidecar repeats a call three times a second apart when it cannot connect; an answer of the app, errors
/// included, is never repeated.
/// </summary>
public interface IServiceInvoker
{
    /// <summary>Sends JSON. Of the answer only the status counts.</summary>
    /// <param name="path">Path and query at the app, with or without a leading slash.</param>
    Task<InvocationResult> InvokeAsync<TRequest>(
        string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType,
        CancellationToken cancellation = default);

    /// <summary>Sends a request without a body. Of the answer only the status counts.</summary>
    Task<InvocationResult> InvokeAsync(string appId, HttpMethod method, string path, CancellationToken cancellation = default);
}
