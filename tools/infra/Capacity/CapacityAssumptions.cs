namespace Dapr.Voice.Infra.Capacity;

/// <summary>Assumptions about calls and about the cells of the fleet. The command line or a test can change each of them.</summary>
public sealed record CapacityAssumptions
{
    public double MeanCallMinutes { get; init; } = 5;

    /// <summary>The share of the cores that is used. The rest is for bursts, a lost neighbour, and the lateness of the schedule.</summary>
    public double Utilisation { get; init; } = 0.7;

    /// <summary>True: a session costs what a WebSocket backend makes it cost. False: it uses the built-in echo.</summary>
    public bool WithBackend { get; init; } = true;

    /// <summary>The cores and worker threads of a shard. The largest replica of the consumption plan has 4.</summary>
    public int ShardCores { get; init; } = 4;

    /// <summary>The cores of a relay: a replica (<c>aca-tcp</c>) or a VM (<c>udp-edge</c>).</summary>
    public int RelayCores { get; init; } = 4;

    /// <summary>The shards of a cell, which is one <c>Fleet__Region</c>. Several cells may share an Azure region.</summary>
    public int ShardsPerCell { get; init; } = 24;

    /// <summary>
    /// <c>Fleet__MaximumShards</c>: the registry keys that everybody reads each second. There are a few more than shards, for upgrades.
    /// </summary>
    public int MaximumShards { get; init; } = 32;

    /// <summary><c>Fleet__SlotCount</c>: about eight for each shard.</summary>
    public int SlotCount { get; init; } = 192;

    /// <summary>
    /// How often shards renew their records (<c>Transceiver__RenewEvery</c>), and how often relays and signaling read them. Each cell has
    /// its own table and broker.
    /// </summary>
    public double RenewSeconds { get; init; } = 1;

    /// <summary>How often shards read all slots, whatever happens (OwnershipTiming.FullLook).</summary>
    public double FullLookSeconds { get; init; } = 10;

    /// <summary><c>Relay__LinkConnections</c>.</summary>
    public int LinkConnections { get; init; } = 2;

    /// <summary>The VM size of a relay on <c>udp-edge</c>.</summary>
    public string RelayVirtualMachine { get; init; } = "Standard_D4s_v5";
}
