using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// When a full agent checks which pair (RFC 8445, section 6.1.4; RFC 7675, section 5.1). A new pair is checked at 0, 50, 110, 170, 270 ms
/// and so on, a valid pair every 2.5 s. When the selected pair has been silent for 2.5 s and a check on it is overdue, the agent
/// <em>hunts</em>: it checks all pairs at the pace of new pairs, and selects the first one that answers.
/// </summary>
internal sealed class Checklist(CandidatePairTable pairs)
{
    /// <summary>
    /// RFC 7675 allows 4 to 6 s. Browsers use 2.5 s, and so do we, in order to notice a dead relay as soon as they do.
    /// </summary>
    public static readonly TimeSpan ConsentInterval = TimeSpan.FromSeconds(2.5);
    public static readonly TimeSpan SelectedSilence = TimeSpan.FromSeconds(2.5);

    /// <summary>The time Ta between the first checks of different pairs (RFC 8445, section 14.2 requires at least 5 ms).</summary>
    public static readonly TimeSpan Pacing = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a pair without an answer is checked. Browsers use the same time.</summary>
    public static readonly TimeSpan PairTimeout = TimeSpan.FromSeconds(15);

    private static ReadOnlySpan<ushort> GapMilliseconds => [50, 60, 60, 100, 200, 400, 800, 1000];

    private Instant _nextPaced;

    public bool IsHunting { get; private set; }

    /// <summary>Marks the pairs whose check is due. <see cref="TryTakeDue"/> returns them.</summary>
    public void HandleTimeout(CandidatePair? selected, Instant now)
    {
        if (!IsHunting && selected is not null && HuntAt(selected) <= now) StartHunt(now);
        CandidatePair? next = null;
        foreach (CandidatePair pair in pairs.Span)
        {
            if (pair.IsCheckDue || pair.NextCheck > now) continue;
            if (pair.State != CandidatePairState.Succeeded && pair.FirstCheck + PairTimeout <= now)
            {
                pair.State = CandidatePairState.Failed;
                pair.NextCheck = Instant.Never;
            }
            else if (!IsPaced(pair))
            {
                pair.IsCheckDue = true;
            }
            else if (next is null || pair.RemotePriority > next.RemotePriority)
            {
                next = pair;
            }
        }
        if (next is null || _nextPaced > now) return;
        next.FirstCheck = now;
        next.IsCheckDue = true;
        _nextPaced = now + Pacing;
    }

    public Instant NextTimeout(CandidatePair? selected)
    {
        Instant next = IsHunting || selected is null ? Instant.Never : HuntAt(selected);
        foreach (CandidatePair pair in pairs.Span)
        {
            if (pair.IsCheckDue) continue;
            next = Instant.Min(next, IsPaced(pair) ? Instant.Max(pair.NextCheck, _nextPaced) : pair.NextCheck);
        }
        return next;
    }

    /// <summary>
    /// Returns a pair whose check is due. The selected pair comes first, so that a nomination does not wait for other checks.
    /// </summary>
    public CandidatePair? TryTakeDue(CandidatePair? selected)
    {
        CandidatePair? due = selected is { IsCheckDue: true } ? selected : null;
        if (due is null)
        {
            foreach (CandidatePair pair in pairs.Span)
            {
                if (!pair.IsCheckDue) continue;
                due = pair;
                break;
            }
        }
        if (due is not null) due.IsCheckDue = false;
        return due;
    }

    public void OnSent(CandidatePair pair, CheckTransaction transaction)
    {
        pair.Remember(transaction);
        bool isHurried = pair.State != CandidatePairState.Succeeded || IsHunting || (transaction.UsesCandidate && !pair.IsNominated);
        if (pair.State is CandidatePairState.Waiting or CandidatePairState.Failed) pair.State = CandidatePairState.InProgress;
        if (isHurried)
        {
            ReadOnlySpan<ushort> gaps = GapMilliseconds;
            pair.NextCheck = transaction.SentAt + TimeSpan.FromMilliseconds(gaps[Math.Min(pair.Attempts, gaps.Length - 1)]);
            pair.Attempts++;
        }
        else
        {
            pair.NextCheck = transaction.SentAt + ConsentInterval;
        }
    }

    public void OnAnswered(CandidatePair pair, in CheckTransaction transaction, bool isNominating, Instant now)
    {
        pair.AddRoundTrip(now - transaction.SentAt);
        pair.State = CandidatePairState.Succeeded;
        pair.UnansweredSince = Instant.Never;
        if (transaction.UsesCandidate) pair.IsNominated = true;
        IsHunting = false;
        if (isNominating && !pair.IsNominated) return;
        pair.Attempts = 0;
        pair.NextCheck = now + ConsentInterval;
    }

    /// <summary>
    /// Makes a check due at once, before its turn: a triggered check (RFC 8445, section 7.3.1.4) or one that nominates.
    /// </summary>
    public static void CheckNow(CandidatePair pair, Instant now)
    {
        if (pair.State == CandidatePairState.Failed) pair.State = CandidatePairState.Waiting;
        if (pair.State == CandidatePairState.Waiting) pair.FirstCheck = now;
        pair.Attempts = 0;
        pair.IsCheckDue = true;
    }

    private void StartHunt(Instant now)
    {
        IsHunting = true;
        foreach (CandidatePair pair in pairs.Span)
        {
            pair.Attempts = 0;
            pair.NextCheck = pair.FirstCheck = now;
        }
    }

    /// <summary>Only the first check of a pair waits for the pacing. Later checks follow the pair's own schedule.</summary>
    private bool IsPaced(CandidatePair pair) => pair.State == CandidatePairState.Waiting && !IsHunting;

    // In a quiet call, only answers arrive, 2.5 s apart. So silence alone does not mean much: a check must be overdue as well.
    private static Instant HuntAt(CandidatePair selected)
        => selected.UnansweredSince == Instant.Never
            ? Instant.Never
            : Instant.Max(selected.LastHeard + SelectedSilence, selected.UnansweredSince + Overdue(selected.RoundTripTime));

    private static TimeSpan Overdue(TimeSpan? roundTripTime)
        => TimeSpan.FromMilliseconds(Math.Clamp(2 * (roundTripTime ?? TimeSpan.Zero).TotalMilliseconds, 100, 500));
}
