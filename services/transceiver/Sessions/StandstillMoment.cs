using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Finds when sessions best stand still. What a caller or an agent misses begins with the last packet before the standstill. So that moment
/// is best just after a packet in each direction, and a standstill of 20 ms can be one that nobody hears. One caller.
/// </summary>
internal sealed class StandstillMoment(Instant now)
{
    /// <summary>A caller's packet may come so much later than one frame after the one before it.</summary>
    private static readonly TimeSpan UplinkLateness = TimeSpan.FromMilliseconds(2);

    /// <summary>A caller who has been silent for longer sends nothing that could be missed.</summary>
    private static readonly TimeSpan Silence = 3 * AudioFormat.FrameDuration;

    // How long after now each direction has its next packet. It repeats every frame.
    private readonly List<TimeSpan> _phases = [];

    /// <summary>Adds a session.</summary>
    /// <param name="nextDown">When the next frame for the caller is due. <see cref="Instant.Never"/> if there is none.</param>
    /// <param name="lastUp">When the caller's last packet came. <see cref="Instant.Never"/> if there was none.</param>
    public void Add(Instant nextDown, Instant lastUp)
    {
        if (nextDown != Instant.Never) _phases.Add(WithinAFrame(nextDown - now));
        if (lastUp != Instant.Never && now - lastUp < Silence) _phases.Add(WithinAFrame(lastUp + UplinkLateness - now));
    }

    /// <returns>Less than a frame after now.</returns>
    public Instant Choose()
    {
        (TimeSpan best, TimeSpan least) = (TimeSpan.Zero, LongestSince(TimeSpan.Zero));
        foreach (TimeSpan moment in _phases)
        {
            TimeSpan since = LongestSince(moment);
            if (since < least || (since == least && moment < best)) (best, least) = (moment, since);
        }
        return now + best;
    }

    private TimeSpan LongestSince(TimeSpan moment)
    {
        TimeSpan longest = TimeSpan.Zero;
        foreach (TimeSpan phase in _phases)
        {
            TimeSpan since = WithinAFrame(moment - phase);
            if (since > longest) longest = since;
        }
        return longest;
    }

    private static TimeSpan WithinAFrame(TimeSpan time)
    {
        long frame = AudioFormat.FrameDuration.Ticks;
        return TimeSpan.FromTicks(((time.Ticks % frame) + frame) % frame);
    }
}
