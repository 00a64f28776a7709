using System.Buffers;
using Dapr.Voice.Transceiver.Drops;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// Speech that the agent delivered faster than it can be heard. The PCM is kept in pooled chunks, one item after the other. An item starts
/// with a new frame, so the position to which each was played is exact. Only the session's thread uses it.
/// </summary>
internal sealed class DownlinkQueue : IDisposable
{
    /// <summary>
    /// Five minutes, which is 14.4 MB. A Realtime response has at most 4096 audio tokens of 50 ms, which is 3.4 minutes, so no correct
    /// backend reaches the limit. A backend that never stops talking costs a session no more than this.
    /// </summary>
    public const long MaximumSamples = 5L * 60 * AudioFormat.SampleRate;

    // 170 ms: small enough that an idle session holds nothing, and large enough that renting is rare.
    private const int ChunkSamples = 4096;

    /// <summary>
    /// How many items may wait in addition to what whole chunks hold. Each item takes a chunk of its own, however short it is. A response
    /// has one or two items.
    /// </summary>
    public const int MaximumShortItems = 256;

    private readonly Queue<Chunk> _chunks = new();
    private readonly SessionDropCounters _drops;
    private readonly long _maximumSamples;
    private readonly int _maximumChunks;
    private Chunk? _tail;

    // The chunk that was emptied last is filled next. So an agent that answers frame by frame does not need the pool.
    private Chunk? _spare;

    public DownlinkQueue(SessionDropCounters drops, long maximumSamples = MaximumSamples)
    {
        _drops = drops;
        _maximumSamples = maximumSamples;
        _maximumChunks = (int)(maximumSamples / ChunkSamples) + 1 + MaximumShortItems;
    }

    /// <summary>The number of samples that wait.</summary>
    public long PendingSamples { get; private set; }

    public bool IsEmpty => PendingSamples == 0;

    /// <summary>The item whose audio is next, or null if nothing waits.</summary>
    public DownlinkItem? Current => IsEmpty ? null : _chunks.Peek().Item;

    /// <summary>
    /// Queues a copy of PCM. Audio of an item that is not the last one queued starts a new run, and the run before is then complete.
    /// Returns false if not all of it fits. The rest is dropped and counted.
    /// </summary>
    public bool TryEnqueue(DownlinkItem item, ReadOnlySpan<short> pcm)
    {
        long room = _maximumSamples - PendingSamples;
        bool fits = pcm.Length <= room;
        if (!fits)
        {
            _drops.Count(SessionDrop.MediaDownlinkFull, AudioFormat.FramesIn(pcm.Length - room));
            pcm = pcm[..(int)room];
        }
        if (_tail is not null && _tail.Item != item) _tail.Item.IsComplete = true;
        while (!pcm.IsEmpty)
        {
            if (_tail is null || _tail.Item != item || _tail.Free == 0)
            {
                if (_chunks.Count == _maximumChunks)
                {
                    _drops.Count(SessionDrop.MediaDownlinkFull, AudioFormat.FramesIn(pcm.Length));
                    return false;
                }
                AddChunk(item);
            }
            int taken = Math.Min(pcm.Length, _tail!.Free);
            pcm[..taken].CopyTo(_tail.Pcm.AsSpan(_tail.End));
            _tail.End += taken;
            item.QueuedSamples += taken;
            PendingSamples += taken;
            pcm = pcm[taken..];
        }
        return fits;
    }

    /// <summary>No more audio of this item will come.</summary>
    public void Complete(DownlinkItem item) => item.IsComplete = true;

    /// <summary>
    /// Takes the next 20 ms. Returns false if nothing waits, or if there is less than a frame of an item that is still being delivered
    /// (playing it now would leave a gap in the middle of a word). The end of an item is filled up with zeros.
    /// </summary>
    /// <param name="frame">480 samples.</param>
    public bool TryTake(Span<short> frame, out DownlinkItem? item)
    {
        item = null;
        if (IsEmpty) return false;
        DownlinkItem front = _chunks.Peek().Item;
        if (!front.IsComplete && front.QueuedSamples - front.PlayedSamples < frame.Length) return false;
        item = front;
        int filled = 0;
        while (filled < frame.Length && _chunks.TryPeek(out Chunk? chunk) && chunk.Item == item)
        {
            int taken = Math.Min(frame.Length - filled, chunk.End - chunk.Start);
            chunk.Pcm.AsSpan(chunk.Start, taken).CopyTo(frame[filled..]);
            chunk.Start += taken;
            filled += taken;
            if (chunk.Start == chunk.End) Remove();
        }
        frame[filled..].Clear();
        item.PlayedSamples += filled;
        PendingSamples -= filled;
        return true;
    }

