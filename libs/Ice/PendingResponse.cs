using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>An answer that waits to be written: what it needs of the request, so that the request's bytes need not be kept.</summary>
/// <param name="Key">The password under which the request was good; the answer carries the same.</param>
/// <param name="ErrorCode">0 for success.</param>
/// <param name="UnknownAttribute">For 420: the first attribute that we did not understand.</param>
internal readonly record struct PendingResponse(
    TransportPath Path, TransactionId TransactionId, byte[] Key, int ErrorCode, StunAttributeType UnknownAttribute);
