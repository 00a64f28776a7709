using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

internal enum TsnOutcome : byte { New, Duplicate, TooFarAhead, TooManyGaps }

/// <summary>The TSNs that were received: all up to the cumulative TSN, and a limited number of runs beyond it.</summary>
internal sealed class ReceivedTsns(uint cumulative)
{
    // Enough for heavy loss. The Gap Ack Blocks of all runs (4 bytes each) need less than half of a packet.
    public const int MaximumRuns = 128;

    // Far less than the 65,535 that a Gap Ack Block can express, and more chunks than the receive window can hold.
    public const int MaximumAhead = 16_384;

    private readonly uint[] _starts = new uint[MaximumRuns];
    private readonly uint[] _ends = new uint[MaximumRuns];

    public uint Cumulative { get; private set; } = cumulative;
    public int RunCount { get; private set; }

    /// <summary>The highest TSN that was received.</summary>
    public uint Highest => RunCount > 0 ? _ends[RunCount - 1] : Cumulative;

    public uint RunStart(int run) => _starts[run];
    public uint RunEnd(int run) => _ends[run];

    /// <summary>Returns what <see cref="Record"/> would do with the TSN.</summary>
    public TsnOutcome Classify(uint tsn)
    {
        int ahead = SerialNumber.Distance(tsn, Cumulative);
        if (ahead <= 0) return TsnOutcome.Duplicate;
        if (ahead > MaximumAhead) return TsnOutcome.TooFarAhead;
        int run = RunAtOrAfter(tsn);
        if (run < RunCount && SerialNumber.IsNewerOrEqual(tsn, _starts[run])) return TsnOutcome.Duplicate;
        bool extends = ahead == 1 || (run < RunCount && _starts[run] == tsn + 1) || (run > 0 && _ends[run - 1] == tsn - 1);
        return extends || RunCount < MaximumRuns ? TsnOutcome.New : TsnOutcome.TooManyGaps;
    }

    /// <summary>Adds a TSN. Call it only if <see cref="Classify"/> found the TSN new.</summary>
    public void Record(uint tsn)
    {
        if (tsn == Cumulative + 1)
        {
            Cumulative = tsn;
            Absorb();
            return;
        }
        int run = RunAtOrAfter(tsn);
        bool joinsNext = run < RunCount && _starts[run] == tsn + 1;
        bool joinsPrevious = run > 0 && _ends[run - 1] == tsn - 1;
        if (joinsNext && joinsPrevious)
        {
            _ends[run - 1] = _ends[run];
            RemoveAt(run);
        }
        else if (joinsNext) _starts[run] = tsn;
        else if (joinsPrevious) _ends[run - 1] = tsn;
        else
        {
            Array.Copy(_starts, run, _starts, run + 1, RunCount - run);
            Array.Copy(_ends, run, _ends, run + 1, RunCount - run);
            _starts[run] = _ends[run] = tsn;
            RunCount++;
        }
    }

    /// <summary>Moves the cumulative TSN forward, because the sender has abandoned what is missing up to there (RFC 3758).</summary>
    public void MoveForward(uint tsn)
    {
        if (!SerialNumber.IsNewer(tsn, Cumulative)) return;
        Cumulative = tsn;
        while (RunCount > 0 && SerialNumber.IsNewerOrEqual(Cumulative, _ends[0])) RemoveAt(0);
        if (RunCount > 0 && SerialNumber.IsNewerOrEqual(Cumulative, _starts[0])) _starts[0] = Cumulative + 1;
        Absorb();
    }

    public void Restart(uint cumulative) => (Cumulative, RunCount) = (cumulative, 0);

    public void RestoreRun(uint start, uint end)
    {
        if (RunCount == MaximumRuns) return;
        _starts[RunCount] = start;
        _ends[RunCount++] = end;
    }

    private void Absorb()
    {
        if (RunCount == 0 || _starts[0] != Cumulative + 1) return;
        Cumulative = _ends[0];
        RemoveAt(0);
    }

    /// <summary>
    /// Finds the first run that ends at or after the TSN. Losses are usually recent, so the search starts with the newest run.
    /// </summary>
    private int RunAtOrAfter(uint tsn)
    {
        int run = RunCount;
        while (run > 0 && SerialNumber.IsNewerOrEqual(_ends[run - 1], tsn)) run--;
        return run;
    }

    private void RemoveAt(int run)
    {
        RunCount--;
        Array.Copy(_starts, run + 1, _starts, run, RunCount - run);
        Array.Copy(_ends, run + 1, _ends, run, RunCount - run);
    }
}
