using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Dapr.Voice.Tcp;
using Dapr.Voice.Tests.Fuzz.Corpora;
using Dapr.Voice.Tests.Fuzz.Engine;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Targets;

/// <summary>What cuts streams into frames and what makes streams of them, each beside the plainest program that does the same.</summary>
internal static class FramingTargets
{
    public static IEnumerable<FuzzTarget> All(WireCorpus wire)
    {
        yield return new AssemblerTarget(StreamCorpus.Of(wire.All.Items));
        yield return new QueueTarget();
    }

    /// <summary>Streams that are cut anywhere, and lie about lengths.</summary>
    private sealed class AssemblerTarget(Corpus corpus) : FuzzTarget("FrameAssembler, beside a model", 450_000, 4096)
    {
        private const int MaximumFrameBytes = 1500;
        private readonly BlockPool _pool = new(FrameAssembler.PrefixLength + MaximumFrameBytes, 2);
        private readonly byte[] _buffer = new byte[FrameAssembler.PrefixLength + MaximumFrameBytes + 4096];
        // What has come and belongs to no complete frame yet, and when each of its bytes came.
        private readonly List<byte> _model = [];
        private readonly List<Instant> _arrivals = [];
        private FrameAssembler? _assembler;
        private Instant _now = Instant.FromMilliseconds(1);
        private ulong _cuts;
        private long _empty, _broken, _kept;

        public override int Batch => 1;

        public override int Make(Mutator mutator, Span<byte> buffer)
        {
            _cuts = mutator.Next();
            return mutator.Mutate(corpus, buffer);
        }

        public override void Take(Span<byte> input)
        {
            _assembler ??= new FrameAssembler(_pool, MaximumFrameBytes);
            // Half of the inputs come in one piece, the others in up to four.
            for (int pieces = (_cuts & 1) == 0 ? 1 : 2 + (int)((_cuts >> 1) % 3); !input.IsEmpty; pieces--)
            {
                int length = pieces <= 1 ? input.Length : 1 + (int)((_cuts >> 8) % (ulong)input.Length);
                _cuts = (_cuts * 0x9E37_79B9_7F4A_7C15) + 1;
                _now += TimeSpan.FromMilliseconds(1);
                if (!Feed(_assembler, input[..length])) break;
                input = input[length..];
            }
        }

        public override void Finish()
        {
            Refuse("(empty frames)", _empty);
            Refuse("(streams broken)", _broken);
            Refuse("(rounds that kept a part)", _kept);
            _assembler?.Reset();
            Require(_pool.Rented == 0);
        }

        public override void Dispose() => _pool.Dispose();

        private bool Feed(FrameAssembler assembler, ReadOnlySpan<byte> piece)
        {
            int held = assembler.Begin(_buffer);
            Require(held == _model.Count);
            piece.CopyTo(_buffer.AsSpan(held));
            Span<byte> filled = _buffer.AsSpan(0, held + piece.Length);
            _model.AddRange(piece);
            int known = _arrivals.Count;
            CollectionsMarshal.SetCount(_arrivals, _model.Count);
            CollectionsMarshal.AsSpan(_arrivals)[known..].Fill(_now);
            while (assembler.TryRead(filled, out int start, out int length))
            {
                SkipEmpty();
                Require(length is > 0 and <= MaximumFrameBytes);
                Require(ModelLength() == length && _model.Count >= length + 2);
                if (!filled.Slice(start, length).SequenceEqual(CollectionsMarshal.AsSpan(_model).Slice(2, length)))
                    throw new InvalidOperationException("Other bytes than were sent.");
                Drop(length + 2);
                Accepted++;
            }
            SkipEmpty();
            bool isBroken = ModelLength() > MaximumFrameBytes;
            Require(assembler.IsBroken == isBroken);
            Require(assembler.End(filled, _now));
            if (isBroken)
            {
                // The connection is closed, another one comes.
                _broken++;
                Require(_pool.Rented == 0);
                assembler.Reset();
                Drop(_model.Count);
                _empty = 0;
                return false;
            }
            Require(ModelLength() < 0 || _model.Count < ModelLength() + 2);
            Require(assembler.HeldBytes == _model.Count && assembler.EmptyFrames == _empty);
            Require(assembler.PartialSince == (_model.Count == 0 ? Instant.Never : _arrivals[0]));
            Require(_pool.Rented == (_model.Count == 0 ? 0 : 1));
            if (_model.Count > 0) _kept++;
            return true;
        }

        private int ModelLength() => _model.Count < 2 ? -1 : (_model[0] << 8) | _model[1];

        private void SkipEmpty()
        {
            for (; ModelLength() == 0; _empty++) Drop(2);
        }

        private void Drop(int count)
        {
            _model.RemoveRange(0, count);
            _arrivals.RemoveRange(0, count);
        }
    }

    /// <summary>An input is a program: control and media come, the kernel takes a little or nothing, time passes.</summary>
    private sealed class QueueTarget : FuzzTarget
    {
        private const int QueueBytes = 4096, BlockBytes = 2048;
        private static readonly TimeSpan AgeLimit = TimeSpan.FromMilliseconds(200);
        private readonly BlockPool _pool = new(BlockBytes, 64);
        private readonly FrameQueue _queue;
        private readonly Corpus _corpus;
        private readonly List<Entry> _waiting = [];
        private readonly byte[] _frame = new byte[1500], _wire = new byte[16 * 1024];
        private readonly LibC.iovec[] _vectors = new LibC.iovec[8];
        private byte[] _partial = [];
        private Instant _now = Instant.FromMilliseconds(1);
        private byte _fill;
        private long _refusedControl, _refusedMedia, _dropped;

