using Dapr.Voice.Wire;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Numbers the packets of one stream we send, and keeps the totals for its sender reports (RFC 3550, sections 5.1 and 6.4.1).
/// </summary>
public sealed class RtpSender
{
    private readonly int _clockRate;
    private Instant? _lastSent;
    private uint _lastTimestamp;

    /// <param name="firstSequenceNumber">
    /// Random and below 2^15: then a receiver that misses the first packets can't guess a wrong rollover counter (RFC 3711, section 3.3.1).
    /// </param>
    /// <param name="firstTimestamp">Random.</param>
    /// <param name="clockRate">Ticks of the timestamp per second.</param>
    public RtpSender(uint ssrc, byte payloadType, ushort firstSequenceNumber, uint firstTimestamp, int clockRate = 48_000)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadType, 127);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clockRate);
        Ssrc = ssrc;
        PayloadType = payloadType;
        NextSequenceNumber = firstSequenceNumber;
        NextTimestamp = firstTimestamp;
        _clockRate = clockRate;
    }

    public uint Ssrc { get; }
    public byte PayloadType { get; }
    public ushort NextSequenceNumber { get; private set; }
    public uint NextTimestamp { get; private set; }

    /// <summary>Modulo 2^32, as sender reports have it.</summary>
    public uint PacketCount { get; private set; }

    /// <summary>Payload bytes modulo 2^32, as sender reports have it.</summary>
    public uint OctetCount { get; private set; }

    /// <summary>Writes the next packet; the timestamp then moves on by the duration of this payload.</summary>
    /// <param name="timestampStep">What the payload lasts, in ticks of the clock rate (960 for 20 ms of Opus).</param>
    /// <returns>The packet's length.</returns>
    public int WritePacket(Span<byte> destination, ReadOnlySpan<byte> payload, uint timestampStep, bool marker, Instant now)
    {
        int headerLength = RtpPacketWriter.WriteHeader(destination, PayloadType, marker, NextSequenceNumber, NextTimestamp, Ssrc);
        payload.CopyTo(destination[headerLength..]);
        _lastSent = now;
        _lastTimestamp = NextTimestamp;
        unchecked
        {
            NextSequenceNumber++;
            NextTimestamp += timestampStep;
            PacketCount++;
            OctetCount += (uint)payload.Length;
        }
        return headerLength + payload.Length;
    }

    /// <summary>
    /// Lets media time pass without a packet (silence that is not sent); the packet after it should carry the marker (RFC 7587, section
    /// 4.1).
    /// </summary>
    public void Skip(uint timestampTicks) => NextTimestamp = unchecked(NextTimestamp + timestampTicks);

    /// <summary>
    /// Sender information for an SR sent now; the RTP time is where the media clock stands now, extrapolated from the last packet.
    /// </summary>
    /// <returns>False before the first packet: then an RR is due (RFC 3550, section 6.4).</returns>
    public bool TryGetSenderInfo(Instant now, TimeSpan wallClockOffset, out SenderInfo info)
    {
        if (_lastSent is not { } lastSent) { info = default; return false; }
        uint elapsed = unchecked((uint)((now - lastSent).Ticks * _clockRate / TimeSpan.TicksPerSecond));
        info = new SenderInfo(NtpTimestamp.From(now, wallClockOffset), unchecked(_lastTimestamp + elapsed), PacketCount, OctetCount);
        return true;
    }

    public RtpSenderState ExportState(Instant now)
        => new(Ssrc, PayloadType, NextSequenceNumber, NextTimestamp, PacketCount, OctetCount, _lastTimestamp, now - _lastSent);

    public static RtpSender Import(RtpSenderState state, Instant now, int clockRate = 48_000)
        => new(state.Ssrc, state.PayloadType, state.NextSequenceNumber, state.NextTimestamp, clockRate)
        {
            PacketCount = state.PacketCount,
            OctetCount = state.OctetCount,
            _lastTimestamp = state.LastTimestamp,
            _lastSent = state.SinceLastPacket is { } since ? now - since : null,
        };
}
