namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Notices a worker whose loop stands still. Its sessions are dead and cannot even be ended, while the lease is still renewed and callers
/// are still sent to it. It counts looks and not time: a process that was frozen has missed as many looks as its workers have missed turns.
/// One thread uses it.
/// </summary>
/// <param name="workers">The number of workers.</param>
internal sealed class WorkerWatch(int workers)
{
    /// <summary>
    /// The number of looks, a second apart, without a turn in between. A worker waits for at most a second, so such a worker is not merely
    /// busy.
    /// </summary>
    public const int LooksUntilStalled = 10;

    private readonly long[] _turns = new long[workers];
    private readonly int[] _looks = new int[workers];

    /// <param name="turnsOf">Returns the turns that a worker has made since the start.</param>
    /// <returns>A worker that stands still, or -1.</returns>
    public int Look(Func<int, long> turnsOf)
    {
        for (int worker = 0; worker < _turns.Length; worker++)
        {
            long turns = turnsOf(worker);
            _looks[worker] = turns == _turns[worker] ? _looks[worker] + 1 : 0;
            _turns[worker] = turns;
            if (_looks[worker] >= LooksUntilStalled) return worker;
        }
        return -1;
    }
}
