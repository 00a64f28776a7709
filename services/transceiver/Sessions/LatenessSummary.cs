namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>Lateness of the downlink schedule in milliseconds.</summary>
internal readonly record struct LatenessSummary(long Frames, double P50, double P99, double Maximum);
