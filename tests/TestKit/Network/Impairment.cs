namespace Dapr.Voice.TestKit.Network;

/// <summary>
/// Decides what happens to each packet, from the seed and the packet's number alone. Every packet draws the same count of random numbers,
/// so a change of one option does not change what the others decide.
/// </summary>
public sealed class Impairment
{
    private readonly ImpairmentOptions _options;
    private SeededRandom _random;
    private bool _isBad;

    public Impairment(ImpairmentOptions options, ulong seed)
    {
        options.Check();
        _options = options;
        _random = new SeededRandom(seed);
    }

    public PacketFate Next()
    {
        double loss = _random.NextUnit(), move = _random.NextUnit(), burstLoss = _random.NextUnit(), jitter = _random.NextUnit(),
            reorder = _random.NextUnit(), duplicate = _random.NextUnit();
        bool isBurstLoss = false;
        if (_options.Bursts is { } bursts)
        {
            _isBad = _isBad ? move >= bursts.Leave : move < bursts.Enter;
            isBurstLoss = burstLoss < (_isBad ? bursts.LossInBad : bursts.LossInGood);
        }
        LossReason? reason = isBurstLoss ? LossReason.Burst : loss < _options.Loss ? LossReason.Random : null;
        bool isOvertaken = reorder < _options.Reorder;
        TimeSpan extra = _options.Jitter * jitter + (isOvertaken ? _options.ReorderBy : TimeSpan.Zero);
        return new PacketFate(reason, extra, isOvertaken, duplicate < _options.Duplicate);
    }
}
