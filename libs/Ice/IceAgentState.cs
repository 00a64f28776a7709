using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// The state that another process needs to continue as this agent. It is plain data without times: consent starts again with the import,
/// because the successor can't know what arrived in between. It contains the passwords, so it must be encrypted wherever it is stored.
/// </summary>
public sealed record IceAgentState
{
    public required IceRole Role { get; init; }
    public required IceCredentials Local { get; init; }

    /// <summary>The credentials from before an ICE restart that are still valid.</summary>
    public IceCredentials? PreviousLocal { get; init; }
    public IceCredentials? Remote { get; init; }
    public required ulong TieBreaker { get; init; }
    public required IReadOnlyList<IcePathState> Paths { get; init; }
    public TransportPath? SelectedPath { get; init; }
    public bool HasEnded { get; init; }
    public TimeSpan? RoundTripTime { get; init; }

    /// <summary>The transaction ids of the peer's checks that were counted, 12 bytes each.</summary>
    public byte[] SeenTransactions { get; init; } = [];

    /// <summary>
    /// True after a takeover. The replay lists of the session are then older than packets that an observer may have, so only the answer to
    /// a check of ours moves the session to another path.
    /// </summary>
    public bool NeedsChallengeToMove { get; init; }
}

/// <param name="RemotePriority">The priority of the remote candidate (RFC 8445, section 5.1.2).</param>
/// <param name="IsValidated">An authenticated check arrived on this path.</param>
/// <param name="HasSucceeded">One of our own checks on this path was answered.</param>
/// <param name="IsNominated">We nominated the path and the peer confirmed it, or the peer nominated it.</param>
/// <param name="IsProven">An answer to our challenge, or another fresh authenticated packet, came from this path (lite agent).</param>
public sealed record IcePathState(
    TransportPath Path, uint RemotePriority, bool IsValidated, bool HasSucceeded, bool IsNominated, bool IsProven);
