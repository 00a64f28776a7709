namespace Dapr.Voice.TestKit.Network;

/// <summary>The packets of one direction, or the chunks if it is a stream.</summary>
public readonly record struct LinkCounters(
    long Offered, long Delivered, long Duplicated, long LostAtRandom, long LostInBursts, long QueueFull)
{
    public long Lost => LostAtRandom + LostInBursts + QueueFull;

    public static LinkCounters operator +(LinkCounters a, LinkCounters b)
        => new(a.Offered + b.Offered, a.Delivered + b.Delivered, a.Duplicated + b.Duplicated, a.LostAtRandom + b.LostAtRandom,
        a.LostInBursts + b.LostInBursts, a.QueueFull + b.QueueFull);
}
