using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

internal enum InboundOutcome : byte { Accepted, Full, MessageTooLarge }

/// <summary>
/// Received chunks. They stay in <see cref="_held"/>, sorted by TSN, until their message is complete and next in order. Then they stay in
/// <see cref="_ready"/> until the owner takes the message. Fragments of one message have consecutive TSNs (RFC 9260, section 6.9).
/// </summary>
internal sealed class InboundQueue(SctpOptions options, StreamTable streams)
{
    // With 64 bytes for each chunk, this limits the bookkeeping, as the window limits the data.
    public const int MaximumChunks = 2048;

    private const int OverheadBytes = 64;

    private readonly BlockPool _blocks = new();
    private readonly List<HeldChunk> _held = [];
    private readonly Queue<HeldChunk> _ready = [];
    private readonly List<byte[]> _lent = [];
    private byte[] _assembly = [];
    private int _payloadBytes;
    private int _blockBytes;

    // After a takeover: the streams whose next sequence number is known. Null if that is known of every stream. The peer's first chunk may
    // be in the middle of a message whose beginning the previous owner has.
    private HashSet<ushort>? _known;
    private uint? _firstTsn;

    /// <summary>True if <see cref="TryTake"/> has a message.</summary>
    public bool HasMessage => _ready.Count > 0;

    public bool IsEmpty => _held.Count == 0 && _ready.Count == 0;

    /// <summary>
    /// The window that is reported to the peer (a_rwnd). Less than one packet is reported as zero, so that the peer does not fill a full
    /// window with tiny chunks.
    /// </summary>
    public int Window
    {
        get
        {
            int free = options.ReceiveWindowBytes - _payloadBytes;
            return free < SctpOptions.MaximumPacketBytes || Chunks >= MaximumChunks ? 0 : free;
        }
    }

    private int Chunks => _held.Count + _ready.Count;

    /// <param name="isBeyond">True if the chunk is beyond everything received, so that it can be sent again later. A chunk that fills a gap
    /// is accepted when others are rejected, because messages can't be completed without it.</param>
    public bool HasRoomFor(int payloadBytes, bool isBeyond)
    {
        int block = BlockPool.SizeFor(payloadBytes);
        if (block < 0) return false;
        if (isBeyond && _payloadBytes + payloadBytes > options.ReceiveWindowBytes) return false;
        // The peer counts only user data against the window. Blocks and bookkeeping need more, so the limit of memory is twice the window.
        int limit = isBeyond ? options.ReceiveWindowBytes * 2 : options.ReceiveWindowBytes / 2 * 5;
        return _blockBytes + block + OverheadBytes <= limit && Chunks < (isBeyond ? MaximumChunks : MaximumChunks + MaximumChunks / 4);
    }

    /// <summary>Stores a chunk. Its TSN must be new, and there must be room for it.</summary>
    public InboundOutcome Accept(uint tsn, ushort streamId, ushort streamSequence, uint payloadProtocolId, DataFlags flags,
        ReadOnlySpan<byte> payload)
    {
        HeldChunk chunk = Hold(new HeldChunk(tsn, streamId, streamSequence, payloadProtocolId, flags, [], 0), payload);
        bool isNext = streamSequence == streams.NextInbound(streamId) && _known?.Contains(streamId) != false;
        if (chunk.IsBeginning && chunk.IsEnd)
        {
            if (payload.Length > options.MaximumReceiveMessageBytes)
            {
                Release(chunk);
                return InboundOutcome.MessageTooLarge;
            }
            if (chunk.IsUnordered)
            {
                _ready.Enqueue(chunk);
                return InboundOutcome.Accepted;
            }
            if (isNext)
            {
                _ready.Enqueue(chunk);
                Advance(streamId);
                return InboundOutcome.Accepted;
            }
        }
        int index = IndexFor(tsn);
        _held.Insert(index, chunk);
        Join(index, out int first, out int last, out int bytes);
        if (bytes > options.MaximumReceiveMessageBytes) return InboundOutcome.MessageTooLarge;
        if (!IsWhole(first, last)) return InboundOutcome.Accepted;
        if (chunk.IsUnordered) MoveToReady(first, last);
        else if (isNext)
        {
            MoveToReady(first, last);
            Advance(streamId);
        }
        return InboundOutcome.Accepted;
    }

