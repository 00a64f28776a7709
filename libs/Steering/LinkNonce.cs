using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>128 random bits that make each handshake unique.</summary>
internal readonly record struct LinkNonce(ulong High, ulong Low)
{
    public const int Length = 16;

    public static LinkNonce Create(RandomFill random)
    {
        Span<byte> bytes = stackalloc byte[Length];
        random(bytes);
        return Read(bytes);
    }

    public static LinkNonce Read(ReadOnlySpan<byte> bytes)
        => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }
}
