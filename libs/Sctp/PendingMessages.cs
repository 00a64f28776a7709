using System.Buffers;

namespace Dapr.Voice.Sctp;

/// <summary>
/// Messages that wait, in order, until the association has room for them. Their number and their bytes are limited. Buffers come from the
/// shared pool.
/// </summary>
internal sealed class PendingMessages
{
    // What a channel accepts in addition to the association's send queue (512 KiB). It is enough for one or two of the largest function
    // results.
    public const int MaximumBytes = 1024 * 1024;
    public const int MaximumCount = 1024;

    private readonly Queue<Entry> _entries = [];

    public int Bytes { get; private set; }
    public int Count => _entries.Count;

    public bool TryAdd(DataChannel channel, uint payloadProtocolId, ReadOnlySpan<byte> payload)
    {
        // Answers to openings are few and small, and they must not be lost.
        int maximumCount = payloadProtocolId == PayloadProtocolId.Dcep ? MaximumCount + 4 * DataChannelSet.MaximumChannels : MaximumCount;
        if (_entries.Count >= maximumCount || Bytes + payload.Length > MaximumBytes) return false;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(buffer);
        _entries.Enqueue(new Entry(channel, payloadProtocolId, buffer, payload.Length));
        Bytes += payload.Length;
        return true;
    }

    public bool TryPeek(out Entry entry) => _entries.TryPeek(out entry);

    public void Remove()
    {
        Entry entry = _entries.Dequeue();
        Bytes -= entry.Length;
        ArrayPool<byte>.Shared.Return(entry.Buffer);
    }

    public void Clear()
    {
        while (_entries.Count > 0) Remove();
    }

    public DataChannelSetState.PendingState[] Export() => [.. _entries.Select(e => new DataChannelSetState.PendingState
    {
        ChannelId = e.Channel.Id,
        PayloadProtocolId = e.PayloadProtocolId,
        Payload = e.Payload.ToArray(),
    })];

    internal readonly record struct Entry(DataChannel Channel, uint PayloadProtocolId, byte[] Buffer, int Length)
    {
        public ReadOnlySpan<byte> Payload => Buffer.AsSpan(0, Length);
    }
}
