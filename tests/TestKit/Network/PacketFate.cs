namespace Dapr.Voice.TestKit.Network;

/// <summary>What happens to one packet.</summary>
/// <param name="Loss">Null: it arrives.</param>
/// <param name="ExtraDelay">Beside <see cref="ImpairmentOptions.Delay"/>.</param>
/// <param name="IsOvertaken">It is so late that those behind it pass.</param>
/// <param name="IsDuplicated">It arrives twice.</param>
public readonly record struct PacketFate(LossReason? Loss, TimeSpan ExtraDelay, bool IsOvertaken, bool IsDuplicated);

public enum LossReason : byte { Random, Burst, QueueFull }
