using Dapr.Voice.Steering;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>Asks nobody, so that the lease alone decides whether another transceiver is alive.</summary>
internal sealed class UnaskedPeers : IPeerProbe
{
    public Task<PeerProbeOutcome> ProbeAsync(LinkEndpoint endpoint, string incarnation, CancellationToken cancellation)
        => Task.FromResult(PeerProbeOutcome.Silent);
}
