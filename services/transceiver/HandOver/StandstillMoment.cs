using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.HandOver;

/// <summary>
/// When sessions best stand still. What a caller or an agent misses begins with the last packet before the standstill. So that moment is
/// best just after a packet in each direction, and a standstill of 20 ms can be one that nobody hears.
/// </summary>
internal static class StandstillMoment
{
    /// <summary>A caller's packet may come so much later than one frame after the one before it.</summary>
    private static readonly TimeSpan UplinkLateness = TimeSpan.FromMilliseconds(2);

    /// <summary>A caller who has been silent for longer sends nothing that could be missed.</summary>
    private static readonly TimeSpan Silence = 3 * AudioFormat.FrameDuration;

    /// <param name="flows">For each session: when the next frame for the caller is due, and when the last one of the caller came. <see
    /// cref="Instant.Never"/> stands for none.</param>
    /// <returns>Not before <paramref name="now"/>, and less than a frame after it.</returns>
    public static Instant Choose(IReadOnlyList<(Instant NextDown, Instant LastUp)> flows, Instant now)
    {
        // How long after now each direction has its next packet. It repeats every frame.
        var phases = new List<TimeSpan>(2 * flows.Count);
        foreach ((Instant nextDown, Instant lastUp) in flows)
        {
            if (nextDown != Instant.Never) phases.Add(WithinAFrame(nextDown - now));
            if (lastUp != Instant.Never && now - lastUp < Silence) phases.Add(WithinAFrame(lastUp + UplinkLateness - now));
        }
        (TimeSpan best, TimeSpan least) = (TimeSpan.Zero, LongestSince(phases, TimeSpan.Zero));
        foreach (TimeSpan moment in phases)
        {
            TimeSpan since = LongestSince(phases, moment);
            if (since < least || (since == least && moment < best)) (best, least) = (moment, since);
        }
        return now + best;
    }

    private static TimeSpan LongestSince(List<TimeSpan> phases, TimeSpan moment)
    {
        TimeSpan longest = TimeSpan.Zero;
        foreach (TimeSpan phase in phases)
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
