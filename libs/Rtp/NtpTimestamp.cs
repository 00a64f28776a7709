using Dapr.Voice.Wire;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Wall-clock time in RTCP's format (RFC 3550, section 4): seconds since 1900 in the upper 32 bits, the fraction in the lower 32 bits. The
/// protocol code has no clock. Its owner passes the difference between wall-clock time and <see cref="Instant"/>.
/// </summary>
public readonly record struct NtpTimestamp(ulong Value)
{
    /// <summary>The middle 32 bits, in units of 1/65536 s. LSR and the round-trip time use them.</summary>
    public uint Middle => (uint)(Value >> 16);

    /// <param name="wallClockOffset">The time since 1900-01-01 (UTC) at <see cref="Instant.Zero"/>.</param>
    public static NtpTimestamp From(Instant now, TimeSpan wallClockOffset)
    {
        long seconds = Math.DivRem(now.Ticks + wallClockOffset.Ticks, TimeSpan.TicksPerSecond, out long rest);
        if (rest < 0) { seconds--; rest += TimeSpan.TicksPerSecond; }
        // The era ends in 2036. Only the lower 32 bits of the seconds are sent.
        return new NtpTimestamp((ulong)unchecked((uint)seconds) << 32 | ((ulong)rest << 32) / TimeSpan.TicksPerSecond);
    }

    /// <summary>Converts a duration to units of 1/65536 s, the format of DLSR. The maximum is 18.2 hours.</summary>
    public static uint ToShortUnits(TimeSpan duration)
    {
        if (duration <= TimeSpan.Zero) return 0;
        double units = duration.TotalSeconds * 65536;
        return units >= uint.MaxValue ? uint.MaxValue : (uint)units;
    }

    /// <summary>The inverse of <see cref="ToShortUnits"/>.</summary>
    public static TimeSpan FromShortUnits(uint units) => TimeSpan.FromTicks((long)(units * (double)TimeSpan.TicksPerSecond / 65536));
}
