namespace Dapr.Voice.Srtp;

/// <summary>The 48-bit index of a packet: rollover counter and sequence number (RFC 3711, section 3.3.1).</summary>
internal static class PacketIndex
{
    private const int SequenceBits = 16;
    private const int HalfSpace = 1 << 15;
    private const long MaximumRolloverCounter = uint.MaxValue;

    /// <summary>The index that lies closest to the highest one so far (RFC 3711, appendix A).</summary>
    /// <param name="highest">Highest index so far; negative if there is none, which means a rollover counter of zero.</param>
    /// <returns>Negative if the packet could only come from before the first, or if the key's 2^48 packets are used up.</returns>
    public static long Estimate(long highest, ushort sequenceNumber)
    {
        if (highest < 0) return sequenceNumber;
        long rolloverCounter = highest >> SequenceBits;
        int highestSequence = (int)(highest & 0xFFFF);
        if (highestSequence < HalfSpace)
        {
            if (sequenceNumber - highestSequence > HalfSpace) rolloverCounter--;
        }
        else if (highestSequence - HalfSpace > sequenceNumber)
        {
            rolloverCounter++;
        }
        return rolloverCounter > MaximumRolloverCounter ? -1 : rolloverCounter << SequenceBits | sequenceNumber;
    }

    public static uint RolloverCounter(long index) => (uint)(index >> SequenceBits);
}
