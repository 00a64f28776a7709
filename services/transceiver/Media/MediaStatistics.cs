namespace Dapr.Voice.Transceiver.Media;

/// <summary>The statistics of a session's media.</summary>
/// <param name="DecodedPackets">Uplink packets that were decoded.</param>
/// <param name="ConcealedPackets">Lost uplink packets whose place was filled.</param>
/// <param name="SilenceFrames">20 ms frames of silence that the agent got while nothing arrived.</param>
/// <param name="SkippedSlots">Downlink slots that passed while the worker stood still.</param>
internal readonly record struct MediaStatistics(long DecodedPackets, long ConcealedPackets, long SilenceFrames, long SkippedSlots);
