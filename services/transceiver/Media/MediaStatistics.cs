namespace Dapr.Voice.Transceiver.Media;

/// <summary>What a session's media went through.</summary>
/// <param name="DecodedPackets">Uplink packets decoded.</param>
/// <param name="ConcealedPackets">Lost uplink packets whose place was filled.</param>
/// <param name="SilenceFrames">20 ms frames of silence handed to the agent while nothing came.</param>
/// <param name="SkippedSlots">Downlink slots that passed while the worker stood still.</param>
internal readonly record struct MediaStatistics(long DecodedPackets, long ConcealedPackets, long SilenceFrames, long SkippedSlots);
