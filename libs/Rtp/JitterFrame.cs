namespace Dapr.Voice.Rtp;

/// <summary>One step of the stream in order.</summary>
/// <param name="Timestamp">Of the packet; estimated from its neighbours if it is lost.</param>
public readonly record struct JitterFrame(JitterFrameKind Kind, ushort SequenceNumber, uint Timestamp);
