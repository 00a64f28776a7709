using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Ownership;

namespace Dapr.Voice.Tests.Unit.Transceiver.Ownership;

/// <summary>The link ports of a fleet in memory: which process listens where, and which does not answer.</summary>
internal sealed class FakePeers : IPeerProbe
{
    private readonly Dictionary<string, string> _listening = new(StringComparer.Ordinal);
    private readonly HashSet<string> _silent = new(StringComparer.Ordinal);

    public int Asked { get; private set; }

    public void Listen(string link, string incarnation) => _listening[link] = incarnation;

    public void Close(string link) => _listening.Remove(link);

    public void Silence(string link) => _silent.Add(link);

    public void Answer(string link) => _silent.Remove(link);

    public Task<PeerProbeOutcome> ProbeAsync(LinkEndpoint endpoint, string incarnation, CancellationToken cancellation)
    {
        Asked++;
        string link = endpoint.ToString();
        return Task.FromResult(_silent.Contains(link) ? PeerProbeOutcome.Silent
            : !_listening.TryGetValue(link, out string? there) ? PeerProbeOutcome.PortClosed
            : there == incarnation ? PeerProbeOutcome.Alive : PeerProbeOutcome.OtherProcess);
    }
}
