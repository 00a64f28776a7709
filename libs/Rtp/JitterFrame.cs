using Dapr.Voice.Wire;

namespace Dapr.Voice.Rtp;

/// <summary>One frame of the stream, in order.</summary>
/// <param name="Timestamp">The timestamp of the packet. For a lost frame it is estimated from the neighbours.</param>
/// <param name="ArrivedAt">When the packet arrived. For a lost frame: when it was given up.</param>
public readonly record struct JitterFrame(JitterFrameKind Kind, ushort SequenceNumber, uint Timestamp, Instant ArrivedAt);
