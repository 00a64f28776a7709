using Dapr.Client;

namespace Dapr.Voice.Sidecar;

/// <summary>Implements <see cref="ISidecarHealth"/> with Dapr's client, which uses HTTP for it.</summary>
internal sealed class DaprSidecarHealth(DaprClient client, SidecarCalls calls) : ISidecarHealth
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    public int ConsecutiveFailures => calls.ConsecutiveFailures;

    public async Task<bool> IsOutboundHealthyAsync(CancellationToken cancellation = default)
    {
        // This is the outbound check and not healthz. healthz waits for the app, and the app waits for this.
        using var deadline = new Deadline(Timeout, calls.Time, cancellation);
        try
        {
            return await client.CheckOutboundHealthAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!deadline.IsCancelledByCaller)
        {
            return false;
        }
    }

    public async Task WaitForOutboundHealthAsync(CancellationToken cancellation)
    {
        while (!await IsOutboundHealthyAsync(cancellation).ConfigureAwait(false))
            await Task.Delay(calls.Options.HealthPollInterval, calls.Time, cancellation).ConfigureAwait(false);
    }
}
