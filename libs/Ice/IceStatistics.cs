namespace Dapr.Voice.Ice;

/// <summary>Counters of one agent since it was created or imported. The agent owns and updates them.</summary>
public sealed class IceStatistics
{
    private readonly long[] _dropped = new long[Enum.GetValues<IceDropReason>().Length];

    /// <summary>The number of authenticated requests.</summary>
    public long ChecksReceived { get; internal set; }
    public long ChecksSent { get; internal set; }

    /// <summary>The number of authenticated success responses to our checks.</summary>
    public long ResponsesReceived { get; internal set; }

    /// <summary>The number of success and error responses.</summary>
    public long ResponsesSent { get; internal set; }
    public long IndicationsReceived { get; internal set; }
    public long IndicationsSent { get; internal set; }
    public long RoleConflicts { get; internal set; }

    /// <summary>How often the selected path changed. The first selection does not count.</summary>
    public long PathChanges { get; internal set; }

    /// <summary>The number of paths that were removed because a newer one needed the place.</summary>
    public long PathsEvicted { get; internal set; }

    public long Dropped(IceDropReason reason) => _dropped[(int)reason];

    internal void CountDropped(IceDropReason reason) => _dropped[(int)reason]++;
}
