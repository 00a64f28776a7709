namespace Dapr.Voice.TestKit.Network;

/// <summary>
/// What one direction of a network does to its packets. The default is a perfect network. Probabilities are 0 to 1, for each packet.
/// </summary>
public sealed record ImpairmentOptions
{
    /// <summary>The queue of a typical home router.</summary>
    public const int DefaultQueueBytes = 64 * 1024;

    public static ImpairmentOptions None { get; } = new();

    /// <summary>The probability of independent loss.</summary>
    public double Loss { get; init; }

    /// <summary>Loss in bursts, in addition to <see cref="Loss"/>.</summary>
    public GilbertElliott? Bursts { get; init; }

    /// <summary>The time that a packet is under way.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// A random addition to <see cref="Delay"/>, evenly from 0 to this value. It does not reorder: a packet waits for the one before it.
    /// </summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>The probability that a packet is late by <see cref="ReorderBy"/> and that the packets behind it pass it.</summary>
    public double Reorder { get; init; }
    public TimeSpan ReorderBy { get; init; } = TimeSpan.FromMilliseconds(30);

    /// <summary>The probability that a packet arrives twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>The rate limit in bits per second, or 0 for none.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>
    /// How many bytes may wait for the rate limit or for the end of a stall. Further packets are dropped. A stream is not read further.
    /// </summary>
    public int QueueBytes { get; init; } = DefaultQueueBytes;

    /// <summary>How long the loss of a segment delays a stream. The default is Linux's shortest retransmission timeout.</summary>
    public TimeSpan RetransmissionTime { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <exception cref="ArgumentException">A value is out of range.</exception>
    internal void Check()
    {
        foreach (double probability in new[] { Loss, Reorder, Duplicate, Bursts?.Enter ?? 0, Bursts?.Leave ?? 0, Bursts?.LossInBad ?? 0,
            Bursts?.LossInGood ?? 0 })
        {
            if (probability is not (>= 0 and <= 1)) throw new ArgumentException($"A probability is 0 to 1, not {probability}.");
        }
        foreach (TimeSpan time in new[] { Delay, Jitter, ReorderBy, RetransmissionTime })
        {
            if (time < TimeSpan.Zero || time > TimeSpan.FromMinutes(1))
                throw new ArgumentException($"A time is 0 to one minute, not {time}.");
        }
        if (BitsPerSecond < 0) throw new ArgumentException("A rate is 0 (no limit) or more.");
        if (QueueBytes < 1500) throw new ArgumentException("A queue has room for one packet, 1500 bytes, at least.");
    }
}
