namespace Dapr.Voice.Sidecar;

/// <summary>What we know of our sidecar.</summary>
public interface ISidecarHealth
{
    /// <summary>
    /// Calls in a row that got no usable answer; 0 after each that got one. Readiness follows this and not <c>healthz</c>, which stays 204
    /// while the store behind the sidecar is dead (docs/dapr.md, point 15).
    /// </summary>
    int ConsecutiveFailures { get; }

    /// <summary>True if the sidecar's APIs and components are up; says nothing of the stores behind them, nor of the app.</summary>
    Task<bool> IsOutboundHealthyAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Waits until <see cref="IsOutboundHealthyAsync"/> is true. For as long as the token allows: a sidecar may come later or come back.
    /// </summary>
    Task WaitForOutboundHealthAsync(CancellationToken cancellation);
}
