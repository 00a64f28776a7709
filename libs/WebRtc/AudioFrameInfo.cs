using Dapr.Voice.Wire;

namespace Dapr.Voice.WebRtc;

/// <summary>One frame of the incoming stream, in order.</summary>
/// <param name="IsLost">True if the packet is lost. There is no payload. The caller conceals the loss, or repairs it from the next
/// packet.</param>
/// <param name="Timestamp">The RTP timestamp at 48 kHz.</param>
/// <param name="ArrivedAt">When the packet arrived, which may be before it was its turn. For a lost frame: when it was given up.</param>
public readonly record struct AudioFrameInfo(bool IsLost, ushort SequenceNumber, uint Timestamp, Instant ArrivedAt);
