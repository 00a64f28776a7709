namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>Silences between frames that were heard. All times are milliseconds of one clock.</summary>
internal static class Gaps
{
    /// <summary>
    /// The longest time between two frames of which the second came after <paramref name="from"/>. The end of the measurement counts as a
    /// frame, so a call that never comes back has a gap to the end. A steady stream of 20 ms frames has a gap of 20 ms.
    /// </summary>
    /// <param name="heard">In ascending order.</param>
    /// <param name="from">The damage. If nothing was heard before, the gap begins here.</param>
    /// <param name="until">The end of the measurement.</param>
    public static double LongestMilliseconds(IEnumerable<double> heard, double from, double until)
    {
        double before = from, longest = 0;
        foreach (double at in heard)
        {
            if (at > until) break;
            if (at > from) longest = Math.Max(longest, at - before);
            before = at;
        }
        return Math.Max(longest, until - before);
    }

    /// <summary>
    /// Frames that were never heard although later ones were: holes in the numbers, less the frames that could not be read. A frame after
    /// unread ones may have been read as the one before it. More frames were then heard than there are numbers, and they fill a hole
    /// that follows at once.
    /// </summary>
    /// <param name="numbers">The numbers in the order in which they were heard. Null for a frame whose number could not be read.</param>
    public static int MissingFrames(IEnumerable<long?> numbers)
    {
        long? last = null;
        long unread = 0, surplus = 0, missing = 0;
        foreach (long? number in numbers)
        {
            if (number is not { } known)
            {
                unread++;
                continue;
            }
            long hole = last is { } before && known > before ? known - before - 1 : 0;
            missing += Math.Max(0, hole - unread - surplus);
            if (last is null || known > last) last = known;
            (surplus, unread) = (Math.Max(0, unread - hole), 0);
        }
        return (int)missing;
    }
}
