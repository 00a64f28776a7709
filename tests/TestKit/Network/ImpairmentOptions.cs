namespace Dapr.Voice.TestKit.Network;

/// <summary>
/// What one direction of a network does to what passes it. The default is a perfect network. Probabilities are 0 to 1, per packet.
/// </summary>
public sealed record ImpairmentOptions
{
    /// <summary>A queue as a home router has it.</summary>
    public const int DefaultQueueBytes = 64 * 1024;

    public static ImpairmentOptions None { get; } = new();

    /// <summary>Independent loss.</summary>
    public double Loss { get; init; }

    /// <summary>Loss in bursts, beside <see cref="Loss"/>.</summary>
    public GilbertElliott? Bursts { get; init; }

    /// <summary>Time under way.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// Added to <see cref="Delay"/>: 0 to this, evenly. By itself it reorders nothing: a packet waits for the one before it.
    /// </summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Probability that a packet is late by <see cref="ReorderBy"/> and those behind it pass.</summary>
    public double Reorder { get; init; }
    public TimeSpan ReorderBy { get; init; } = TimeSpan.FromMilliseconds(30);

    /// <summary>Probability that a packet arrives twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>0: no limit.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>
    /// Bytes that may wait for the rate limit, or for the end of a stall; what comes then is dropped (of a stream: not read).
    /// </summary>
    public int QueueBytes { get; init; } = DefaultQueueBytes;

    /// <summary>How late the loss of a segment makes a stream: Linux's shortest retransmission timeout.</summary>
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
