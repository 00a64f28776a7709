namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>
/// Turns the symbols of a recorded run into frame numbers and connections. Some frames in a hundred are read wrongly. So a number counts
/// only if it follows the one before, or if the frames behind it go on from it. A frame without a number has no connection, either.
/// </summary>
internal static class FrameNumbering
{
    private const double FrameMilliseconds = 20;

    /// <param name="entries">In ascending order of time.</param>
    /// <returns>The same entries. Frames have numbers, and frames of the agent have connections and owners.</returns>
    public static List<HistoryEntry> Apply(IReadOnlyList<HistoryEntry> entries)
    {
        var numbered = new List<HistoryEntry>(entries);
        var up = new Dictionary<int, Sequence>();
        var down = new Dictionary<(int Call, int Connection), Sequence>();
        var startedAt = new Dictionary<int, double>();
        var newest = new Dictionary<int, int>();
        var owners = new Dictionary<(int Call, int Connection), string?>();
        for (int i = 0; i < entries.Count; i++)
        {
            HistoryEntry entry = entries[i];
            int call = entry.Call ?? 0;
            switch (entry.Kind)
            {
                case HistoryKind.CallUp:
                    startedAt[call] = entry.T;
                    break;
                case HistoryKind.AgentOpen:
                    owners[(call, entry.Connection ?? 0)] = entry.Owner;
                    break;
                case HistoryKind.HeardUp when entry.Symbol is { } symbol && startedAt.TryGetValue(call, out double start):
                    if (!up.TryGetValue(call, out Sequence? spoken))
                        up[call] = spoken = new Sequence(ToneSymbol.UpCycle) { MayRepeat = true };
                    spoken.Frames.Add(new Frame(i, symbol.Up, entry.T, (long)((entry.T - start) / FrameMilliseconds)));
                    break;
                case HistoryKind.HeardDown when entry.Symbol is { } symbol:
                    int connection = ConnectionOf(symbol.Connection, newest.GetValueOrDefault(call));
                    // A connection that the agent does not know is a tone that was read wrongly.
                    if (!owners.TryGetValue((call, connection), out string? owner)) break;
                    newest[call] = Math.Max(newest.GetValueOrDefault(call), connection);
                    if (!down.TryGetValue((call, connection), out Sequence? heard))
                        down[(call, connection)] = heard = new Sequence(ToneSymbol.DownCycle) {
                            Connection = connection, Owner = owner };
                    heard.Frames.Add(new Frame(i, symbol.Down, entry.T, long.MaxValue));
                    break;
            }
        }
        foreach (Sequence sequence in up.Values.Concat(down.Values))
        {
            foreach ((int index, long number) in sequence.Numbers())
                numbered[index] = numbered[index] with { Number = number, Connection = sequence.Connection ?? numbered[index].Connection,
                    Owner = sequence.Owner ?? numbered[index].Owner };
        }
        return numbered;
    }

    /// <summary>The connection nearest to the newest one: the same, one or two later, or the one before.</summary>
    private static int ConnectionOf(int residue, int newest)
    {
        int ahead = ((residue - newest) % ToneSymbol.Connections + ToneSymbol.Connections) % ToneSymbol.Connections;
        return ahead == ToneSymbol.Connections - 1 && newest > 0 ? newest - 1 : newest + ahead;
    }

    /// <param name="Index">The place of its entry.</param>
    /// <param name="Residue">Its number modulo the cycle.</param>
    /// <param name="Limit">The highest possible number.</param>
    private readonly record struct Frame(int Index, int Residue, double At, long Limit);

    /// <summary>Frames of one sequence of which only the remainder is known. The time says how many cycles have passed.</summary>
    private sealed class Sequence(int cycle)
    {
        /// <summary>A jump of the numbers may differ so much from that of the time.</summary>
        private const double Tolerance = 5;

        /// <summary>The frames behind a doubtful one that have to go on from it.</summary>
        private const int Witnesses = 3;

        private long _highest = -1;
        private double _at;

        public List<Frame> Frames { get; } = [];
        public int? Connection { get; init; }
        public string? Owner { get; init; }

        /// <summary>A frame may have the number of the one before it: the transceiver conceals a lost frame so.</summary>
        public bool MayRepeat { get; init; }

        /// <summary>The frames whose numbers can be trusted.</summary>
        public IEnumerable<(int Index, long Number)> Numbers()
        {
            for (int i = 0; i < Frames.Count; i++)
            {
                long number = Candidate(Frames[i]);
                long ahead = number - _highest;
                bool follows = _highest >= 0 && (ahead == 1 || (ahead == 0 && MayRepeat));
                bool isNear = ahead > 0 && (_highest < 0 || Math.Abs(ahead - (Frames[i].At - _at) / FrameMilliseconds) <= Tolerance);
                if (!follows && !(isNear ? GoesOn(i, 1, longestStep: 3) : GoesOn(i, Witnesses, longestStep: 1))) continue;
                if (ahead > 0) (_highest, _at) = (number, Frames[i].At);
                yield return (Frames[i].Index, number);
            }
        }

        /// <summary>True if each of the next frames is at most so many numbers behind the one before it, and not the same.</summary>
        private bool GoesOn(int from, int frames, int longestStep)
        {
            if (from + frames >= Frames.Count) return false;
            for (int i = from; i < from + frames; i++)
            {
                int step = ((Frames[i + 1].Residue - Frames[i].Residue) % cycle + cycle) % cycle;
                if (step < 1 || step > longestStep) return false;
            }
            return true;
        }

        private long Candidate(Frame frame)
        {
            if (_highest < 0)
            {
                long first = frame.Residue;
                while (frame.Limit != long.MaxValue && first + cycle <= frame.Limit) first += cycle;
                return first;
            }
            long ahead = ((frame.Residue - _highest) % cycle + cycle) % cycle;
            double expected = (frame.At - _at) / FrameMilliseconds;
            long cycles = (long)Math.Round((expected - ahead) / cycle);
            long number = _highest + ahead + cycles * cycle;
            // A frame is not heard before it is spoken. Two frames are the jitter of the two clocks' readings.
            while (number - 2 > frame.Limit && number - cycle >= 0) number -= cycle;
            return number < 0 ? number + cycle : number;
        }
    }
}
