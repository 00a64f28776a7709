namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>Counters of one worker. Its thread writes them, any may read.</summary>
internal sealed class WorkerCounters
{
    private readonly long[] _drops = new long[Enum.GetValues<SessionDrop>().Length];
    private long _packetsIn, _packetsOut, _sessionFaults, _loopFaults, _packetsWithoutLink, _allocatedBytes, _turns;

    public long this[SessionDrop reason] => Volatile.Read(ref _drops[(int)reason]);

    /// <summary>Packets handed to a session.</summary>
    public long PacketsIn => Volatile.Read(ref _packetsIn);

    /// <summary>Packets of sessions sent to a relay.</summary>
    public long PacketsOut => Volatile.Read(ref _packetsOut);

    /// <summary>Sessions that ended because our own code threw.</summary>
    public long SessionFaults => Volatile.Read(ref _sessionFaults);

    /// <summary>Exceptions in the loop itself.</summary>
    public long LoopFaults => Volatile.Read(ref _loopFaults);

    /// <summary>Packets for a relay that we have no link to.</summary>
    public long PacketsWithoutLink => Volatile.Read(ref _packetsWithoutLink);

    /// <summary>Bytes that the worker's thread has allocated, ever: packets should add none, so this grows with sessions and agents only.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>Turns of the loop, at least one a second.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <param name="allocatedBytes">What the worker's thread has allocated so far.</param>
    public void NoteTurn(long allocatedBytes)
    {
        Volatile.Write(ref _allocatedBytes, allocatedBytes);
        Volatile.Write(ref _turns, _turns + 1);
    }

    public void CountDrop(SessionDrop reason) => _drops[(int)reason]++;
    public void CountPacketIn() => _packetsIn++;
    public void CountPacketOut() => _packetsOut++;
    public void CountSessionFault() => _sessionFaults++;
    public void CountLoopFault() => _loopFaults++;
    public void CountPacketWithoutLink() => _packetsWithoutLink++;
}
