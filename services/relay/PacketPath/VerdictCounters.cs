namespace Dapr.Voice.Relay.PacketPath;

/// <summary>One counter for each <see cref="Verdict"/>. The worker writes them. Any thread may read them.</summary>
internal sealed class VerdictCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<Verdict>().Length];

    public long this[Verdict verdict] => Volatile.Read(ref _counts[(int)verdict]);

    public void Count(Verdict verdict) => _counts[(int)verdict]++;
}
