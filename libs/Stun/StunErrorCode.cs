namespace Dapr.Voice.Stun;

/// <summary>Error codes that ICE meets (RFC 8489, section 14.8; RFC 8445, section 7.3.1.1).</summary>
public static class StunErrorCode
{
    public const int BadRequest = 400;
    public const int Unauthenticated = 401;
    public const int UnknownAttribute = 420;
    public const int RoleConflict = 487;
    public const int ServerError = 500;
}
