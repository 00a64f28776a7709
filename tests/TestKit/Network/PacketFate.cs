namespace Dapr.Voice.TestKit.Network;

/// <summary>What happens to one packet.</summary>
/// <param name="Loss">Why the packet is lost, or null if it arrives.</param>
/// <param name="ExtraDelay">The delay in addition to <see cref="ImpairmentOptions.Delay"/>.</param>
/// <param name="IsOvertaken">The packet is so late that the packets behind it pass it.</param>
/// <param name="IsDuplicated">The packet arrives twice.</param>
public readonly record struct PacketFate(LossReason? Loss, TimeSpan ExtraDelay, bool IsOvertaken, bool IsDuplicated);

public enum LossReason : byte { Random, Burst, QueueFull }
