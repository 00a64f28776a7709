namespace Dapr.Voice.Stun;

/// <summary>The error codes that ICE sends or reads (RFC 8489, section 14.8; RFC 8445, section 7.3.1.1; RFC 7675).</summary>
public static class StunErrorCode
{
    public const int Forbidden = 403;
    public const int UnknownAttribute = 420;
    public const int RoleConflict = 487;
}
