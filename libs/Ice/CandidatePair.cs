using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

internal enum CandidatePairState : byte
{
    /// <summary>No check of ours sent yet; at a lite agent for ever.</summary>
    Waiting,
    InProgress,
    Succeeded,
    Failed,
}

/// <summary>
/// A path and what is known of it (RFC 8445, section 6.1.2). At a lite agent a pair comes into being with the first authenticated
/// check from a remote address; a full agent makes one per base and remote candidate.
/// </summary>
internal sealed class CandidatePair
{
    private CheckTransactionRing _transactions;
    private long _sentTransactions;

    public CandidatePair(TransportPath path, uint remotePriority, Instant now) => Reset(path, remotePriority, now);

    public TransportPath Path { get; private set; }
    public uint RemotePriority { get; private set; }
    public CandidatePairState State { get; set; }

    /// <summary>An authenticated check, answer or media packet came from there.</summary>
    public bool IsValidated { get; set; }
    public bool IsNominated { get; set; }

    /// <summary>The latest authenticated packet of any kind.</summary>
    public Instant LastHeard { get; set; }

    // Lite: when it was last known to keep the client's pair alive.
    public Instant LastKeptAlive { get; set; }
    public bool IsIndicationDue { get; set; }

    // Full: the schedule of its checks.
    public bool IsCheckDue { get; set; }
    public Instant NextCheck { get; set; }
    public Instant FirstCheck { get; set; }

    /// <summary>The oldest check that was sent after the latest answer; <see cref="Instant.Never"/> if there is none.</summary>
    public Instant UnansweredSince { get; set; }

    /// <summary>Checks since the pair began to be hurried.</summary>
    public int Attempts { get; set; }
    public TimeSpan? RoundTripTime { get; private set; }

    /// <summary>Makes it another pair: an evicted one is used again instead of allocating.</summary>
    public void Reset(TransportPath path, uint remotePriority, Instant now)
    {
        Path = path;
        RemotePriority = remotePriority;
        State = CandidatePairState.Waiting;
        IsValidated = IsNominated = IsIndicationDue = IsCheckDue = false;
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

    /// <summary>Finds an outstanding check and forgets it, so that a repeated answer counts once.</summary>
    public bool TryComplete(TransactionId id, out CheckTransaction transaction)
    {
        for (int i = 0; i < CheckTransactionRing.Capacity; i++)
        {
            // An empty entry has the default id, which a peer could send too, but no role that sends checks.
            if (_transactions[i].Id != id || _transactions[i].Role == IceRole.Lite) continue;
            transaction = _transactions[i];
            _transactions[i] = default;
            return true;
        }
        transaction = default;
        return false;
    }

    /// <summary>RFC 6298's weight of 1/8 for a new sample.</summary>
    public void AddRoundTrip(TimeSpan sample)
        => RoundTripTime = RoundTripTime is { } smoothed ? TimeSpan.FromTicks(((smoothed.Ticks * 7) + sample.Ticks) / 8) : sample;

    public void RestoreRoundTrip(TimeSpan? roundTripTime) => RoundTripTime = roundTripTime;
}
