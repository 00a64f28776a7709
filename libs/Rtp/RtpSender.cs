using Dapr.Voice.Wire;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Assigns the sequence numbers of one outgoing stream, and keeps the totals for its sender reports (RFC 3550, sections 5.1 and 6.4.1).
/// </summary>
public sealed class RtpSender
{
    private readonly int _clockRate;
    private Instant? _lastSent;
    private uint _lastTimestamp;

    /// <param name="firstSequenceNumber">A random number below 2^15. A receiver that misses the first packets then can't guess a wrong
    /// rollover counter (RFC 3711, section 3.3.1). </param>
    /// <param name="firstTimestamp">A random number.</param>
    /// <param name="clockRate">Timestamp ticks per second.</param>
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

    /// <summary>The number of packets modulo 2^32, as in sender reports.</summary>
    public uint PacketCount { get; private set; }

    /// <summary>The number of payload bytes modulo 2^32, as in sender reports.</summary>
    public uint OctetCount { get; private set; }

    /// <summary>Writes the next packet. The timestamp then advances by the duration of this payload.</summary>
    /// <param name="timestampStep">The duration of the payload in ticks of the clock rate (960 for 20 ms of Opus).</param>
    /// <returns>The length of the packet.</returns>
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
    /// Advances the timestamp without a packet, for silence that is not sent. The next packet should have the marker bit (RFC 7587, section
    /// 4.1).
    /// </summary>
    public void Skip(uint timestampTicks) => NextTimestamp = unchecked(NextTimestamp + timestampTicks);

    /// <summary>True if a packet was sent, or imported as sent.</summary>
    public bool HasSent => _lastSent is not null;

    /// <summary>The timestamp of the latest packet. It has a meaning only if <see cref="HasSent"/> is true.</summary>
    public uint LastTimestamp => _lastTimestamp;

    /// <summary>Returns the timestamp that belongs to <paramref name="now"/>, as if the stream had gone on along the clock.</summary>
    public uint TimestampAt(Instant now)
    {
        if (_lastSent is not { } lastSent) return NextTimestamp;
        uint alongTheClock = unchecked(_lastTimestamp + (uint)((now - lastSent).Ticks * _clockRate / TimeSpan.TicksPerSecond));
        return SerialNumber.IsNewer(alongTheClock, NextTimestamp) ? alongTheClock : NextTimestamp;
    }

    /// <summary>
    /// Returns the sender information for an SR that is sent now. The RTP timestamp is extrapolated from the last packet to the current
    /// time.
    /// </summary>
    /// <returns>False before the first packet. Send an RR then (RFC 3550, section 6.4).</returns>
    public bool TryGetSenderInfo(Instant now, TimeSpan wallClockOffset, out SenderInfo info)
    {
        if (_lastSent is not { } lastSent) { info = default; return false; }
        uint elapsed = unchecked((uint)((now - lastSent).Ticks * _clockRate / TimeSpan.TicksPerSecond));
        info = new SenderInfo(NtpTimestamp.From(now, wallClockOffset), unchecked(_lastTimestamp + elapsed), PacketCount, OctetCount);
        return true;
    }

    public RtpSenderState ExportState(Instant now)
        => new(Ssrc, PayloadType, NextSequenceNumber, NextTimestamp, PacketCount, OctetCount, _lastTimestamp, now - _lastSent);

    /// <summary>
    /// Exports the stream for a successor that does not know what was sent since. It goes on with <paramref name="sequenceNumber"/> and
    /// <paramref name="timestamp"/>, and sends no SR before its first packet.
    /// </summary>
    public RtpSenderState ExportAhead(ushort sequenceNumber, uint timestamp)
        => new(Ssrc, PayloadType, sequenceNumber, timestamp, PacketCount, OctetCount, timestamp, null);

    public static RtpSender Import(RtpSenderState state, Instant now, int clockRate = 48_000)
        => new(state.Ssrc, state.PayloadType, state.NextSequenceNumber, state.NextTimestamp, clockRate)
        {
            PacketCount = state.PacketCount,
            OctetCount = state.OctetCount,
            _lastTimestamp = state.LastTimestamp,
            _lastSent = state.SinceLastPacket is { } since ? now - since : null,
        };
}
