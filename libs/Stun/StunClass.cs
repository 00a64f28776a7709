namespace Dapr.Voice.Stun;

/// <summary>The two class bits of the message type (RFC 8489, section 5), in their order on the wire.</summary>
public enum StunClass : byte
{
    Request = 0,
    Indication = 1,
    SuccessResponse = 2,
    ErrorResponse = 3,
}
