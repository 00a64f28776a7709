namespace Dapr.Voice.Srtp;

/// <summary>The 48-bit index of a packet: rollover counter and sequence number (RFC 3711, section 3.3.1).</summary>
internal static class PacketIndex
{
    private const int SequenceBits = 16;
    private const int HalfSpace = 1 << 15;
    private const long MaximumRolloverCounter = uint.MaxValue;

    /// <summary>Estimates the index of a packet: the one closest to the highest index so far (RFC 3711, appendix A).</summary>
    /// <param name="highest">The highest index so far. Negative if there is none; the rollover counter is then zero.</param>
    /// <returns>Negative if the packet would be from before the first one, or if the key's 2^48 packets are used up.</returns>
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

    /// <summary>Returns the lowest index above <paramref name="highest"/> that has this sequence number.</summary>
    public static long After(long highest, ushort sequenceNumber)
    {
        long index = highest >> SequenceBits << SequenceBits | sequenceNumber;
        return index > highest ? index : index + (1L << SequenceBits);
    }

    public static uint RolloverCounter(long index) => (uint)(index >> SequenceBits);
}
