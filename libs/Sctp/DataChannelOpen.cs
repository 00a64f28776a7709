using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

/// <summary>The DATA_CHANNEL_OPEN message (RFC 8832, section 5.1).</summary>
internal readonly record struct DataChannelOpen(DataChannelReliability Reliability, ushort Priority, string Label, string Protocol)
{
    //  0                   1                   2                   3
    // |  Message Type |  Channel Type |            Priority           |
    // |                    Reliability Parameter                      |
    // |         Label Length          |       Protocol Length         |
    // \                             Label                             /
    // \                            Protocol                           /
    private const int FixedBytes = 12;

    public const byte MessageType = 3;
    public const byte AckMessageType = 2;

    /// <summary>
    /// The maximum length of the label, and of the protocol, in bytes of UTF-8. Our label is "oai-events". RFC 8832 allows 65,535 bytes
    /// each, which is more than a megabyte for sixteen channels.
    /// </summary>
    public const int MaximumNameBytes = 256;

    public const int MaximumBytes = FixedBytes + 2 * MaximumNameBytes;

    // In the channel type, the highest bit means unordered. The other bits give the meaning of the reliability parameter.
    private const byte UnorderedBit = 0x80;
    private const byte Reliable = 0, RetransmitLimited = 1, LifetimeLimited = 2;

    public static bool TryParse(ReadOnlySpan<byte> message, out DataChannelOpen open)
    {
        open = default;
        if (message.Length < FixedBytes || message[0] != MessageType) return false;
        uint parameter = BinaryPrimitives.ReadUInt32BigEndian(message[4..]);
        int labelBytes = BinaryPrimitives.ReadUInt16BigEndian(message[8..]),
            protocolBytes = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (labelBytes > MaximumNameBytes || protocolBytes > MaximumNameBytes || message.Length < FixedBytes + labelBytes + protocolBytes)
            return false;
        bool isUnordered = (message[1] & UnorderedBit) != 0;
        DataChannelReliability? reliability = (byte)(message[1] & ~UnorderedBit) switch
        {
            Reliable => new DataChannelReliability(!isUnordered),
            RetransmitLimited => new DataChannelReliability(!isUnordered, (ushort)Math.Min(parameter, ushort.MaxValue)),
            LifetimeLimited => new DataChannelReliability(!isUnordered, null, TimeSpan.FromMilliseconds(parameter)),
            _ => null,
        };
        if (reliability is null) return false;
        open = new DataChannelOpen(
            reliability.Value,
            BinaryPrimitives.ReadUInt16BigEndian(message[2..]),
            Encoding.UTF8.GetString(message.Slice(FixedBytes, labelBytes)),
            Encoding.UTF8.GetString(message.Slice(FixedBytes + labelBytes, protocolBytes)));
        return true;
    }

    /// <param name="destination">At least <see cref="MaximumBytes"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int Write(Span<byte> destination)
    {
        var writer = new SpanWriter(destination);
        byte type = Reliability.MaxRetransmits is not null ? RetransmitLimited : Reliability.MaxLifetime is not null ? LifetimeLimited
            : Reliable;
        writer.WriteByte(MessageType);
        writer.WriteByte((byte)(type | (Reliability.IsOrdered ? 0 : UnorderedBit)));
        writer.WriteUInt16(Priority);
        writer.WriteUInt32(Reliability.MaxRetransmits ?? (uint)Math.Clamp(
            Reliability.MaxLifetime?.TotalMilliseconds ?? 0, 0, uint.MaxValue));
        writer.WriteUInt16((ushort)Encoding.UTF8.GetByteCount(Label));
        writer.WriteUInt16((ushort)Encoding.UTF8.GetByteCount(Protocol));
        Encoding.UTF8.GetBytes(Label, writer.Reserve(Encoding.UTF8.GetByteCount(Label)));
        Encoding.UTF8.GetBytes(Protocol, writer.Reserve(Encoding.UTF8.GetByteCount(Protocol)));
        return writer.Length;
    }
}
