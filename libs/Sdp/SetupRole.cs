namespace Dapr.Voice.Sdp;

/// <summary><c>a=setup</c>: who opens the DTLS association (RFC 4145, section 4; RFC 8842, section 5).</summary>
public enum SetupRole : byte
{
    /// <summary>Only in offers: the answerer chooses.</summary>
    ActPass,
    /// <summary>This side sends the ClientHello.</summary>
    Active,
    Passive,
}
