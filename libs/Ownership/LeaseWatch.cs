using Dapr.Voice.Wire;

namespace Dapr.Voice.Ownership;

/// <summary>
/// Judges the lease of one record by its changes, as one observer sees them on its own monotonic clock. Clocks of other machines, and the
/// time of day here, do not matter. Each observer keeps one for each record. It is a mutable value; one thread uses it.
/// </summary>
public struct LeaseWatch
{
    private string? _etag;
    private long _beat;

    /// <summary>The process that the record names.</summary>
    public ulong Incarnation { get; private set; }

    /// <summary>False until the record was seen.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>When the last change of the record was seen.</summary>
    public Instant ChangedAt { get; private set; }

    /// <summary>When its owner last gave a sign of life: a change of the record, or an answer to a probe.</summary>
    public Instant SignAt { get; private set; }

    /// <summary>Notes what a read has shown.</summary>
    /// <param name="now">When the read was complete. Its change may be older, so the lease is never shorter than it seems.</param>
    /// <returns>True if the record has changed, or was not known.</returns>
    public bool Observe(ulong incarnation, string etag, long beat, Instant now)
    {
        if (IsKnown && Incarnation == incarnation && _beat == beat && string.Equals(_etag, etag, StringComparison.Ordinal)) return false;
        (Incarnation, _etag, _beat, IsKnown, ChangedAt, SignAt) = (incarnation, etag, beat, true, now, now);
        return true;
    }

    /// <summary>Its owner has answered.</summary>
    public void NoteAnswer(Instant now) => SignAt = Instant.Max(SignAt, now);

    /// <summary>Gives a whole lease from now on, because nobody could be observed.</summary>
    public void Restart(Instant now) => (ChangedAt, SignAt) = (Instant.Max(ChangedAt, now), Instant.Max(SignAt, now));

    /// <summary>The owner gave no sign of life for a whole lease.</summary>
    /// <param name="lookBegan">When the last read of the record began. Of a later time it says nothing.</param>
    public readonly bool HasRunOut(TimeSpan lease, Instant lookBegan) => IsKnown && lookBegan - SignAt >= lease;

    /// <summary>The record changes: its owner reaches the store.</summary>
    public readonly bool IsRenewed(TimeSpan lease, Instant lookBegan) => IsKnown && lookBegan - ChangedAt < lease;
}
