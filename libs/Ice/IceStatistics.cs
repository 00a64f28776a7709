namespace Dapr.Voice.Ice;

/// <summary>Counters of one agent since it was made or imported; live, owned by the agent.</summary>
public sealed class IceStatistics
{
    private readonly long[] _dropped = new long[Enum.GetValues<IceDropReason>().Length];

    /// <summary>Authenticated requests.</summary>
    public long ChecksReceived { get; internal set; }
    public long ChecksSent { get; internal set; }

    /// <summary>Authenticated success responses to our checks.</summary>
    public long ResponsesReceived { get; internal set; }

    /// <summary>Success and error responses.</summary>
    public long ResponsesSent { get; internal set; }
    public long IndicationsReceived { get; internal set; }
    public long IndicationsSent { get; internal set; }
    public long RoleConflicts { get; internal set; }

    /// <summary>Moves of the selected path, the first selection not counted.</summary>
    public long PathChanges { get; internal set; }

    /// <summary>Paths forgotten to make room for a newer one.</summary>
    public long PathsEvicted { get; internal set; }

    public long Dropped(IceDropReason reason) => _dropped[(int)reason];

    internal void CountDropped(IceDropReason reason) => _dropped[(int)reason]++;
}
