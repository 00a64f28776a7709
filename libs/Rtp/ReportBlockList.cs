namespace Dapr.Voice.Rtp;

/// <summary>The report blocks of one SR or RR, read in place.</summary>
public readonly ref struct ReportBlockList
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal ReportBlockList(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>0 to 31.</summary>
    public int Count => _bytes.Length / ReportBlock.Length;

    public ReportBlock this[int index] => ReportBlock.Read(_bytes.Slice(index * ReportBlock.Length, ReportBlock.Length));
}
