using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// What another process needs to go on as this agent. Plain data, no times: consent starts anew with the import, since the
/// successor can't know what arrived in between. Holds the passwords, so it has to be sealed wherever it is kept.
/// </summary>
public sealed record IceAgentState
{
    public required IceRole Role { get; init; }
    public required IceCredentials Local { get; init; }

    /// <summary>Credentials before an ICE restart that still count.</summary>
    public IceCredentials? PreviousLocal { get; init; }
    public IceCredentials? Remote { get; init; }
    public required ulong TieBreaker { get; init; }
    public required IReadOnlyList<IcePathState> Paths { get; init; }
    public TransportPath? SelectedPath { get; init; }
    public bool HasEnded { get; init; }
    public TimeSpan? RoundTripTime { get; init; }
}

/// <param name="RemotePriority">The priority of the remote candidate (RFC 8445, section 5.1.2).</param>
/// <param name="IsValidated">Passed an authenticated check.</param>
/// <param name="HasSucceeded">One of our own checks was answered on it.</param>
/// <param name="IsNominated">Nominated by us and confirmed, or by the peer.</param>
public sealed record IcePathState(TransportPath Path, uint RemotePriority, bool IsValidated, bool HasSucceeded, bool IsNominated);
