namespace Dapr.Voice.TestKit.Network;

/// <summary>Loss in bursts: a chain of two states, moved on by each packet (Gilbert 1960, Elliott 1963).</summary>
/// <param name="Enter">Probability of going from the good state to the bad one, per packet.</param>
/// <param name="Leave">Probability of going back; 1 / <paramref name="Leave"/> is the mean number of packets of a bad spell.</param>
/// <param name="LossInBad">Loss while it is bad.</param>
/// <param name="LossInGood">Loss while it is good.</param>
public sealed record GilbertElliott(double Enter, double Leave, double LossInBad = 1, double LossInGood = 0)
{
    /// <summary>Share of packets lost in the long run.</summary>
    public double MeanLoss
    {
        get
        {
            double bad = Enter / (Enter + Leave);
            return bad * LossInBad + (1 - bad) * LossInGood;
        }
    }
}
