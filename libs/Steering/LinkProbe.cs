using System.Buffers.Binary;

namespace Dapr.Voice.Steering;

/// <summary>Payload of PROBE and of its reply: <c>time:64 | announcement:32 | flags:8</c>.</summary>
/// <param name="SentAt">The relay's clock. The reply returns it unchanged.</param>
/// <param name="Announcement">In a PROBE: the slots announcement that the relay holds completely, or 0. In a reply: the current
/// one.</param>
/// <param name="IsDraining">The sender is draining.</param>
internal readonly record struct LinkProbe(long SentAt, uint Announcement, bool IsDraining)
{
    public const int Length = 13;

    public static bool TryRead(ReadOnlySpan<byte> payload, out LinkProbe probe)
    {
        probe = default;
        if (payload.Length != Length) return false;
        probe = new LinkProbe(BinaryPrimitives.ReadInt64BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[8..]),
            (payload[12] & 1) != 0);
        return true;
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, SentAt);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Announcement);
        destination[12] = (byte)(IsDraining ? 1 : 0);
    }
}
