namespace Dapr.Voice.Transceiver.Drops;

/// <summary>One counter for each <see cref="SessionDrop"/>. Any thread may count and read.</summary>
internal sealed class SessionDropCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<SessionDrop>().Length];

    public long this[SessionDrop reason] => Volatile.Read(ref _counts[(int)reason]);

    public void Count(SessionDrop reason, long items = 1) => Interlocked.Add(ref _counts[(int)reason], items);
}
