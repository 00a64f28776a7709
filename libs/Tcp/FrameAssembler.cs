using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tcp;

/// <summary>
/// Cuts a byte stream into frames: a length of 16 bits, then as many bytes (RFC 4571, section 2). Frames are read where they arrived; only
/// what is incomplete at the end is kept, in a block of the pool. Used in rounds: <see cref="Begin"/>, read behind what it gave back,
/// <see cref="TryRead"/> until false, <see cref="End"/>.
/// </summary>
/// <param name="pool">Its blocks hold the prefix and the longest frame.</param>
internal sealed class FrameAssembler(BlockPool pool, int maximumFrameBytes)
{
    public const int PrefixLength = 2;

    private int _block = BlockPool.None, _held, _at;
    private bool _isFresh;

    /// <summary>A prefix announced more than the maximum: nothing that follows is a frame.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>When the incomplete frame began, or <see cref="Instant.Never"/>.</summary>
    public Instant PartialSince { get; private set; } = Instant.Never;

    /// <summary>Bytes of an incomplete frame that are kept.</summary>
    public int HeldBytes => _held;

    /// <summary>Frames of length zero so far; they are skipped.</summary>
    public long EmptyFrames { get; private set; }

    /// <summary>Puts what is kept to the front of the buffer that is to be read into.</summary>
    /// <returns>How much that is.</returns>
    public unsafe int Begin(Span<byte> buffer)
    {
        _at = 0;
        _isFresh = false;
        if (_held > 0) new ReadOnlySpan<byte>(pool.Memory(_block), _held).CopyTo(buffer);
        return _held;
    }

    /// <param name="filled">The buffer of <see cref="Begin"/>, as far as it is filled; the same in each call of a round.</param>
    public bool TryRead(ReadOnlySpan<byte> filled, out int start, out int length)
    {
        start = length = 0;
        while (!IsBroken && filled.Length - _at >= PrefixLength)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(filled[_at..]);
            if (length > maximumFrameBytes)
            {
                IsBroken = true;
                return false;
            }
            if (filled.Length - _at - PrefixLength < length) return false;
            start = _at + PrefixLength;
            _at = start + length;
            _isFresh = true;
            if (length > 0) return true;
            EmptyFrames++;
        }
        return false;
    }

    /// <summary>Keeps what is left.</summary>
    /// <returns>False if the pool has no block for it.</returns>
    public unsafe bool End(ReadOnlySpan<byte> filled, Instant now)
    {
        var rest = filled[_at..];
        if (rest.IsEmpty || IsBroken)
        {
            Clear();
            return true;
        }
        if (_block == BlockPool.None && !pool.TryRent(out _block)) return false;
        rest.CopyTo(new Span<byte>(pool.Memory(_block), pool.BlockBytes));
        _held = rest.Length;
        // The time of a frame that trickles in counts from its first byte.
        if (_isFresh || PartialSince == Instant.Never) PartialSince = now;
        return true;
    }

    /// <summary>Gives the block back, for the next connection.</summary>
    public void Reset()
    {
        Clear();
        IsBroken = false;
        EmptyFrames = 0;
    }

    private void Clear()
    {
        if (_block != BlockPool.None) pool.Return(_block);
        _block = BlockPool.None;
        _held = 0;
        PartialSince = Instant.Never;
    }
}
