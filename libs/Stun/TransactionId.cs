using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Stun;

/// <summary>The 96 bits that match a response to its request, as a value that can be kept and compared.</summary>
public readonly record struct TransactionId(ulong High, uint Low)
{
    public const int Length = StunHeader.TransactionIdLength;

    /// <summary>
    /// Creates a transaction id that can't be guessed, as RFC 8489, section 5 requires. It keeps attackers off the path from answering.
    /// </summary>
    public static TransactionId Create(RandomFill random)
    {
        Span<byte> bytes = stackalloc byte[Length];
        random(bytes);
        return From(bytes);
    }

    /// <param name="bytes">Twelve bytes.</param>
    public static TransactionId From(ReadOnlySpan<byte> bytes)
        => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Low);
    }
}
