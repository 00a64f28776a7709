namespace Dapr.Voice.Infra.Capacity;

/// <summary>How calls are and how the fleet is cut; each can be changed on the command line or in a test.</summary>
public sealed record CapacityAssumptions
{
    public double MeanCallMinutes { get; init; } = 5;

    /// <summary>Cores are filled up to here; the rest is for bursts, a lost neighbour, and the schedule's lateness.</summary>
    public double Utilisation { get; init; } = 0.7;

    /// <summary>True: sessions cost what a WebSocket backend makes them cost; false: the built-in echo.</summary>
    public bool WithBackend { get; init; } = true;

    /// <summary>Cores and worker threads of a shard; the largest replica of the consumption plan has 4.</summary>
    public int ShardCores { get; init; } = 4;

    /// <summary>Cores of a relay: a replica (<c>aca-tcp</c>) or a VM (<c>udp-edge</c>).</summary>
    public int RelayCores { get; init; } = 4;

    /// <summary>Shards of a cell, that is of one <c>Fleet__Region</c>. Several cells may share an Azure region.</summary>
    public int ShardsPerCell { get; init; } = 24;

    /// <summary>
    /// <c>Fleet__MaximumShards</c>: registry keys that everybody reads each second; a few more than shards, for upgrades.
    /// </summary>
    public int MaximumShards { get; init; } = 32;

    /// <summary><c>Fleet__SlotCount</c>: about eight for each shard.</summary>
    public int SlotCount { get; init; } = 192;

    /// <summary>
    /// Table and broker are per cell; shards renew this often (<c>Transceiver__RenewEvery</c>), relays and signaling look as often.
    /// </summary>
    public double RenewSeconds { get; init; } = 1;

    /// <summary>Shards read all slots this often, whatever happens (SlotKeeper.FullLookEvery).</summary>
    public double FullLookSeconds { get; init; } = 10;

    /// <summary><c>Relay__LinkConnections</c>.</summary>
    public int LinkConnections { get; init; } = 2;

    /// <summary>VM of a relay on <c>udp-edge</c>.</summary>
    public string RelayVirtualMachine { get; init; } = "Standard_D4s_v5";
}
