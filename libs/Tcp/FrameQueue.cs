using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Dapr.Voice.Native;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tcp;

/// <summary>
/// Frames that wait for one connection, each stored with its prefix and ready to write. They leave in the order in which they came. Media
/// that has waited too long is dropped instead; a frame that is already partly written always completes. The queue does no I/O: <see
/// cref="Gather"/> lists what to write, and <see cref="Consume"/> is told how much was written.
/// </summary>
/// <param name="pool">Shared with the other queues of the thread. An empty queue holds no block.</param>
/// <param name="maximumBytes">The bound of <see cref="Bytes"/>.</param>
internal sealed unsafe class FrameQueue(BlockPool pool, int maximumBytes, TimeSpan mediaAgeLimit)
{
    // Layout in a block, one frame after the other: | ticks:64 | sequence:32 | prefix:16 (big-endian) | payload |
    private const int SequenceOffset = 8, PrefixOffset = 12;

    /// <summary>The bytes that a frame needs in addition to its payload.</summary>
    public const int Overhead = PrefixOffset + FrameAssembler.PrefixLength;

    // Control and media are separate chains, so that the oldest media is found without a search. The sequence number merges them again.
    private Chain _control = Chain.Empty, _media = Chain.Empty;
    private uint _sequence;

    // The rest of a partly written frame. It has left its chain, and once the chain has moved on it is the only user of its block.
    private int _partialBlock = BlockPool.None, _partialOffset, _partialLength;
    private bool _isPartialBlockOwned;

    /// <summary>The bytes of all waiting frames, overhead included.</summary>
    public int Bytes { get; private set; }

    public bool IsEmpty => Bytes == 0;

    public int MediaFrames => _media.Count;

