using System.Runtime.CompilerServices;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>A check on its way (RFC 8445, section 7.2.4).</summary>
/// <param name="Role">Ours when it was sent: a 487 only counts while we still have it.</param>
internal readonly record struct CheckTransaction(TransactionId Id, Instant SentAt, IceRole Role, bool UsesCandidate);

/// <summary>
/// The latest checks of a pair. Each check has an id of its own, so that every answer gives a round-trip time; an answer that
/// comes later than eight newer checks is not worth waiting for.
/// </summary>
[InlineArray(Capacity)]
internal struct CheckTransactionRing
{
    public const int Capacity = 8;
    private CheckTransaction _first;
}
