namespace Dapr.Voice.Ice;

/// <summary>One side's ufrag (4 to 256 characters) and password (22 to 256), RFC 8445, section 5.3.</summary>
public sealed record IceCredentials(string Ufrag, string Password)
{
    /// <summary>Without the password: this ends up in logs.</summary>
    public override string ToString() => $"IceCredentials {{ Ufrag = {Ufrag} }}";
}