        private readonly record struct Entry(bool IsMedia, Instant Since, byte[] Bytes);

        public QueueTarget() : base("FrameQueue, beside a model", 200_000, 64)
        {
            _queue = new FrameQueue(_pool, QueueBytes, AgeLimit);
            var mutator = new Mutator();
            _corpus = new Corpus([.. Enumerable.Range(0, 64).Select(i =>
            {
                mutator.Reseed(17, i);
                byte[] program = new byte[8 + mutator.Next(40)];
                mutator.Fill(program);
                return program;
            })]);
        }

        private int ModelBytes => _partial.Length + _waiting.Sum(e => e.Bytes.Length - FrameAssembler.PrefixLength + FrameQueue.Overhead);

        public override int Make(Mutator mutator, Span<byte> buffer) => mutator.Mutate(_corpus, buffer);

        public override void Take(Span<byte> input)
        {
            for (int i = 0; i + 1 < input.Length; i += 2)
            {
                int amount = input[i + 1];
                switch (input[i] % 8)
                {
                    case < 3: Add(TcpFrameClass.Control, 1 + (amount * 5)); break;
                    case < 6: Add(TcpFrameClass.Media, 1 + amount); break;
                    case 6: Write(1 + (amount * 12), 1 + (amount % _vectors.Length)); break;
                    default: Pass(amount); break;
                }
                Require(_queue.Bytes == ModelBytes && _queue.Bytes <= QueueBytes);
                Require(_queue.MediaFrames == _waiting.Count(e => e.IsMedia));
            }
            // A peer that takes everything at last, or one whose connection ends.
            if (input.Length % 2 == 0)
            {
                while (!_queue.IsEmpty) Write(_wire.Length, _vectors.Length);
            }
            else
            {
                _queue.Clear();
                _waiting.Clear();
                _partial = [];
            }
            Require(_queue.IsEmpty && _waiting.Count == 0 && _partial.Length == 0 && _pool.Rented == 0);
            Accepted++;
        }

        public override void Finish()
        {
            Refuse("(control refused)", _refusedControl);
            Refuse("(media refused)", _refusedMedia);
            Refuse("(media dropped)", _dropped);
        }

        public override void Dispose() => _pool.Dispose();

        private void Add(TcpFrameClass frameClass, int length)
        {
            Span<byte> frame = _frame.AsSpan(0, length);
            frame.Fill(++_fill);
            bool isMedia = frameClass == TcpFrameClass.Media, hasMedia = true;
            int size = length + FrameQueue.Overhead, expected = 0;
            while (ModelBytes + size > QueueBytes && (hasMedia = DropOldestMedia())) expected++;
            bool fits = ModelBytes + size <= QueueBytes;
            if (!fits && isMedia) expected++;
            bool isAdded = _queue.TryAdd(frame, frameClass, _now, out int dropped);
            Require(isAdded == fits && dropped == expected);
            Require(hasMedia || fits || _waiting.TrueForAll(e => !e.IsMedia));
            _dropped += dropped;
            if (isAdded) _waiting.Add(new Entry(isMedia, _now, StreamCorpus.Framed(frame)));
            else if (isMedia) _refusedMedia++;
            else _refusedControl++;
        }

        private unsafe void Write(int room, int vectors)
        {
            int count = _queue.Gather(_vectors.AsSpan(0, vectors), room, out int bytes), copied = 0;
            for (int i = 0; i < count; i++)
            {
                new ReadOnlySpan<byte>(_vectors[i].iov_base, (int)_vectors[i].iov_len).CopyTo(_wire.AsSpan(copied));
                copied += (int)_vectors[i].iov_len;
            }
            Require(copied == bytes && (count == vectors || bytes >= room || bytes == _partial.Length + _waiting.Sum(e => e.Bytes.Length)));
            Span<byte> taken = _wire.AsSpan(0, Math.Min(bytes, room));
            int complete = _queue.Consume(taken.Length), expected = 0;
            while (!taken.IsEmpty)
            {
                if (_partial.Length == 0)
                {
                    _partial = _waiting[0].Bytes;
                    _waiting.RemoveAt(0);
                }
                int part = Math.Min(_partial.Length, taken.Length);
                if (!taken[..part].SequenceEqual(_partial.AsSpan(0, part)))
                    throw new InvalidOperationException("Other bytes than were queued.");
                _partial = _partial[part..];
                taken = taken[part..];
                if (_partial.Length == 0) expected++;
            }
            Require(complete == expected);
        }

        private void Pass(int milliseconds)
        {
            _now += TimeSpan.FromMilliseconds(milliseconds);
            int expected = 0;
            while (_waiting.FindIndex(e => e.IsMedia) is >= 0 and var oldest && _now - _waiting[oldest].Since > AgeLimit)
            {
                _waiting.RemoveAt(oldest);
                expected++;
            }
            Require(_queue.DropOld(_now) == expected);
            _dropped += expected;
        }

        private bool DropOldestMedia()
        {
            int oldest = _waiting.FindIndex(e => e.IsMedia);
            if (oldest < 0) return false;
            _waiting.RemoveAt(oldest);
            return true;
        }
    }
}
