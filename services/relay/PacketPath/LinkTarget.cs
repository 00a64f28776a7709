using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>A link endpoint whose name has been resolved to an address. A link is made to it.</summary>
internal readonly record struct LinkTarget(LinkScheme Scheme, TransportAddress Address)
{
    public override string ToString() => $"{(Scheme == LinkScheme.Tcp ? "tcp" : "udp")}://{Address}";
}
