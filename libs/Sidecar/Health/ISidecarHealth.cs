namespace Dapr.Voice.Sidecar;

/// <summary>The health of our sidecar.</summary>
public interface ISidecarHealth
{
    /// <summary>
    /// The number of consecutive calls without a usable answer. A call with one sets it to 0. Readiness depends on this and not on
    /// <c>healthz</c>, which answers 204 although the store behind the sidecar is down (docs/dapr.md, point 15).
    /// </summary>
    int ConsecutiveFailures { get; }

    /// <summary>
    /// True if the APIs and the components of the sidecar are ready. It says nothing about the stores behind them, or about the app.
    /// </summary>
    Task<bool> IsOutboundHealthyAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Waits until <see cref="IsOutboundHealthyAsync"/> is true. Only the token limits the wait, because a sidecar may start late or
    /// return.
    /// </summary>
    Task WaitForOutboundHealthAsync(CancellationToken cancellation);
}
