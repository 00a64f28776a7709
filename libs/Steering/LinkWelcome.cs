using System.Buffers.Binary;

namespace Dapr.Voice.Steering;

/// <summary>
/// Payload of WELCOME: <c>relay's nonce:128 | nonce:128 | transceiver incarnation:64 | region:8 | shard:16 | tag:128</c>. The signature
/// covers the relay's fresh nonce, so a replayed WELCOME is not accepted.
/// </summary>
internal readonly record struct LinkWelcome(LinkNonce RelayNonce, LinkNonce Nonce, ulong Incarnation, byte Region, ushort Shard)
{
    public const int Length = SignedLength + LinkKey.MacLength;

    private const int SignedLength = (2 * LinkNonce.Length) + 11;

    public static bool TryRead(ReadOnlySpan<byte> payload, LinkKey key, out LinkWelcome welcome)
    {
        welcome = default;
        if (payload.Length != Length || !key.Verify(LinkKey.Purpose.Welcome, payload[..SignedLength], payload[SignedLength..]))
            return false;
        welcome = new LinkWelcome(
            LinkNonce.Read(payload),
            LinkNonce.Read(payload[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(payload[32..]),
            payload[40],
            BinaryPrimitives.ReadUInt16BigEndian(payload[41..]));
        return true;
    }

    public void Write(Span<byte> destination, LinkKey key)
    {
        RelayNonce.Write(destination);
        Nonce.Write(destination[16..]);
        BinaryPrimitives.WriteUInt64BigEndian(destination[32..], Incarnation);
        destination[40] = Region;
        BinaryPrimitives.WriteUInt16BigEndian(destination[41..], Shard);
        key.Sign(LinkKey.Purpose.Welcome, destination[..SignedLength], destination.Slice(SignedLength, LinkKey.MacLength));
    }
}
