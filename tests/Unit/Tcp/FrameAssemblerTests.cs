using System.Buffers.Binary;
using Dapr.Voice.Tcp;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Tcp;

public sealed class FrameAssemblerTests : IDisposable
{
    private const int MaximumFrameBytes = 300;

    private readonly BlockPool _pool = new(FrameAssembler.PrefixLength + MaximumFrameBytes, 64);
    private readonly byte[] _buffer = new byte[8192];

    public void Dispose() => _pool.Dispose();

    private static byte[] Stream(IEnumerable<byte[]> frames)
        => [.. frames.SelectMany(f => new[] { (byte)(f.Length >> 8), (byte)f.Length }.Concat(f))];

    /// <summary>One round: what came, and what it made complete.</summary>
    private List<byte[]> Feed(FrameAssembler assembler, ReadOnlySpan<byte> bytes, Instant now = default)
    {
        var frames = new List<byte[]>();
        int held = assembler.Begin(_buffer);
        bytes.CopyTo(_buffer.AsSpan(held));
        Span<byte> filled = _buffer.AsSpan(0, held + bytes.Length);
        while (assembler.TryRead(filled, out int start, out int length)) frames.Add(filled.Slice(start, length).ToArray());
        Assert.True(assembler.End(filled, now));
        return frames;
    }

    [Fact]
    public void Rounds_AnySplitOfAStream_GiveTheSameFrames()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[][]>(), ArbMap.Default.ArbFor<byte[]>(), (contents, cuts) =>
        {
            byte[][] frames = [.. contents.Select(c => c.Length > MaximumFrameBytes ? c[..MaximumFrameBytes] : c)];
            byte[] stream = Stream(frames);
            var assembler = new FrameAssembler(_pool, MaximumFrameBytes);
            var read = new List<byte[]>();
            int at = 0;
            for (int cut = 0; at < stream.Length; cut++)
            {
                // Zero to nine bytes at a time, or what is left once the cuts are used up.
                int take = cut < cuts.Length ? Math.Min(cuts[cut] % 10, stream.Length - at) : stream.Length - at;
                read.AddRange(Feed(assembler, stream.AsSpan(at, take)));
                at += take;
            }
            byte[][] expected = [.. frames.Where(f => f.Length > 0)];
            return read.Count == expected.Length && read.Zip(expected).All(p => p.First.AsSpan().SequenceEqual(p.Second))
                && assembler.EmptyFrames == frames.Length - expected.Length && assembler.HeldBytes == 0 && _pool.Rented == 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rounds_AnyBytes_NeverThrowAndHoldOneFrameAtMost()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[][]>(), pieces =>
        {
            var assembler = new FrameAssembler(_pool, MaximumFrameBytes);
            foreach (byte[] piece in pieces)
            {
                if (assembler.IsBroken) break;
                List<byte[]> frames = Feed(assembler, piece);
                if (frames.Exists(f => f.Length is 0 or > MaximumFrameBytes)
                    || assembler.HeldBytes > FrameAssembler.PrefixLength + MaximumFrameBytes) return false;
            }
            assembler.Reset();
            return _pool.Rented == 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryRead_PrefixAboveTheMaximum_BreaksAtOnceAndKeepsWhatWasGood()
    {
        var assembler = new FrameAssembler(_pool, MaximumFrameBytes);
        byte[] prefix = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(prefix, MaximumFrameBytes + 1);
        List<byte[]> frames = Feed(assembler, [0, 1, 7, .. prefix]);
        Assert.Equal([7], Assert.Single(frames));
        Assert.True(assembler.IsBroken);
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void End_FrameTrickles_CountsFromItsFirstByte()
    {
        var assembler = new FrameAssembler(_pool, MaximumFrameBytes);
        Feed(assembler, [0, 3, 1], Instant.FromMilliseconds(10));
        Feed(assembler, [2], Instant.FromMilliseconds(20));
        Assert.Equal(Instant.FromMilliseconds(10), assembler.PartialSince);
        Feed(assembler, [3, 0], Instant.FromMilliseconds(30));
        Assert.Equal(Instant.FromMilliseconds(30), assembler.PartialSince);
        Feed(assembler, [1, 4], Instant.FromMilliseconds(40));
        Assert.Equal(Instant.Never, assembler.PartialSince);
    }

    [Fact]
    public void Rounds_ThousandFramesInPieces_AllocateNothing()
    {
        byte[] stream = Stream(Enumerable.Range(0, 1000).Select(i => new byte[i % 200]));
        var assembler = new FrameAssembler(_pool, MaximumFrameBytes);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int at = 0; at < stream.Length; at += 777)
            {
                int held = assembler.Begin(_buffer);
                Span<byte> piece = stream.AsSpan(at, Math.Min(777, stream.Length - at));
                piece.CopyTo(_buffer.AsSpan(held));
                Span<byte> filled = _buffer.AsSpan(0, held + piece.Length);
                while (assembler.TryRead(filled, out _, out _)) { }
                assembler.End(filled, Instant.Zero);
            }
        }));
    }
}
