namespace Dapr.Voice.Sidecar;

/// <summary><see cref="ISidecarHealth"/> over Dapr's HTTP API.</summary>
internal sealed class HttpSidecarHealth(SidecarConnection connection) : ISidecarHealth
{
    public int ConsecutiveFailures => connection.ConsecutiveFailures;

    public async Task<bool> IsOutboundHealthyAsync(CancellationToken cancellation = default)
    {
        // Outbound, not healthz: that one waits for the app, which waits for this.
        using var deadline = connection.StartDeadline(TimeSpan.FromSeconds(1), cancellation);
        return (await connection.SendAsync(HttpMethod.Get, "/v1.0/healthz/outbound", default, null, null, deadline).ConfigureAwait(false)).IsSuccess;
    }

    public async Task WaitForOutboundHealthAsync(CancellationToken cancellation)
    {
        while (!await IsOutboundHealthyAsync(cancellation).ConfigureAwait(false))
            await Task.Delay(connection.Options.HealthPollInterval, connection.Time, cancellation).ConfigureAwait(false);
    }
}
