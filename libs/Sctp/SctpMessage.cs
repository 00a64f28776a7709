namespace Dapr.Voice.Sctp;

/// <summary>A whole received message. The payload belongs to the association and is valid until its next call.</summary>
public readonly ref struct SctpMessage(ushort streamId, uint payloadProtocolId, ReadOnlySpan<byte> payload)
{
    public ushort StreamId { get; } = streamId;
    public uint PayloadProtocolId { get; } = payloadProtocolId;
    public ReadOnlySpan<byte> Payload { get; } = payload;
}
