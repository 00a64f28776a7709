using Dapr.Voice.Stun;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>
/// An answer that waits to be written. It contains what it needs from the request, so that the request's bytes need not be kept.
/// </summary>
/// <param name="Key">The password with which the request was authenticated. The answer uses the same one.</param>
/// <param name="ErrorCode">0 for success.</param>
/// <param name="UnknownAttribute">For 420: the first attribute that we did not understand.</param>
internal readonly record struct PendingResponse(
    TransportPath Path, TransactionId TransactionId, byte[] Key, int ErrorCode, StunAttributeType UnknownAttribute);
