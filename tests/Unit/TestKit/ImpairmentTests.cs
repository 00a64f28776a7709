using Dapr.Voice.TestKit.Network;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

// Not ...Unit.TestKit: that would hide Dapr.Voice.TestKit from its neighbours.
namespace Dapr.Voice.Tests.Unit.Network;

/// <summary>The proxy's decisions: the same for a seed, and as frequent as asked for.</summary>
public sealed class ImpairmentTests
{
    private const int Packets = 100_000;

    private static readonly ImpairmentOptions Everything = new()
    {
        Loss = 0.03, Bursts = new GilbertElliott(0.01, 0.25), Delay = TimeSpan.FromMilliseconds(40), Jitter = TimeSpan.FromMilliseconds(20),
            Reorder = 0.05, Duplicate = 0.02,
        BitsPerSecond = 2_000_000,
    };

    [Fact]
    public void Next_OfOneSeed_IsAlwaysTheSame() => Check.QuickThrowOnFailure(Prop.ForAll<ulong>(seed =>
    {
        var a = new Impairment(Everything, seed);
        var b = new Impairment(Everything, seed);
        return Enumerable.Range(0, 500).All(_ => a.Next() == b.Next());
    }));

    [Fact]
    public void Next_OfAnotherSeed_IsAnother() => Assert.NotEqual(Fates(Everything, 1).Take(200), Fates(Everything, 2).Take(200));

    [Fact]
    public void Next_WithOneOptionChanged_DecidesTheOthersAsBefore()
    {
        var before = Fates(Everything, 7).Take(Packets).ToList();
        var after = Fates(Everything with { Loss = 0, Jitter = TimeSpan.Zero }, 7).Take(Packets).ToList();
        Assert.Equal(before.Select(f => (f.IsOvertaken, f.IsDuplicated, f.Loss == LossReason.Burst)),
            after.Select(f => (f.IsOvertaken, f.IsDuplicated, f.Loss == LossReason.Burst)));
    }

