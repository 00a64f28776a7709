namespace Dapr.Voice.Rtp;

/// <summary>Limits of a <see cref="JitterBuffer"/>.</summary>
public sealed record JitterBufferOptions
{
    public static JitterBufferOptions Default { get; } = new();

    /// <summary>
    /// How long a gap may hold later packets back. 60 ms is three packets. More reordering than that is rare, and a longer wait is audible.
    /// </summary>
    public TimeSpan ReorderWindow { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>
    /// When this number of packets waits behind a gap, the wait ends before the time does. A gap of more packets is not waited for.
    /// </summary>
    public int ReorderPackets { get; init; } = 8;

    /// <summary>
    /// The maximum number of lost frames that are reported in a row. Further missing frames are skipped, because 200 ms of concealment is
    /// already noise.
    /// </summary>
    public int MaximumConsecutiveLost { get; init; } = 10;

    /// <summary>
    /// The maximum number of packets that are held. It is larger than <see cref="ReorderPackets"/>, so that one batch from the socket fits.
    /// </summary>
    public int Slots { get; init; } = 32;

    /// <summary>Bytes for each slot. The longest Opus packet has 1275 bytes (RFC 6716, section 3.2.1).</summary>
    public int MaximumPayloadBytes { get; init; } = 1280;

    /// <summary>
    /// Timestamp ticks of a packet. They date a lost frame if its neighbours can't. 960 is 20 ms at 48 kHz.
    /// </summary>
    public uint TicksPerPacket { get; init; } = 960;
}
