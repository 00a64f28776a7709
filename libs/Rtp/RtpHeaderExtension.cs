namespace Dapr.Voice.Rtp;

/// <summary>One element of a header extension (RFC 8285): its negotiated id and its data, in place.</summary>
public readonly ref struct RtpHeaderExtension(byte id, ReadOnlySpan<byte> value)
{
    public byte Id { get; } = id;
    public ReadOnlySpan<byte> Value { get; } = value;
}
