using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

internal enum CandidatePairState : byte
{
    /// <summary>We have not sent a check. A lite agent's pairs stay in this state.</summary>
    Waiting,
    InProgress,
    Succeeded,
    Failed,
}

/// <summary>
/// A path and its state (RFC 8445, section 6.1.2). A lite agent creates a pair when the first authenticated check arrives from a remote
/// address. A full agent creates one for each base and remote candidate.
/// </summary>
internal sealed class CandidatePair
{
    private CheckTransactionRing _transactions;
    private long _sentTransactions;

    public CandidatePair(TransportPath path, uint remotePriority, Instant now) => Reset(path, remotePriority, now);

    public TransportPath Path { get; private set; }
    public uint RemotePriority { get; private set; }
    public CandidatePairState State { get; set; }

    /// <summary>True after an authenticated check, answer or media packet arrived on this path.</summary>
    public bool IsValidated { get; set; }
    public bool IsNominated { get; set; }

    /// <summary>
    /// Lite agent: true after the answer to a challenge or another fresh authenticated packet came from this path. A check can be repeated
    /// by an observer, so it proves nothing.
    /// </summary>
    public bool IsProven { get; set; }

    /// <summary>Lite agent: a check asked for a move to this path. It happens when the path is proven again.</summary>
    public bool IsMoveWanted { get; set; }

    /// <summary>Lite agent: when the latest challenge became due.</summary>
    public Instant ChallengedAt { get; set; }

    /// <summary>Bytes in each direction while the path is not proven.</summary>
    public long UnprovenReceived { get; set; }
    public long UnprovenSent { get; set; }

    /// <summary>When the latest authenticated packet of any kind arrived.</summary>
    public Instant LastHeard { get; set; }

    // Lite agent: when a check arrived or an indication was sent. Both keep the client's pair alive.
    public Instant LastKeptAlive { get; set; }
    public bool IsIndicationDue { get; set; }

    /// <summary>A check, or in a lite agent a challenge, has to be sent now.</summary>
    public bool IsCheckDue { get; set; }

    // Full agent: the schedule of the pair's checks.
    public Instant NextCheck { get; set; }
    public Instant FirstCheck { get; set; }

    /// <summary>
    /// When the oldest check after the latest answer was sent. <see cref="Instant.Never"/> if no check is unanswered.
    /// </summary>
    public Instant UnansweredSince { get; set; }

    /// <summary>The number of checks since the pair went to the fast pace.</summary>
    public int Attempts { get; set; }
    public TimeSpan? RoundTripTime { get; private set; }

    /// <summary>Turns an evicted object into a new pair, so that no new object is allocated.</summary>
    public void Reset(TransportPath path, uint remotePriority, Instant now)
    {
        Path = path;
        RemotePriority = remotePriority;
        State = CandidatePairState.Waiting;
        IsValidated = IsNominated = IsProven = IsMoveWanted = IsIndicationDue = IsCheckDue = false;
        ChallengedAt = Instant.Zero - TimeSpan.FromDays(1);
        UnprovenReceived = UnprovenSent = 0;
        LastHeard = LastKeptAlive = NextCheck = FirstCheck = now;
        UnansweredSince = Instant.Never;
        Attempts = 0;
        RoundTripTime = null;
        _transactions = default;
        _sentTransactions = 0;
    }

    public void Remember(CheckTransaction transaction)
    {
        _transactions[(int)(_sentTransactions++ % CheckTransactionRing.Capacity)] = transaction;
        if (transaction.SentAt < UnansweredSince) UnansweredSince = transaction.SentAt;
    }

    /// <summary>Finds an outstanding check and removes it, so that a repeated answer counts once.</summary>
    public bool TryComplete(TransactionId id, out CheckTransaction transaction)
    {
        for (int i = 0; i < CheckTransactionRing.Capacity; i++)
        {
            // An empty entry has the default id, which a peer could send as well. But it has the role Lite, which sends no checks.
            if (_transactions[i].Id != id || _transactions[i].Role == IceRole.Lite) continue;
            transaction = _transactions[i];
            _transactions[i] = default;
            return true;
        }
        transaction = default;
        return false;
    }

    /// <summary>Adds a sample to the smoothed round-trip time, with RFC 6298's weight of 1/8.</summary>
    public void AddRoundTrip(TimeSpan sample)
        => RoundTripTime = RoundTripTime is { } smoothed ? TimeSpan.FromTicks(((smoothed.Ticks * 7) + sample.Ticks) / 8) : sample;

    public void RestoreRoundTrip(TimeSpan? roundTripTime) => RoundTripTime = roundTripTime;
}