    [Fact]
    public void Next_OfFewPackets_HasTheSharesAskedFor() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(10), Prop.ForAll<ulong>(seed =>
    {
        var fates = Fates(Everything with { Bursts = null }, seed).Take(Packets).ToList();
        // Five standard deviations of a binomial share of 100,000 packets.
        Assert.InRange(fates.Count(f => f.Loss == LossReason.Random) / (double)Packets, 0.0273, 0.0327);
        Assert.InRange(fates.Count(f => f.IsOvertaken) / (double)Packets, 0.0465, 0.0535);
        Assert.InRange(fates.Count(f => f.IsDuplicated) / (double)Packets, 0.0177, 0.0223);
        Assert.InRange(fates.Where(f => !f.IsOvertaken).Average(f => f.ExtraDelay.TotalMilliseconds), 9.8, 10.2);
        Assert.All(fates, f => Assert.InRange(f.ExtraDelay, TimeSpan.Zero, Everything.Jitter + Everything.ReorderBy));
    }));

    [Fact]
    public void Next_WithBursts_HasTheirMeanLengthAndLoss()
    {
        var bursts = new GilbertElliott(Enter: 0.01, Leave: 0.25);
        var lost = Fates(new ImpairmentOptions { Bursts = bursts }, 3).Take(Packets).Select(f => f.Loss == LossReason.Burst).ToList();
        int spells = lost.Where((isLost, i) => isLost && (i == 0 || !lost[i - 1])).Count();
        Assert.Equal(0.0385, bursts.MeanLoss, 3);
        Assert.InRange(lost.Count(l => l) / (double)Packets, 0.034, 0.043);
        Assert.InRange(lost.Count(l => l) / (double)spells, 3.6, 4.4);
    }

    [Fact]
    public void Link_OfOneSeed_DeliversTheSameAtTheSameTimes()
        => Check.QuickThrowOnFailure(Prop.ForAll<ulong>(seed => Run(Everything, seed, 300).SequenceEqual(Run(Everything, seed, 300))));

    [Fact]
    public void Link_WithEverything_AccountsForEachPacket() => Check.QuickThrowOnFailure(Prop.ForAll<ulong>(seed =>
    {
        var link = new ImpairedLink(Everything, seed, isStream: false);
        List<(int Number, Instant At)> arrived = Run(link, 300);
        LinkCounters counters = link.Counters;
        Assert.Equal(300, counters.Offered);
        Assert.Equal(counters.Offered - counters.Lost + counters.Duplicated, counters.Delivered);
        Assert.Equal(counters.Delivered, arrived.Count);
        Assert.True(link.IsEmpty);
    }));

    [Fact]
    public void Link_WithDelayAndJitter_KeepsTheOrderAndTheBounds()
    {
        var options = new ImpairmentOptions { Delay = TimeSpan.FromMilliseconds(50), Jitter = TimeSpan.FromMilliseconds(200) };
        List<(int Number, Instant At)> arrived = Run(options, 5, 500);
        Assert.Equal(Enumerable.Range(0, 500), arrived.Select(a => a.Number));
        // A packet may wait for the one before it, no longer.
        Assert.All(arrived, a => Assert.InRange(a.At - SentAt(a.Number), TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(251)));
    }

    [Fact]
    public void Link_ThatReorders_LetsOthersPass()
    {
        List<(int Number, Instant At)> arrived = Run(
            new ImpairmentOptions { Reorder = 0.1, ReorderBy = TimeSpan.FromMilliseconds(50) }, 5, 500);
        int late = arrived.Zip(arrived.Skip(1)).Count(pair => pair.First.Number > pair.Second.Number);
        Assert.InRange(late, 25, 75);
        Assert.Equal(Enumerable.Range(0, 500), arrived.Select(a => a.Number).Order());
    }

    [Fact]
    public void Link_WithARate_KeepsItAndDropsWhatTheQueueCanNotHold()
    {
        // 100 bytes every 10 ms are 80 kbit/s; half of it passes.
        var options = new ImpairmentOptions { BitsPerSecond = 40_000, QueueBytes = 2_000 };
        var link = new ImpairedLink(options, 5, isStream: false);
        List<(int Number, Instant At)> arrived = Run(link, 1000);
        Assert.InRange(link.Counters.QueueFull, 450, 500);
        // The oldest waits for the whole queue before it: 2,000 bytes at 40 kbit/s.
        Assert.All(arrived, a => Assert.InRange(a.At - SentAt(a.Number), TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(401)));
        Assert.All(arrived.Zip(arrived.Skip(1)), pair => Assert.True(pair.Second.At - pair.First.At >= TimeSpan.FromMilliseconds(19)));
    }

    [Fact]
    public void Link_Stalled_HoldsItsQueueAndThenDeliversIt()
    {
        var link = new ImpairedLink(new ImpairmentOptions { QueueBytes = 2_000 }, 5, isStream: false);
        link.Stall(Instant.Zero);
        for (int i = 0; i < 30; i++) link.Offer(Packet(i), SentAt(i));
        Assert.False(link.TryTake(SentAt(1000), out _));
        Assert.Equal(Instant.Never, link.NextTimeout);
        Assert.False(link.HasRoom(1, SentAt(30)));
        link.Resume(SentAt(40));
        var taken = new List<int>();
        while (link.TryTake(SentAt(40), out byte[] packet)) taken.Add(BitConverter.ToInt32(packet));
        Assert.Equal(Enumerable.Range(0, 20), taken);
        Assert.Equal(10, link.Counters.QueueFull);
    }

    [Fact]
    public void Link_OfAStream_LosesNothingAndIsLateInstead()
    {
        var link = new ImpairedLink(Everything with { Loss = 0.1, Jitter = TimeSpan.Zero, BitsPerSecond = 0 }, 5, isStream: true);
        List<(int Number, Instant At)> arrived = Run(link, 500);
        Assert.Equal(Enumerable.Range(0, 500), arrived.Select(a => a.Number));
        Assert.Equal(0, link.Counters.Lost);
        // The retransmission, and the wait for what would have been overtaken.
        Assert.All(arrived, a => Assert.InRange(a.At - SentAt(a.Number), TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(271)));
        Assert.Contains(arrived, a => a.At - SentAt(a.Number) >= TimeSpan.FromMilliseconds(240));
    }

    [Fact]
    public void Options_OutOfRange_AreRefused()
    {
        foreach (ImpairmentOptions wrong in new ImpairmentOptions[]
        {
            new() { Loss = 1.1 }, new() { Loss = double.NaN }, new() { Duplicate = -0.1 }, new() { Reorder = 2 },
                new() { Delay = TimeSpan.FromHours(1) },
            new() { Jitter = TimeSpan.FromTicks(-1) }, new() { BitsPerSecond = -1 }, new() { QueueBytes = 10 },
                new() { Bursts = new GilbertElliott(2, 0.5) },
        })
        {
            Assert.Throws<ArgumentException>(() => new Impairment(wrong, 1));
        }
    }

    private static IEnumerable<PacketFate> Fates(ImpairmentOptions options, ulong seed)
    {
        var impairment = new Impairment(options, seed);
        while (true) yield return impairment.Next();
    }

    private static Instant SentAt(int number) => Instant.FromMilliseconds(number * 10);

    private static byte[] Packet(int number)
    {
        byte[] packet = new byte[100];
        BitConverter.TryWriteBytes(packet, number);
        return packet;
    }

    private static List<(int Number, Instant At)> Run(ImpairmentOptions options, ulong seed, int packets)
        => Run(new ImpairedLink(options, seed, isStream: false), packets);

    /// <summary>One packet every 10 ms, looked at every millisecond, until nothing is under way.</summary>
    private static List<(int Number, Instant At)> Run(ImpairedLink link, int packets)
    {
        var arrived = new List<(int, Instant)>();
        for (int millisecond = 0; millisecond < packets * 10 || !link.IsEmpty; millisecond++)
        {
            var now = Instant.FromMilliseconds(millisecond);
            if (millisecond % 10 == 0 && millisecond / 10 < packets) link.Offer(Packet(millisecond / 10), now);
            while (link.TryTake(now, out byte[] packet)) arrived.Add((BitConverter.ToInt32(packet), now));
        }
        return arrived;
    }
}
