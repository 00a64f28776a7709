namespace Dapr.Voice.Wire;

/// <summary>Compares numbers that wrap around (RFC 1982, section 3.2), of 16 bits (RTP) and 32 bits (SCTP TSN).</summary>
public static class SerialNumber
{
    public static bool IsNewer(ushort a, ushort b) => (short)(a - b) > 0;
    public static bool IsNewer(uint a, uint b) => (int)(a - b) > 0;
    public static bool IsNewerOrEqual(ushort a, ushort b) => (short)(a - b) >= 0;
    public static bool IsNewerOrEqual(uint a, uint b) => (int)(a - b) >= 0;

    /// <summary>Returns how far <paramref name="a"/> is ahead of <paramref name="b"/>. Negative if it is behind.</summary>
    public static int Distance(ushort a, ushort b) => (short)(a - b);
    public static int Distance(uint a, uint b) => (int)(a - b);
}
