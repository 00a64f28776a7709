using System.Buffers.Binary;
using Dapr.Voice.Native;
using Dapr.Voice.Tcp;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Tcp;

public sealed unsafe class FrameQueueTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);

    private readonly BlockPool _pool = new(512, 64);

    public void Dispose() => _pool.Dispose();

    private FrameQueue NewQueue(int bytes = 4096) => new(_pool, bytes, Limit);

    /// <summary>Writes up to <paramref name="room"/> bytes, as a kernel would take them.</summary>
    private static int WriteSome(FrameQueue queue, List<byte> wire, int room, int vectors = 5)
    {
        var gathered = new LibC.iovec[vectors];
        int count = queue.Gather(gathered, room, out int bytes);
        int taken = Math.Min(bytes, room), left = taken;
        for (int i = 0; i < count && left > 0; i++)
        {
            var part = new ReadOnlySpan<byte>(gathered[i].iov_base, Math.Min((int)gathered[i].iov_len, left));
            wire.AddRange(part);
            left -= part.Length;
        }
        queue.Consume(taken);
        return taken;
    }

    private static List<byte[]> FramesOf(List<byte> wire)
    {
        var frames = new List<byte[]>();
        byte[] bytes = [.. wire];
        for (int at = 0; at < bytes.Length;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at));
            frames.Add(bytes.AsSpan(at + 2, length).ToArray());
            at += 2 + length;
        }
        return frames;
    }

    private static void WriteAll(FrameQueue queue, List<byte> wire)
    {
        while (!queue.IsEmpty) WriteSome(queue, wire, 1000);
    }

    /// <summary>A step of the model: add control, add media, write a little, let time pass. Numbers say how much.</summary>
    [Fact]
    public void Queue_AnyUseOfIt_TearsNoFrameDropsNoControlAndKeepsOrderAndBounds()
        => Prop.ForAll(ArbMap.Default.ArbFor<(byte Kind, byte Amount)[]>(), steps =>
        {
            const int Bound = 2000;
            FrameQueue queue = NewQueue(Bound);
            var wire = new List<byte>();
            var control = new List<int>();
            var addedAt = new Dictionary<int, Instant>();
            var writtenAt = new List<Instant>();
            Instant now = Instant.Zero;
            int number = 0, addedMedia = 0, dropped = 0;
            foreach ((byte kind, byte amount) in steps)
            {
                switch (kind % 4)
                {
                    case 0:
                    case 1:
                        bool isMedia = kind % 4 == 1;
                        // A frame says its number and class, so that the wire can be checked.
                        byte[] frame = new byte[5 + amount];
                        BinaryPrimitives.WriteInt32BigEndian(frame, number);
                        frame[4] = isMedia ? (byte)1 : (byte)0;
                        bool isAdded = queue.TryAdd(frame, isMedia ? TcpFrameClass.Media : TcpFrameClass.Control, now, out int gone);
                        dropped += gone;
                        addedMedia += isMedia ? 1 : 0;
                        if (isAdded && !isMedia) control.Add(number);
                        if (isAdded) addedAt[number] = now;
                        // Control is refused only where control alone fills the queue.
                        if (!isAdded && !isMedia && queue.MediaFrames > 0) return false;
                        number++;
                        break;
                    case 2:
                        WriteSome(queue, wire, amount);
                        break;
                    default:
                        now += TimeSpan.FromMilliseconds(amount);
                        dropped += queue.DropOld(now);
                        break;
                }
                if (queue.Bytes > Bound) return false;
            }
            WriteAll(queue, wire);
            List<byte[]> frames = FramesOf(wire);
            int[] numbers = [.. frames.Select(f => BinaryPrimitives.ReadInt32BigEndian(f))];
            return numbers.SequenceEqual(numbers.Order())
                && numbers.Where((_, i) => frames[i][4] == 0).SequenceEqual(control)
                && frames.Count(f => f[4] == 1) + dropped == addedMedia
                && _pool.Rented == 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void DropOld_MediaBeyondTheLimit_GoesOldestFirstAndControlStays()
    {
        FrameQueue queue = NewQueue();
        queue.TryAdd([1], TcpFrameClass.Media, Instant.Zero, out _);
        queue.TryAdd([2], TcpFrameClass.Control, Instant.Zero, out _);
        queue.TryAdd([3], TcpFrameClass.Media, Instant.FromMilliseconds(100), out _);
        queue.TryAdd([4], TcpFrameClass.Media, Instant.FromMilliseconds(150), out _);
        Assert.Equal(0, queue.DropOld(Instant.FromMilliseconds(200)));
        Assert.Equal(2, queue.DropOld(Instant.FromMilliseconds(301)));
        var wire = new List<byte>();
        WriteAll(queue, wire);
        Assert.Equal([2, 4], FramesOf(wire).Select(f => (int)f[0]));
    }

    [Fact]
    public void DropOld_FrameWrittenInPart_IsCompletedHoweverOld()
    {
        FrameQueue queue = NewQueue();
        queue.TryAdd([1, 2, 3, 4], TcpFrameClass.Media, Instant.Zero, out _);
        queue.TryAdd([5], TcpFrameClass.Media, Instant.Zero, out _);
        var wire = new List<byte>();
        Assert.Equal(3, WriteSome(queue, wire, 3));
        Assert.Equal(1, queue.DropOld(Instant.FromMilliseconds(10_000)));
        queue.TryAdd([6], TcpFrameClass.Control, Instant.FromMilliseconds(10_000), out _);
        WriteAll(queue, wire);
        List<byte[]> frames = FramesOf(wire);
        Assert.Equal([1, 2, 3, 4], frames[0]);
        Assert.Equal([6], frames[1]);
        Assert.Equal(2, frames.Count);
    }

    [Fact]
    public void TryAdd_QueueFullOfMedia_OldestMakesRoomForControl()
    {
        FrameQueue queue = NewQueue(bytes: 3 * (FrameQueue.Overhead + 100));
        for (byte i = 0; i < 3; i++) Assert.True(queue.TryAdd(Frame(i), TcpFrameClass.Media, Instant.Zero, out _));
        Assert.True(queue.TryAdd(Frame(9), TcpFrameClass.Control, Instant.Zero, out int dropped));
        Assert.Equal(1, dropped);
        var wire = new List<byte>();
        WriteAll(queue, wire);
        Assert.Equal([1, 2, 9], FramesOf(wire).Select(f => (int)f[0]));

        static byte[] Frame(byte number) => [number, .. new byte[99]];
    }

    [Fact]
    public void TryAdd_QueueFullOfControl_IsRefused()
    {
        FrameQueue queue = NewQueue(bytes: 2 * (FrameQueue.Overhead + 10));
        Assert.True(queue.TryAdd(new byte[10], TcpFrameClass.Control, Instant.Zero, out _));
        Assert.True(queue.TryAdd(new byte[10], TcpFrameClass.Control, Instant.Zero, out _));
        Assert.False(queue.TryAdd(new byte[10], TcpFrameClass.Control, Instant.Zero, out int none));
        Assert.False(queue.TryAdd(new byte[10], TcpFrameClass.Media, Instant.Zero, out int itself));
        Assert.Equal((0, 1), (none, itself));
        queue.Clear();
        Assert.Equal((0, true), (_pool.Rented, queue.IsEmpty));
    }

    [Fact]
    public void TryAdd_PoolUsedUp_IsRefusedAndNothingIsLost()
    {
        using var small = new BlockPool(512, 1);
        var first = new FrameQueue(small, 4096, Limit);
        var second = new FrameQueue(small, 4096, Limit);
        Assert.True(first.TryAdd([1], TcpFrameClass.Control, Instant.Zero, out _));
        Assert.False(second.TryAdd([2], TcpFrameClass.Control, Instant.Zero, out _));
        Assert.True(second.IsEmpty);
        var wire = new List<byte>();
        WriteAll(first, wire);
        Assert.True(second.TryAdd([2], TcpFrameClass.Control, Instant.Zero, out _));
    }

    [Fact]
    public void Queue_ThousandFrames_AllocatesNothing()
    {
        FrameQueue queue = NewQueue();
        byte[] frame = new byte[100];
        var vectors = new LibC.iovec[64];
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                queue.TryAdd(frame, i % 3 == 0 ? TcpFrameClass.Control : TcpFrameClass.Media, Instant.FromMilliseconds(i), out _);
                queue.DropOld(Instant.FromMilliseconds(i));
                queue.Gather(vectors, 1000, out int bytes);
                queue.Consume(bytes / 2);
            }
            queue.Clear();
        }));
    }
}
