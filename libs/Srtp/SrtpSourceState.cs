namespace Dapr.Voice.Srtp;

/// <summary>One SSRC of a context.</summary>
/// <param name="HighestIndex">SRTP: rollover counter * 2^16 + sequence number. SRTCP: the 31-bit index. -1 before the first packet.</param>
/// <param name="SeenHigh">Replay list, indices 64 to 127 below the highest.</param>
/// <param name="SeenLow">Replay list, bit n for the index n below the highest.</param>
public sealed record SrtpSourceState(uint Ssrc, long HighestIndex, ulong SeenHigh, ulong SeenLow);
