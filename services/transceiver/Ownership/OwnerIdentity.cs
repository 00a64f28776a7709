namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>Who owns: a shard, and which process of it. Two processes of one shard are two owners.</summary>
internal readonly record struct OwnerIdentity(int Shard, string Incarnation);
