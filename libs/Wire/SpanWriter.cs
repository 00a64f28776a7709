using System.Buffers.Binary;

namespace Dapr.Voice.Wire;

/// <summary>
/// Writes fields in network byte order, front to back, into a span that the caller owns. It throws if the span is too small.
/// </summary>
public ref struct SpanWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public readonly int Free => _destination.Length - Length;
    public readonly Span<byte> Written => _destination[..Length];

    public void WriteByte(byte value) => _destination[Length++] = value;

    public void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_destination[Length..], value);
        Length += 2;
    }

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_destination[Length..], value);
        Length += 4;
    }

    public void WriteUInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_destination[Length..], value);
        Length += 8;
    }

    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(_destination[Length..]);
        Length += value.Length;
    }

    public void WriteZeros(int count)
    {
        _destination.Slice(Length, count).Clear();
        Length += count;
    }

    /// <summary>Reserves the next <paramref name="count"/> bytes. The caller fills them.</summary>
    public Span<byte> Reserve(int count)
    {
        Span<byte> span = _destination.Slice(Length, count);
        Length += count;
        return span;
    }
}
