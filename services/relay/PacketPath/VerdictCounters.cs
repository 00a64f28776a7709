namespace Dapr.Voice.Relay.PacketPath;

/// <summary>A counter per <see cref="Verdict"/>. Written by the worker, read by any thread.</summary>
internal sealed class VerdictCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<Verdict>().Length];

    public long this[Verdict verdict] => Volatile.Read(ref _counts[(int)verdict]);

    public void Count(Verdict verdict) => _counts[(int)verdict]++;
}
