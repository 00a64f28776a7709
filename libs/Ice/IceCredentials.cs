namespace Dapr.Voice.Ice;

/// <summary>
/// The ufrag (4 to 256 characters) and the password (22 to 256 characters) of one side (RFC 8445, section 5.3).
/// </summary>
public sealed record IceCredentials(string Ufrag, string Password)
{
    /// <summary>Omits the password, because this text may be logged.</summary>
    public override string ToString() => $"IceCredentials {{ Ufrag = {Ufrag} }}";
}
