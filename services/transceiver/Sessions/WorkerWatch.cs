namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Notices a worker whose loop stands still: its sessions are dead and cannot even be ended, while the lease goes on being renewed and
/// callers go on being sent to it. Counts looks, not time: a process that was frozen has missed as many looks as its workers have missed
/// turns. One thread.
/// </summary>
/// <param name="workers">How many there are.</param>
internal sealed class WorkerWatch(int workers)
{
    /// <summary>
    /// Looks, a second apart, without one turn in between. A worker waits a second at most, so this is no worker that is merely busy.
    /// </summary>
    public const int LooksUntilStalled = 10;

    private readonly long[] _turns = new long[workers];
    private readonly int[] _looks = new int[workers];

    /// <param name="turnsOf">Turns that a worker has made, ever.</param>
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