    /// <summary>Drops the oldest <paramref name="samples"/>. They then count as never queued.</summary>
    public void DropOldest(int samples)
    {
        _drops.Count(SessionDrop.MediaDownlinkTrimmed, AudioFormat.FramesIn(Math.Min(samples, PendingSamples)));
        while (samples > 0 && _chunks.TryPeek(out Chunk? chunk))
        {
            int taken = Math.Min(samples, chunk.End - chunk.Start);
            chunk.Start += taken;
            chunk.Item.QueuedSamples -= taken;
            PendingSamples -= taken;
            samples -= taken;
            if (chunk.Start == chunk.End) Remove();
        }
    }

    /// <summary>Drops everything that waits. The next frame taken is one that is queued after this call.</summary>
    /// <param name="cut">Receives each item that was cut short, in order. It may be null.</param>
    public void Flush(ICollection<DownlinkItem>? cut = null)
    {
        DownlinkItem? last = null;
        while (_chunks.TryPeek(out Chunk? chunk))
        {
            if (chunk.Item != last && !chunk.Item.IsFullyPlayed) cut?.Add(chunk.Item);
            last = chunk.Item;
            last.IsComplete = true;
            Remove();
        }
        PendingSamples = 0;
    }

    /// <summary>The pieces that wait or are being played, in order.</summary>
    public IReadOnlyList<DownlinkItem> Items => [.. _chunks.Select(chunk => chunk.Item).Distinct()];

    /// <summary>The piece with this name that waits, or null.</summary>
    public DownlinkItem? Find(string itemId, int? contentIndex = null)
        => _chunks.FirstOrDefault(chunk => chunk.Item.ItemId == itemId
            && (contentIndex is null || chunk.Item.ContentIndex == contentIndex))?.Item;

    /// <summary>Copies what waits, up to a limit. What is beyond it is cut, and the piece that it cuts is then complete.</summary>
    public DownlinkState ExportState(int maximumSamples = DownlinkState.MaximumSamples)
    {
        var parts = new List<DownlinkPart>();
        int left = maximumSamples;
        foreach (DownlinkItem item in Items)
        {
            if (left == 0) break;
            int waiting = (int)(item.QueuedSamples - item.PlayedSamples), taken = Math.Min(waiting, left), copied = 0;
            short[] pcm = new short[taken];
            foreach (Chunk chunk in _chunks)
            {
                if (chunk.Item != item || copied == taken) continue;
                ReadOnlySpan<short> rest = chunk.Pcm.AsSpan(chunk.Start, Math.Min(chunk.End - chunk.Start, taken - copied));
                rest.CopyTo(pcm.AsSpan(copied));
                copied += rest.Length;
            }
            left -= taken;
            parts.Add(new DownlinkPart(
                item.ItemId, item.ResponseId, item.ContentIndex, item.PlayedSamples, item.IsComplete || taken < waiting, pcm));
        }
        return new DownlinkState(parts);
    }

    /// <summary>Queues what <see cref="ExportState"/> copied at another transceiver.</summary>
    public void Import(DownlinkState state)
    {
        foreach (DownlinkPart part in state.Parts)
        {
            var item = new DownlinkItem(part.ItemId, part.ResponseId, part.ContentIndex)
            {
                QueuedSamples = part.PlayedSamples,
                PlayedSamples = part.PlayedSamples,
            };
            TryEnqueue(item, part.Pcm.Span);
            item.IsComplete = part.IsComplete;
        }
    }

    public void Dispose()
    {
        Flush();
        if (_spare is not null) ArrayPool<short>.Shared.Return(_spare.Pcm);
        _spare = null;
    }

    private void AddChunk(DownlinkItem item)
    {
        _tail = _spare ?? new Chunk(ArrayPool<short>.Shared.Rent(ChunkSamples));
        _spare = null;
        _tail.Reset(item);
        _chunks.Enqueue(_tail);
    }

    private void Remove()
    {
        Chunk chunk = _chunks.Dequeue();
        if (chunk == _tail) _tail = null;
        if (_spare is null) _spare = chunk;
        else ArrayPool<short>.Shared.Return(chunk.Pcm);
    }

    private sealed class Chunk(short[] pcm)
    {
        public DownlinkItem Item { get; private set; } = null!;
        public short[] Pcm { get; } = pcm;
        public int Start { get; set; }
        public int End { get; set; }
        public int Free => Pcm.Length - End;

        public void Reset(DownlinkItem item)
        {
            Item = item;
            Start = End = 0;
        }
    }
}
