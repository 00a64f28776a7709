namespace Dapr.Voice.Rtp;

/// <summary>
/// Where a <see cref="JitterBuffer"/> stands. Packets waiting behind a gap are not part of it: the gap is heard, nothing else.
/// </summary>
public sealed record JitterBufferState(bool HasStarted, ushort NextSequenceNumber, uint LastTimestamp, JitterBufferStatistics Statistics);
