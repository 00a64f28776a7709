namespace Dapr.Voice.Steering;

/// <summary>A counter per <see cref="LinkDrop"/>. Written by the thread that owns the link, read by any.</summary>
public sealed class LinkDropCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<LinkDrop>().Length];

    public long this[LinkDrop reason] => Volatile.Read(ref _counts[(int)reason]);

    internal void Count(LinkDrop reason) => _counts[(int)reason]++;
}
