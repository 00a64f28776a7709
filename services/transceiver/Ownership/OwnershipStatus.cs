using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>What the ownership loop knows about this process. It is replaced as a whole, so any thread may read it.</summary>
/// <param name="LeaseUntil">Until when others rely on us, on our own clock. It is in the past while the store is down.</param>
/// <param name="IsDraining">This process takes no new sessions.</param>
/// <param name="Problem">Why the lease is not held, in words for an operator. Null if there is no problem.</param>
internal sealed record OwnershipStatus(Instant LeaseUntil, bool IsDraining, string? Problem)
{
    /// <summary>New sessions may come: others know this process, and it stays.</summary>
    public bool IsAdmitting(Instant now) => !IsDraining && now < LeaseUntil;
}
