using System.Buffers.Binary;

namespace Dapr.Voice.Rtp;

/// <summary>A BYE (RFC 3550, section 6.6), in place.</summary>
public readonly ref struct Bye
{
    private readonly ReadOnlySpan<byte> _body;

    internal Bye(ReadOnlySpan<byte> body, int count)
    {
        _body = body;
        SourceCount = count;
    }

    /// <summary>0 to 31; a BYE of nobody is legal and useless.</summary>
    public int SourceCount { get; }

    /// <summary>Why, as the peer puts it; empty if it does not say or says it wrongly.</summary>
    public ReadOnlySpan<byte> Reason
    {
        get
        {
            ReadOnlySpan<byte> rest = _body[(4 * SourceCount)..];
            return rest.IsEmpty || rest.Length - 1 < rest[0] ? default : rest.Slice(1, rest[0]);
        }
    }

    public uint GetSource(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)SourceCount, nameof(index));
        return BinaryPrimitives.ReadUInt32BigEndian(_body[(4 * index)..]);
    }
}
