namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>An owner: a shard and one process of it. Two processes of one shard are two owners.</summary>
internal readonly record struct OwnerIdentity(int Shard, string Incarnation);