    /// <summary>
    /// Skips a message of the stream, and those before it, because the peer has abandoned them (RFC 3758, section 3.6). Complete messages
    /// are delivered first.
    /// </summary>
    public void SkipTo(ushort streamId, ushort streamSequence)
    {
        if (_known?.Add(streamId) == true) streams.SetInbound(streamId, streamSequence);
        if (!SerialNumber.IsNewerOrEqual(streamSequence, streams.NextInbound(streamId))) return;
        for (int i = 0; i < _held.Count; i++)
        {
            HeldChunk chunk = _held[i];
            if (chunk.StreamId != streamId || chunk.IsUnordered || !chunk.IsBeginning
                || SerialNumber.IsNewer(chunk.StreamSequence, streamSequence)) continue;
            int last = LastOfRun(i);
            if (!IsWhole(i, last)) continue;
            MoveToReady(i, last);
            i--;
        }
        streams.SetInbound(streamId, streamSequence);
        Advance(streamId);
    }

    /// <summary>Drops the fragments of messages that the peer has abandoned, up to the TSN.</summary>
    /// <returns>The number of fragments dropped.</returns>
    public int DropPiecesUpTo(uint tsn)
    {
        int dropped = 0;
        for (int i = 0; i < _held.Count && SerialNumber.IsNewerOrEqual(tsn, _held[i].Tsn);)
        {
            int last = LastOfRun(i);
            if (IsWhole(i, last))
            {
                i = last + 1;
                continue;
            }
            for (int j = i; j <= last; j++) Release(_held[j]);
            _held.RemoveRange(i, last - i + 1);
            dropped += last - i + 1;
        }
        return dropped;
    }

    /// <summary>
    /// Begins with TSN <paramref name="firstTsn"/>, whatever came before it. The next sequence number of each stream is that of its first
    /// message from there on.
    /// </summary>
    public void BeginAt(uint firstTsn)
    {
        (_known ??= []).Clear();
        _firstTsn = firstTsn;
    }

    /// <summary>The stream was reset, so its next sequence number is zero.</summary>
    public void MarkKnown(ushort streamId) => _known?.Add(streamId);

    /// <summary>After <see cref="BeginAt"/>: delivers what has become the next message of its stream.</summary>
    /// <param name="cumulative">All chunks up to this TSN have arrived.</param>
    /// <returns>The number of fragments dropped, because the beginning of their message is missing.</returns>
    public int Settle(uint cumulative)
    {
        if (_known is null) return 0;
        int dropped = 0;
        if (_firstTsn is { } first && SerialNumber.IsNewerOrEqual(cumulative, first))
        {
            if (_held.Count > 0 && _held[0].Tsn == first && !_held[0].IsBeginning)
            {
                HeldChunk orphan = _held[0];
                int last = LastOfRun(0);
                if (!_held[last].IsEnd && !SerialNumber.IsNewer(cumulative, _held[last].Tsn)) return 0;
                dropped = last + 1;
                foreach (HeldChunk piece in _held[..dropped]) Release(piece);
                _held.RemoveRange(0, dropped);
                if (!orphan.IsUnordered && _known.Add(orphan.StreamId)) DeliverFrom(orphan.StreamId, (ushort)(orphan.StreamSequence + 1));
            }
            _firstTsn = null;
        }
        for (int i = 0; i < _held.Count && SerialNumber.IsNewerOrEqual(cumulative, _held[i].Tsn); i++)
        {
            HeldChunk chunk = _held[i];
            if (chunk.IsUnordered || !_known.Add(chunk.StreamId)) continue;
            DeliverFrom(chunk.StreamId, chunk.StreamSequence);
            i = -1;
        }
        return dropped;
    }

    public bool TryTake(out SctpMessage message)
    {
        foreach (byte[] block in _lent) _blocks.Return(block);
        _lent.Clear();
        message = default;
        if (_ready.Count == 0) return false;
        HeldChunk chunk = TakeReady();
        if (chunk.IsEnd)
        {
            message = new SctpMessage(chunk.StreamId, chunk.PayloadProtocolId, chunk.Payload);
            return true;
        }
        int length = 0;
        HeldChunk piece = chunk;
        while (true)
        {
            if (_assembly.Length < length + piece.Length)
                Array.Resize(
                    ref _assembly, Math.Min(options.MaximumReceiveMessageBytes,
                    Math.Max(length + piece.Length, Math.Max(4096, _assembly.Length * 2))));
            piece.Payload.CopyTo(_assembly.AsSpan(length));
            length += piece.Length;
            if (piece.IsEnd) break;
            piece = TakeReady();
        }
        message = new SctpMessage(chunk.StreamId, chunk.PayloadProtocolId, _assembly.AsSpan(0, length));
        return true;
    }

    public void Clear()
    {
        foreach (HeldChunk chunk in _held) Release(chunk);
        _held.Clear();
        while (_ready.TryDequeue(out HeldChunk chunk)) Release(chunk);
        (_known, _firstTsn) = (null, null);
    }

    /// <summary>Releases the memory that a burst of large messages needed. It does so only if no chunk is held.</summary>
    public void Trim()
    {
        if (!IsEmpty || _lent.Count != 0) return;
        _blocks.Trim();
        _assembly = [];
        _held.Capacity = 0;
        _ready.TrimExcess();
    }

