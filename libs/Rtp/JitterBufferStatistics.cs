namespace Dapr.Voice.Rtp;

/// <summary>Totals of a <see cref="JitterBuffer"/> in packets.</summary>
/// <param name="Reordered">Packets that arrived after a later packet, but in time.</param>
/// <param name="Skipped">Missing packets beyond the lost frames that are reported in a row.</param>
/// <param name="Discarded">Packets that were held when the sequence started over, and that were never returned.</param>
/// <param name="Resynchronisations">How often the sequence started over at another number.</param>
public readonly record struct JitterBufferStatistics(
    long Delivered, long Lost, long Skipped, long Reordered, long Duplicates, long Late, long Oversized, long Overflows,
    long Resynchronisations,
    long Discarded = 0);
