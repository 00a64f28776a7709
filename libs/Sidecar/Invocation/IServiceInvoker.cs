using System.Net;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>How an invocation ended.</summary>
public enum InvocationOutcome
{
    /// <summary>The app answered 2xx.</summary>
    Succeeded,
    /// <summary>The app answered something else; look at the status.</summary>
    Refused,
    /// <summary>The sidecar did not find the app, or could not reach it. It was not called, or closed the connection.</summary>
    Unreachable,
    /// <summary>The deadline passed. The app may have done it.</summary>
    TimedOut,
    /// <summary>Our own sidecar is away or refuses our token.</summary>
    Unavailable,
    /// <summary>The app answered 2xx with a body of another shape.</summary>
    Malformed,
}

/// <param name="Status">The app's status; 0 where it gave none.</param>
/// <param name="Value">The answer's body where one was asked for and there.</param>
/// <param name="ErrorCode">A word for the log; null on success.</param>
public readonly record struct InvocationResult<T>(InvocationOutcome Outcome, HttpStatusCode Status, T? Value, string? ErrorCode)
{
    public bool IsSuccess => Outcome == InvocationOutcome.Succeeded;
}

/// <summary>
/// Dapr's service invocation. The sidecar repeats a call three times a second apart when it cannot connect; an answer of the app, errors
/// included, is never repeated.
/// </summary>
public interface IServiceInvoker
{
    /// <summary>Sends JSON, reads JSON.</summary>
    /// <param name="path">Path and query at the app, with or without a leading slash.</param>
    Task<InvocationResult<TAnswer>> InvokeAsync<TRequest, TAnswer>(string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation = default);

    /// <summary>Sends JSON; what comes back besides the status does not matter.</summary>
    Task<InvocationResult<bool>> InvokeAsync<TRequest>(string appId, HttpMethod method, string path, TRequest body, JsonTypeInfo<TRequest> requestType, CancellationToken cancellation = default);

    /// <summary>Sends nothing, reads JSON.</summary>
    Task<InvocationResult<TAnswer>> InvokeAsync<TAnswer>(string appId, HttpMethod method, string path, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation = default);

    /// <summary>Sends nothing; what comes back besides the status does not matter.</summary>
    Task<InvocationResult<bool>> InvokeAsync(string appId, HttpMethod method, string path, CancellationToken cancellation = default);
}
