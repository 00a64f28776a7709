namespace Dapr.Voice.Rtp;

/// <summary>Limits of a <see cref="JitterBuffer"/>.</summary>
public sealed record JitterBufferOptions
{
    public static JitterBufferOptions Default { get; } = new();

    /// <summary>
    /// How long an open gap may hold later packets back. 60 ms is three packets: reordering beyond that is rare, waiting longer is heard.
    /// </summary>
    public TimeSpan ReorderWindow { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>So many packets behind a gap end the wait before the window does.</summary>
    public int ReorderPackets { get; init; } = 8;

    /// <summary>Lost frames reported in a row; what is missing beyond that is skipped (200 ms of concealment is noise already).</summary>
    public int MaximumConsecutiveLost { get; init; } = 10;

    /// <summary>Packets held at once. More than <see cref="ReorderPackets"/> so that one batch from the socket fits.</summary>
    public int Slots { get; init; } = 32;

    /// <summary>Bytes per slot: the longest Opus packet is 1275 bytes (RFC 6716, section 3.2.1).</summary>
    public int MaximumPayloadBytes { get; init; } = 1280;

    /// <summary>Timestamp ticks of a packet, to date a lost one whose neighbours do not tell: 20 ms at 48 kHz.</summary>
    public uint TicksPerPacket { get; init; } = 960;
}
