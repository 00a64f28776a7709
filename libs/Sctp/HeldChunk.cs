namespace Dapr.Voice.Sctp;

/// <summary>A received DATA chunk: its header fields, and its user data in a block of the association's pool.</summary>
internal readonly record struct HeldChunk(
    uint Tsn, ushort StreamId, ushort StreamSequence, uint PayloadProtocolId, DataFlags Flags, byte[] Block, int Length)
{
    /// <summary>
    /// How many chunks and bytes the run of consecutive fragments has that this chunk begins or ends. Chunks inside a run do not know it.
    /// </summary>
    public int RunChunks { get; init; } = 1;
    public int RunBytes { get; init; } = Length;

    public bool IsBeginning => (Flags & DataFlags.Beginning) != DataFlags.None;
    public bool IsEnd => (Flags & DataFlags.End) != DataFlags.None;
    public bool IsUnordered => (Flags & DataFlags.Unordered) != DataFlags.None;
    public ReadOnlySpan<byte> Payload => Block.AsSpan(0, Length);

    public bool IsFollowedBy(in HeldChunk next)
        => !IsEnd && !next.IsBeginning && next.Tsn == Tsn + 1 && next.StreamId == StreamId && next.StreamSequence == StreamSequence
           && next.IsUnordered == IsUnordered;
}
