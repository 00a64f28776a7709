namespace Dapr.Voice.WebRtc;

/// <summary>One step of the incoming stream, in order.</summary>
/// <param name="IsLost">True: this packet is given up; there is no payload, the caller conceals or repairs from the next.</param>
/// <param name="Timestamp">RTP timestamp, 48 kHz.</param>
public readonly record struct AudioFrameInfo(bool IsLost, ushort SequenceNumber, uint Timestamp);
