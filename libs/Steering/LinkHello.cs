using System.Buffers.Binary;

namespace Dapr.Voice.Steering;

/// <summary>
/// Payload of HELLO: <c>nonce:128 | relay incarnation:64 | id length:8 | id | tag:128 | padding</c>. The id stays the same when a relay
/// restarts, so the transceiver recognizes the new process as the same link. The padding makes it as long as any answer: who repeats a
/// captured HELLO with the address of somebody else gains nothing.
/// </summary>
internal readonly ref struct LinkHello(LinkNonce nonce, ulong incarnation, ReadOnlySpan<byte> relayId)
{
    public const int MaximumRelayIdLength = 32;

    /// <summary>The length with padding.</summary>
    public const int PaddedLength = LinkFrame.CoalescedBytes - LinkFrame.HeaderLengthIPv4;

    private const int FixedLength = LinkNonce.Length + 9;

    public LinkNonce Nonce { get; } = nonce;

    /// <summary>A random number that each process chooses at its start.</summary>
    public ulong Incarnation { get; } = incarnation;

    /// <summary>1 to 32 characters of <c>a-z 0-9 . - _</c>.</summary>
    public ReadOnlySpan<byte> RelayId { get; } = relayId;

    public static bool IsValidRelayId(ReadOnlySpan<byte> id)
    {
        if (id.Length is 0 or > MaximumRelayIdLength) return false;
        foreach (byte c in id)
        {
            if (c is not ((>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'.' or (byte)'-' or (byte)'_'))
                return false;
        }
        return true;
    }

    /// <summary>Parses and authenticates a HELLO.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, LinkKey key, out LinkHello hello)
    {
        hello = default;
        if (payload.Length is < FixedLength + 1 + LinkKey.MacLength or > PaddedLength) return false;
        int idLength = payload[FixedLength - 1];
        if (payload.Length < FixedLength + idLength + LinkKey.MacLength) return false;
        int signed = FixedLength + idLength;
        ReadOnlySpan<byte> id = payload[FixedLength..signed];
        ReadOnlySpan<byte> tag = payload.Slice(signed, LinkKey.MacLength);
        if (!IsValidRelayId(id) || !key.Verify(LinkKey.Purpose.Hello, payload[..signed], tag)) return false;
        hello = new LinkHello(LinkNonce.Read(payload), BinaryPrimitives.ReadUInt64BigEndian(payload[LinkNonce.Length..]), id);
        return true;
    }

    /// <param name="destination">At least <see cref="PaddedLength"/> bytes.</param>
    public int Write(Span<byte> destination, LinkKey key)
    {
        int signed = FixedLength + RelayId.Length;
        Nonce.Write(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[LinkNonce.Length..], Incarnation);
        destination[FixedLength - 1] = (byte)RelayId.Length;
        RelayId.CopyTo(destination[FixedLength..]);
        key.Sign(LinkKey.Purpose.Hello, destination[..signed], destination.Slice(signed, LinkKey.MacLength));
        destination[(signed + LinkKey.MacLength)..PaddedLength].Clear();
        return PaddedLength;
    }
}
