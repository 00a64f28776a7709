namespace Dapr.Voice.Rtp;

/// <summary>
/// The position of a <see cref="JitterBuffer"/>. Packets that wait behind a gap are not part of it, so the caller hears a gap.
/// </summary>
public sealed record JitterBufferState(bool HasStarted, ushort NextSequenceNumber, uint LastTimestamp, JitterBufferStatistics Statistics);
