namespace Dapr.Voice.Srtp;

/// <summary>The state of one SSRC of a context.</summary>
/// <param name="HighestIndex">For SRTP: rollover counter * 2^16 + sequence number. For SRTCP: the 31-bit index. -1 before the first
/// packet. </param>
/// <param name="SeenHigh">The replay list for the indices 64 to 127 below the highest.</param>
/// <param name="SeenLow">The replay list for the indices 0 to 63 below the highest. Bit n stands for the index n below.</param>
/// <param name="IsStale">True if the peer may have sent any number of packets since, so that its rollover counter may be higher.</param>
public sealed record SrtpSourceState(uint Ssrc, long HighestIndex, ulong SeenHigh, ulong SeenLow, bool IsStale = false);
