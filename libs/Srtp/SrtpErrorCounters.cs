using System.Runtime.CompilerServices;

namespace Dapr.Voice.Srtp;

/// <summary>How often each error occurred in one context.</summary>
public struct SrtpErrorCounters
{
    private Counts _counts;

    public readonly long this[SrtpError reason] => _counts[(int)reason];

    internal void Add(SrtpError reason) => _counts[(int)reason]++;

    [InlineArray((int)SrtpError.TooManySources + 1)]
    private struct Counts
    {
        private long _element;
    }
}
