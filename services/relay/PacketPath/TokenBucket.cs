using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>Limits a rate. It saves up at most one second's worth of tokens.</summary>
internal struct TokenBucket(int perSecond, Instant now)
{
    private double _tokens = perSecond;
    private Instant _at = now;

    public bool TryTake(Instant now)
    {
        _tokens = Math.Min(perSecond, _tokens + ((now - _at).TotalSeconds * perSecond));
        _at = now;
        if (_tokens < 1) return false;
        _tokens--;
        return true;
    }
}
