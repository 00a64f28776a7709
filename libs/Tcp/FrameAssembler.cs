using System.Buffers.Binary;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tcp;

/// <summary>
/// Splits a byte stream into frames: a 16-bit length, then that many bytes (RFC 4571, section 2). Complete frames are read where they
/// arrived. Only an incomplete frame at the end is kept, in a block of the pool. A round calls <see cref="Begin"/>, reads from the socket
/// behind the returned position, calls <see cref="TryRead"/> until it returns false, then calls <see cref="End"/>.
/// </summary>
/// <param name="pool">Its blocks must hold the prefix and the longest frame.</param>
internal sealed class FrameAssembler(BlockPool pool, int maximumFrameBytes)
{
    public const int PrefixLength = 2;

    private int _block = BlockPool.None, _held, _at;
    private bool _isFresh;

    /// <summary>A prefix announced more than the maximum. Nothing after it can be trusted to be a frame.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>When the incomplete frame began, or <see cref="Instant.Never"/>.</summary>
    public Instant PartialSince { get; private set; } = Instant.Never;

    /// <summary>The number of bytes kept of an incomplete frame.</summary>
    public int HeldBytes => _held;

    /// <summary>The number of frames of length zero so far. They are skipped.</summary>
    public long EmptyFrames { get; private set; }

    /// <summary>Copies the kept bytes to the front of the buffer that will be read into.</summary>
    /// <returns>The number of bytes copied.</returns>
    public unsafe int Begin(Span<byte> buffer)
    {
        _at = 0;
        _isFresh = false;
        if (_held > 0) new ReadOnlySpan<byte>(pool.Memory(_block), _held).CopyTo(buffer);
        return _held;
    }

    /// <param name="filled">The filled part of the buffer given to <see cref="Begin"/>; the same in each call of a round.</param>
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

    /// <summary>Keeps the bytes of an incomplete frame.</summary>
    /// <returns>False if the pool has no block left.</returns>
    public unsafe bool End(ReadOnlySpan<byte> filled, Instant now)
    {
        ReadOnlySpan<byte> rest = filled[_at..];
        if (rest.IsEmpty || IsBroken)
        {
            Clear();
            return true;
        }
        if (_block == BlockPool.None && !pool.TryRent(out _block)) return false;
        rest.CopyTo(new Span<byte>(pool.Memory(_block), pool.BlockBytes));
        _held = rest.Length;
        // The deadline of a frame that arrives slowly counts from its first byte.
        if (_isFresh || PartialSince == Instant.Never) PartialSince = now;
        return true;
    }

    /// <summary>Returns the block, ready for the next connection.</summary>
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
