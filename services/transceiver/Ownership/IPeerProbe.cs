using Dapr.Voice.Steering;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>Asks at a transceiver's link endpoint which process listens there.</summary>
internal interface IPeerProbe
{
    /// <param name="endpoint">Where the transceiver announced that it accepts links.</param>
    /// <param name="incarnation">The process that is expected: 16 hexadecimal digits.</param>
    /// <param name="cancellation">Ends the question early. The outcome is then <see cref="PeerProbeOutcome.Silent"/>.</param>
    Task<PeerProbeOutcome> ProbeAsync(LinkEndpoint endpoint, string incarnation, CancellationToken cancellation);
}