    public (ushort[]? KnownStreams, uint? FirstTsn) ExportBeginning() => (_known is null ? null : [.. _known], _firstTsn);

    public void RestoreBeginning(ushort[] knownStreams, uint? firstTsn) => (_known, _firstTsn) = ([.. knownStreams], firstTsn);

    public SctpAssociationState.InboundChunk[] ExportHeld() => [.. _held.Select(Export)];
    public SctpAssociationState.InboundChunk[] ExportReady() => [.. _ready.Select(Export)];

    public void Restore(SctpAssociationState.InboundChunk state, bool isReady)
    {
        HeldChunk chunk = Hold(
            new HeldChunk(state.Tsn, state.StreamId, state.StreamSequence, state.PayloadProtocolId, (DataFlags)state.Flags, [], 0),
            state.Payload);
        if (isReady)
        {
            _ready.Enqueue(chunk);
            return;
        }
        _held.Add(chunk);
        Join(_held.Count - 1, out _, out _, out _);
    }

    private static SctpAssociationState.InboundChunk Export(HeldChunk chunk) => new()
    {
        Tsn = chunk.Tsn,
        StreamId = chunk.StreamId,
        StreamSequence = chunk.StreamSequence,
        PayloadProtocolId = chunk.PayloadProtocolId,
        Flags = (byte)chunk.Flags,
        Payload = chunk.Payload.ToArray(),
    };

    private HeldChunk Hold(HeldChunk header, ReadOnlySpan<byte> payload)
    {
        byte[] block = _blocks.Take(payload.Length);
        payload.CopyTo(block);
        _payloadBytes += payload.Length;
        _blockBytes += block.Length + OverheadBytes;
        return header with { Block = block, Length = payload.Length, RunBytes = payload.Length };
    }

    private void Release(in HeldChunk chunk)
    {
        Forget(chunk);
        _blocks.Return(chunk.Block);
    }

    private void Forget(in HeldChunk chunk)
    {
        _payloadBytes -= chunk.Length;
        _blockBytes -= chunk.Block.Length + OverheadBytes;
    }

    private HeldChunk TakeReady()
    {
        HeldChunk chunk = _ready.Dequeue();
        Forget(chunk);
        _lent.Add(chunk.Block);
        return chunk;
    }

    /// <summary>Moves to the next message of a stream after one was delivered. That message may already be complete.</summary>
    private void Advance(ushort streamId) => DeliverFrom(streamId, (ushort)(streams.NextInbound(streamId) + 1));

    private void DeliverFrom(ushort streamId, ushort next)
    {
        for (int i = 0; i < _held.Count; i++)
        {
            HeldChunk chunk = _held[i];
            if (chunk.StreamId != streamId || chunk.IsUnordered || !chunk.IsBeginning || chunk.StreamSequence != next) continue;
            int last = LastOfRun(i);
            if (!IsWhole(i, last)) break;
            MoveToReady(i, last);
            next++;
            // Later sequence numbers should have later TSNs, but a peer may not comply. So the search starts again.
            i = -1;
        }
        streams.SetInbound(streamId, next);
    }

    /// <summary>
    /// Joins a new fragment with the runs of consecutive fragments before and after it. Only the ends of a run know its size, so this takes
    /// the same time for every run: a peer may cut a message into thousands of fragments.
    /// </summary>
    private void Join(int index, out int first, out int last, out int bytes)
    {
        HeldChunk chunk = _held[index];
        (first, last, bytes) = (index, index, chunk.Length);
        if (index > 0 && _held[index - 1] is var before && before.IsFollowedBy(chunk))
            (first, bytes) = (index - before.RunChunks, bytes + before.RunBytes);
        if (index < _held.Count - 1 && _held[index + 1] is var after && chunk.IsFollowedBy(after))
            (last, bytes) = (index + after.RunChunks, bytes + after.RunBytes);
        _held[first] = _held[first] with { RunChunks = last - first + 1, RunBytes = bytes };
        _held[last] = _held[last] with { RunChunks = last - first + 1, RunBytes = bytes };
    }

    /// <param name="first">The first fragment of a run.</param>
    private int LastOfRun(int first) => first + _held[first].RunChunks - 1;

    private bool IsWhole(int first, int last) => _held[first].IsBeginning && _held[last].IsEnd;

    private void MoveToReady(int first, int last)
    {
        for (int i = first; i <= last; i++) _ready.Enqueue(_held[i]);
        _held.RemoveRange(first, last - first + 1);
    }

    private int IndexFor(uint tsn)
    {
        int low = 0, high = _held.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (SerialNumber.IsNewer(_held[middle].Tsn, tsn)) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
