using System.Runtime.InteropServices;

namespace Dapr.Voice.Tcp;

/// <summary>
/// Memory blocks of one size outside the managed heap, linked by number. The pool grows in slabs up to its bound and never shrinks, because
/// a size that was needed once will be needed again. One thread owns it.
/// </summary>
internal sealed unsafe class BlockPool : IDisposable
{
    public const int None = -1;

    private const int BlocksPerSlab = 64;

    private readonly int _maximumBlocks;
    private readonly List<nint> _slabs = [];
    private int[] _next = [], _end = [];
    private int _free = None, _count;

    public BlockPool(int blockBytes, int maximumBlocks)
    {
        BlockBytes = blockBytes;
        _maximumBlocks = maximumBlocks;
    }

    public int BlockBytes { get; }

    /// <summary>The number of blocks that are rented now.</summary>
    public int Rented { get; private set; }

    /// <summary>The next block in a chain. <see cref="None"/> in a fresh block.</summary>
    public ref int Next(int block) => ref _next[block];

    /// <summary>The number of bytes that the renter uses. 0 in a fresh block.</summary>
    public ref int End(int block) => ref _end[block];

    public byte* Memory(int block) => (byte*)_slabs[block / BlocksPerSlab] + ((long)(block % BlocksPerSlab) * BlockBytes);

    /// <returns>False if the bound is reached.</returns>
    public bool TryRent(out int block)
    {
        block = _free;
        if (block == None && !TryGrow(out block)) return false;
        _free = _next[block];
        _next[block] = None;
        _end[block] = 0;
        Rented++;
        return true;
    }

    public void Return(int block)
    {
        _next[block] = _free;
        _free = block;
        Rented--;
    }

    public void Dispose()
    {
        foreach (nint slab in _slabs) NativeMemory.Free((void*)slab);
        _slabs.Clear();
        _free = None;
    }

    private bool TryGrow(out int block)
    {
        block = None;
        if (_count >= _maximumBlocks) return false;
        _slabs.Add((nint)NativeMemory.Alloc((nuint)BlocksPerSlab * (nuint)BlockBytes));
        int added = Math.Min(BlocksPerSlab, _maximumBlocks - _count);
        if (_next.Length < _count + added)
        {
            int size = Math.Max(_count + added, _next.Length * 2);
            Array.Resize(ref _next, size);
            Array.Resize(ref _end, size);
        }
        for (int i = _count + added - 1; i >= _count; i--)
        {
            _next[i] = _free;
            _free = i;
        }
        _count += added;
        block = _free;
        return true;
    }
}
