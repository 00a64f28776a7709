namespace Dapr.Voice.Rtp;

/// <summary>One item of an SDES packet, in place, with the source it describes.</summary>
public readonly ref struct SdesItem
{
    internal SdesItem(uint ssrc, SdesItemType type, ReadOnlySpan<byte> value)
    {
        Ssrc = ssrc;
        Type = type;
        Value = value;
    }

    public uint Ssrc { get; }
    public SdesItemType Type { get; }

    /// <summary>UTF-8 by the RFC; unchecked.</summary>
    public ReadOnlySpan<byte> Value { get; }
}
