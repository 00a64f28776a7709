namespace Dapr.Voice.Infra.Capacity;

/// <summary>Where media enters (docs/design.md 10).</summary>
public enum Edge
{
    /// <summary>Everything runs in Container Apps. Media comes by ICE-TCP through its TCP ingress.</summary>
    AcaTcp,

    /// <summary>Relays on a VM scale set behind a load balancer's UDP rule, shards in Container Apps.</summary>
    UdpEdge,
}
