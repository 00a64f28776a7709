using System.Runtime.CompilerServices;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>A check that was sent and not yet answered (RFC 8445, section 7.2.4).</summary>
/// <param name="Role">Our role when it was sent. A 487 answer counts only while we still have that role.</param>
internal readonly record struct CheckTransaction(TransactionId Id, Instant SentAt, IceRole Role, bool UsesCandidate);

/// <summary>
/// The latest checks of a pair. Each check has its own id, so that every answer gives a round-trip time. An answer that arrives after eight
/// newer checks were sent is ignored.
/// </summary>
[InlineArray(Capacity)]
internal struct CheckTransactionRing
{
    public const int Capacity = 8;
    private CheckTransaction _first;
}
