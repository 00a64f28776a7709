namespace Dapr.Voice.Stun;

/// <summary>One attribute of a message, read in place. The value does not include the padding.</summary>
public readonly ref struct StunAttribute
{
    internal StunAttribute(StunAttributeType type, ReadOnlySpan<byte> value)
    {
        Type = type;
        Value = value;
    }

    public StunAttributeType Type { get; }
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>True if a receiver that does not know the type must reject the request (RFC 8489, section 6.3.1).</summary>
    public bool IsComprehensionRequired => (ushort)Type < 0x8000;
}
