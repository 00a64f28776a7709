namespace Dapr.Voice.Tcp;

/// <summary>The counters of a <see cref="TcpFrameSocket"/>. The owning thread writes them; any thread may read them.</summary>
public sealed class TcpSocketCounters
{
    internal long AcceptedCount, ConnectedCount, AcceptPauseCount, FramesReceivedCount, FramesSentCount, EmptyFrameCount,
        MediaTooOldCount, MediaNoRoomCount, OversizedCount;
    internal int OpenCount;
    internal readonly long[] CloseCounts = new long[Enum.GetValues<TcpCloseReason>().Length];

    /// <summary>The number of connections that are open, or being opened, now.</summary>
    public int Open => Volatile.Read(ref OpenCount);
    public long Accepted => Volatile.Read(ref AcceptedCount);
    public long Connected => Volatile.Read(ref ConnectedCount);

    /// <summary>How often a listener paused because no descriptors or memory were left.</summary>
    public long AcceptPauses => Volatile.Read(ref AcceptPauseCount);
    public long FramesReceived => Volatile.Read(ref FramesReceivedCount);
    public long FramesSent => Volatile.Read(ref FramesSentCount);

    /// <summary>Frames of length zero. They are ignored; RFC 4571 allows them.</summary>
    public long EmptyFrames => Volatile.Read(ref EmptyFrameCount);

    /// <summary>Media frames dropped because they had waited longer than the limit.</summary>
    public long MediaTooOld => Volatile.Read(ref MediaTooOldCount);

    /// <summary>Media frames dropped to make room in a queue, or because there was no room for them.</summary>
    public long MediaNoRoom => Volatile.Read(ref MediaNoRoomCount);
    public long MediaDropped => MediaTooOld + MediaNoRoom;

    /// <summary>Frames that were not sent because they are empty or longer than the maximum.</summary>
    public long Oversized => Volatile.Read(ref OversizedCount);

    public long Closes(TcpCloseReason reason) => Volatile.Read(ref CloseCounts[(int)reason]);
}
