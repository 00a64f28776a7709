using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// The pairs of one agent. There are at most <see cref="IceAgent.MaximumPaths"/>, few enough for a linear search.
/// </summary>
internal sealed class CandidatePairTable
{
    private readonly CandidatePair[] _pairs = new CandidatePair[IceAgent.MaximumPaths];

    public int Count { get; private set; }
    public bool IsFull => Count == _pairs.Length;
    public ReadOnlySpan<CandidatePair> Span => _pairs.AsSpan(0, Count);

    public CandidatePair? Find(TransportPath path)
    {
        foreach (CandidatePair pair in Span)
        {
            if (pair.Path == path) return pair;
        }
        return null;
    }

    /// <summary>Adds a pair. In a full table it replaces the pair that has been silent longest.</summary>
    /// <param name="spared">The selected pair, which is never replaced.</param>
    public CandidatePair Add(TransportPath path, uint remotePriority, CandidatePair? spared, Instant now, out bool hasEvicted)
    {
        hasEvicted = IsFull;
        if (!hasEvicted) return _pairs[Count++] = new CandidatePair(path, remotePriority, now);
        CandidatePair? oldest = null;
        foreach (CandidatePair pair in Span)
        {
            if (pair != spared && (oldest is null || pair.LastHeard < oldest.LastHeard)) oldest = pair;
        }
        oldest!.Reset(path, remotePriority, now);
        return oldest;
    }
}
