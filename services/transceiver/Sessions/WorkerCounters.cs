using Dapr.Voice.Transceiver.Drops;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>Counters of one worker. Its thread writes them, any may read.</summary>
internal sealed class WorkerCounters
{
    private long _packetsIn, _packetsOut, _sessionFaults, _loopFaults, _allocatedBytes, _turns;

    /// <summary>What was given up here: by the worker at once, by its sessions as of the last second and of their end.</summary>
    public SessionDropCounters Drops { get; } = new();

    /// <summary>Packets handed to a session.</summary>
    public long PacketsIn => Volatile.Read(ref _packetsIn);

    /// <summary>Packets of sessions sent to a relay.</summary>
    public long PacketsOut => Volatile.Read(ref _packetsOut);

    /// <summary>Sessions that ended because our own code threw.</summary>
    public long SessionFaults => Volatile.Read(ref _sessionFaults);

    /// <summary>Exceptions in the loop itself.</summary>
    public long LoopFaults => Volatile.Read(ref _loopFaults);

    /// <summary>
    /// Bytes that the worker's thread has allocated, ever: packets should add none, so this grows with sessions and agents only.
    /// </summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>Turns of the loop, at least one a second.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <param name="allocatedBytes">What the worker's thread has allocated so far.</param>
    public void NoteTurn(long allocatedBytes)
    {
        Volatile.Write(ref _allocatedBytes, allocatedBytes);
        Volatile.Write(ref _turns, _turns + 1);
    }

    public void CountDrop(SessionDrop reason) => Drops.Count(reason);
    public void CountPacketIn() => _packetsIn++;
    public void CountPacketOut() => _packetsOut++;
    public void CountSessionFault() => _sessionFaults++;
    public void CountLoopFault() => _loopFaults++;
}