    /// <summary>Appends a frame. If there is no room, the oldest media is dropped to make some.</summary>
    /// <param name="dropped">The number of media frames dropped, including the new one if it is media and found no room.</param>
    /// <returns>False if the frame found no room.</returns>
    public bool TryAdd(ReadOnlySpan<byte> frame, TcpFrameClass frameClass, Instant now, out int dropped)
    {
        dropped = 0;
        int size = Overhead + frame.Length;
        while (Bytes + size > maximumBytes && _media.Count > 0)
        {
            DropOldestMedia();
            dropped++;
        }
        ref Chain chain = ref frameClass == TcpFrameClass.Media ? ref _media : ref _control;
        if (Bytes + size > maximumBytes || !TryReserve(ref chain, size, out byte* record))
        {
            if (frameClass == TcpFrameClass.Media) dropped++;
            return false;
        }
        Unsafe.WriteUnaligned(record, now.Ticks);
        Unsafe.WriteUnaligned(record + SequenceOffset, _sequence++);
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(record + PrefixOffset, FrameAssembler.PrefixLength), (ushort)frame.Length);
        frame.CopyTo(new Span<byte>(record + Overhead, frame.Length));
        chain.Count++;
        Bytes += size;
        return true;
    }

    /// <summary>Drops media that was queued longer ago than the limit, counted back from <paramref name="now"/>.</summary>
    /// <returns>The number of frames dropped.</returns>
    public int DropOld(Instant now)
    {
        int dropped = 0;
        while (_media.Count > 0 && now - new Instant(Unsafe.ReadUnaligned<long>(Head(_media))) > mediaAgeLimit)
        {
            DropOldestMedia();
            dropped++;
        }
        return dropped;
    }

    /// <summary>
    /// Lists whole frames to write until they hold at least <paramref name="enoughBytes"/> or no vector is left.
    /// </summary>
    /// <returns>The number of vectors filled. They stay valid until the queue changes.</returns>
    public int Gather(Span<LibC.iovec> vectors, int enoughBytes, out int bytes)
    {
        int count = 0;
        bytes = 0;
        if (_partialBlock != BlockPool.None)
        {
            vectors[count++] = new LibC.iovec { iov_base = pool.Memory(_partialBlock) + _partialOffset, iov_len = (nuint)_partialLength };
            bytes = _partialLength;
        }
        Chain control = _control, media = _media;
        while (count < vectors.Length && bytes < enoughBytes && (control.Count > 0 || media.Count > 0))
        {
            ref Chain next = ref IsControlNext(control, media) ? ref control : ref media;
            byte* record = Head(next);
            int length = LengthAt(record);
            vectors[count++] = new LibC.iovec { iov_base = record + PrefixOffset, iov_len = (nuint)(FrameAssembler.PrefixLength + length) };
            bytes += FrameAssembler.PrefixLength + length;
            MoveOn(ref next, length, mayReturn: false);
        }
        return count;
    }

    /// <summary>Removes the first <paramref name="bytes"/> of what <see cref="Gather"/> listed, because they are written.</summary>
    /// <returns>The number of frames completed by that.</returns>
    public int Consume(long bytes)
    {
        int complete = 0;
        if (_partialBlock != BlockPool.None && bytes > 0)
        {
            int taken = (int)Math.Min(bytes, _partialLength);
            _partialOffset += taken;
            _partialLength -= taken;
            Bytes -= taken;
            bytes -= taken;
            if (_partialLength > 0) return 0;
            EndPartial();
            complete++;
        }
        while (bytes > 0)
        {
            ref Chain next = ref IsControlNext(_control, _media) ? ref _control : ref _media;
            byte* record = Head(next);
            int length = LengthAt(record), onWire = FrameAssembler.PrefixLength + length;
            if (bytes < onWire)
            {
                (_partialBlock, _partialOffset, _partialLength) = (
                    next.HeadBlock, next.HeadOffset + PrefixOffset + (int)bytes, onWire - (int)bytes);
                Bytes -= PrefixOffset + (int)bytes;
                MoveOn(ref next, length, mayReturn: true);
                return complete;
            }
            Bytes -= Overhead + length;
            bytes -= onWire;
            MoveOn(ref next, length, mayReturn: true);
            complete++;
        }
        return complete;
    }

    /// <summary>Returns all blocks to the pool.</summary>
    public void Clear()
    {
        if (_partialBlock != BlockPool.None) EndPartial();
        Drop(ref _control);
        Drop(ref _media);
        Bytes = 0;
    }

    private static int LengthAt(byte* record)
        => BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(record + PrefixOffset, FrameAssembler.PrefixLength));

    private bool IsControlNext(in Chain control, in Chain media)
    {
        if (media.Count == 0) return true;
        // The subtraction wraps around together with the sequence number.
        return control.Count > 0 && (int)(Unsafe.ReadUnaligned<uint>(Head(control) + SequenceOffset)
            - Unsafe.ReadUnaligned<uint>(Head(media) + SequenceOffset)) < 0;
    }

    private byte* Head(in Chain chain) => pool.Memory(chain.HeadBlock) + chain.HeadOffset;

    private bool TryReserve(ref Chain chain, int size, out byte* record)
    {
        record = null;
        if (chain.TailBlock == BlockPool.None || pool.End(chain.TailBlock) + size > pool.BlockBytes)
        {
            if (!pool.TryRent(out int added)) return false;
            if (chain.TailBlock == BlockPool.None) (chain.HeadBlock, chain.HeadOffset) = (added, 0);
            else pool.Next(chain.TailBlock) = added;
            chain.TailBlock = added;
        }
        ref int end = ref pool.End(chain.TailBlock);
        record = pool.Memory(chain.TailBlock) + end;
        end += size;
        return true;
    }

    private void DropOldestMedia()
    {
        int length = LengthAt(Head(_media));
        Bytes -= Overhead + length;
        MoveOn(ref _media, length, mayReturn: true);
    }

    /// <summary>Behind the chain's first frame.</summary>
    private void MoveOn(ref Chain chain, int length, bool mayReturn)
    {
        chain.HeadOffset += Overhead + length;
        chain.Count--;
        int left = chain.HeadBlock;
        if (chain.Count == 0) chain = Chain.Empty;
        else if (chain.HeadOffset >= pool.End(left)) (chain.HeadBlock, chain.HeadOffset) = (pool.Next(left), 0);
        else return;
        if (!mayReturn) return;
        if (left == _partialBlock) _isPartialBlockOwned = true;
        else pool.Return(left);
    }

    private void EndPartial()
    {
        if (_isPartialBlockOwned) pool.Return(_partialBlock);
        _partialBlock = BlockPool.None;
        _isPartialBlockOwned = false;
        _partialLength = 0;
    }

    private void Drop(ref Chain chain)
    {
        for (int block = chain.HeadBlock; block != BlockPool.None;)
        {
            int next = pool.Next(block);
            pool.Return(block);
            block = next;
        }
        chain = Chain.Empty;
    }

    /// <summary>The blocks of a chain from head to tail. A chain without frames has no block.</summary>
    private struct Chain
    {
        public static readonly Chain Empty = new() { HeadBlock = BlockPool.None, TailBlock = BlockPool.None };

        public int HeadBlock, HeadOffset, TailBlock, Count;
    }
}
