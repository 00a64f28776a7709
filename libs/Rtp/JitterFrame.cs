namespace Dapr.Voice.Rtp;

/// <summary>One step of the stream in order.</summary>
/// <param name="Timestamp">Of the packet; estimated from its neighbours if it is lost.</param>
/// <param name="AudioLevel">As the sender told it (RFC 6464); null if it did not, or if the packet is lost.</param>
public readonly record struct JitterFrame(JitterFrameKind Kind, ushort SequenceNumber, uint Timestamp, bool Marker, AudioLevel? AudioLevel);
