namespace Dapr.Voice.Sctp;

/// <summary>A message on a channel. The payload is valid until the next call of the set or its association.</summary>
public readonly ref struct DataChannelMessage(DataChannel channel, bool isText, ReadOnlySpan<byte> payload)
{
    public DataChannel Channel { get; } = channel;
    public ushort ChannelId => Channel.Id;

    /// <summary>True if the payload is text. The sender should use UTF-8; this is not checked here.</summary>
    public bool IsText { get; } = isText;
    public ReadOnlySpan<byte> Payload { get; } = payload;
}
