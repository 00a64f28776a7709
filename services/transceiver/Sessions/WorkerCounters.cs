using Dapr.Voice.Transceiver.Drops;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>The counters of one worker. Its thread writes them, and any thread may read them.</summary>
internal sealed class WorkerCounters
{
    private long _packetsIn, _packetsOut, _agentReleases, _sessionFaults, _loopFaults, _allocatedBytes, _turns;

    /// <summary>
    /// What was dropped here. The worker's own drops are added at once, and those of its sessions every second and at their end.
    /// </summary>
    public SessionDropCounters Drops { get; } = new();

    /// <summary>Packets that were passed to a session.</summary>
    public long PacketsIn => Volatile.Read(ref _packetsIn);

    /// <summary>Packets of sessions that were sent to a relay.</summary>
    public long PacketsOut => Volatile.Read(ref _packetsOut);

    /// <summary>How often an agent was released because nothing arrived from its caller.</summary>
    public long AgentReleases => Volatile.Read(ref _agentReleases);

    /// <summary>Sessions that ended because our own code threw.</summary>
    public long SessionFaults => Volatile.Read(ref _sessionFaults);

    /// <summary>Exceptions in the loop itself.</summary>
    public long LoopFaults => Volatile.Read(ref _loopFaults);

    /// <summary>
    /// The bytes that the worker's thread has allocated since the start. Packets should add none, so it grows only with sessions and
    /// agents.
    /// </summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>The turns of the loop. There is at least one a second.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <param name="allocatedBytes">The bytes that the worker's thread has allocated so far.</param>
    public void NoteTurn(long allocatedBytes)
    {
        Volatile.Write(ref _allocatedBytes, allocatedBytes);
        Volatile.Write(ref _turns, _turns + 1);
    }

    public void CountDrop(SessionDrop reason) => Drops.Count(reason);
    public void CountPacketIn() => _packetsIn++;
    public void CountPacketOut() => _packetsOut++;
    public void CountAgentRelease() => _agentReleases++;
    public void CountSessionFault() => _sessionFaults++;
    public void CountLoopFault() => _loopFaults++;
}
