namespace Dapr.Voice.Rtp;

/// <summary>Totals of a <see cref="JitterBuffer"/>, in packets.</summary>
/// <param name="Reordered">Came after a later packet, and in time.</param>
/// <param name="Skipped">Missing beyond the run of lost frames that is reported.</param>
/// <param name="Discarded">Held when the sequence started over, so never handed on.</param>
/// <param name="Resynchronisations">Times the sequence started over elsewhere.</param>
public readonly record struct JitterBufferStatistics(
    long Delivered, long Lost, long Skipped, long Reordered, long Duplicates, long Late, long Oversized, long Overflows,
    long Resynchronisations,
    long Discarded = 0);
