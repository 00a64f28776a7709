namespace Dapr.Voice.Tcp;

/// <summary>Counters of a <see cref="TcpFrameSocket"/>. Written by the thread that owns it, read by any.</summary>
public sealed class TcpSocketCounters
{
    internal long AcceptedCount, ConnectedCount, AcceptPauseCount, FramesReceivedCount, FramesSentCount, EmptyFrameCount,
        BytesReceivedCount, BytesSentCount, MediaTooOldCount,
        MediaNoRoomCount, OversizedCount;
    internal int OpenCount;
    internal readonly long[] CloseCounts = new long[Enum.GetValues<TcpCloseReason>().Length];

    /// <summary>Connections that are open, or being opened, now.</summary>
    public int Open => Volatile.Read(ref OpenCount);
    public long Accepted => Volatile.Read(ref AcceptedCount);
    public long Connected => Volatile.Read(ref ConnectedCount);

    /// <summary>Times a listener had to rest: no descriptors or no memory left.</summary>
    public long AcceptPauses => Volatile.Read(ref AcceptPauseCount);
    public long FramesReceived => Volatile.Read(ref FramesReceivedCount);
    public long FramesSent => Volatile.Read(ref FramesSentCount);

    /// <summary>Frames of length zero, which are ignored (RFC 4571 allows them).</summary>
    public long EmptyFrames => Volatile.Read(ref EmptyFrameCount);
    public long BytesReceived => Volatile.Read(ref BytesReceivedCount);
    public long BytesSent => Volatile.Read(ref BytesSentCount);

    /// <summary>Media frames dropped since they had waited for longer than the limit.</summary>
    public long MediaTooOld => Volatile.Read(ref MediaTooOldCount);

    /// <summary>Media frames dropped to make room in a queue, or since there was none.</summary>
    public long MediaNoRoom => Volatile.Read(ref MediaNoRoomCount);
    public long MediaDropped => MediaTooOld + MediaNoRoom;

    /// <summary>Frames that were to be sent and exceed the maximum, or are empty.</summary>
    public long Oversized => Volatile.Read(ref OversizedCount);

    public long Closes(TcpCloseReason reason) => Volatile.Read(ref CloseCounts[(int)reason]);
}
