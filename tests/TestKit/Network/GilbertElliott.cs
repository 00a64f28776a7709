namespace Dapr.Voice.TestKit.Network;

/// <summary>Loss in bursts: a chain of two states that takes one step for each packet (Gilbert 1960, Elliott 1963).</summary>
/// <param name="Enter">The probability, for each packet, of a step from the good state to the bad one.</param>
/// <param name="Leave">The probability of a step back. The mean length of a bad spell is 1 / <paramref name="Leave"/> packets.</param>
/// <param name="LossInBad">The probability of loss in the bad state.</param>
/// <param name="LossInGood">The probability of loss in the good state.</param>
public sealed record GilbertElliott(double Enter, double Leave, double LossInBad = 1, double LossInGood = 0)
{
    /// <summary>The share of packets that are lost in the long run.</summary>
    public double MeanLoss
    {
        get
        {
            double bad = Enter / (Enter + Leave);
            return bad * LossInBad + (1 - bad) * LossInGood;
        }
    }
}
