using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>What the ownership loop knows of our own standing; replaced as a whole, so any thread may read it.</summary>
/// <param name="LeaseUntil">Until when others believe in us, on our own clock; in the past when the store is away.</param>
/// <param name="IsDraining">We take nothing new.</param>
/// <param name="Problem">Why we do not hold the lease, in words for an operator; null while all is well.</param>
internal sealed record OwnershipStatus(Instant LeaseUntil, bool IsDraining, string? Problem)
{
    /// <summary>New sessions may come: others know of us, and we stay.</summary>
    public bool IsAdmitting(Instant now) => !IsDraining && now < LeaseUntil;
}
