namespace Dapr.Voice.Ice;

/// <summary>What an agent does (RFC 8445, sections 2.3 and 2.5).</summary>
public enum IceRole : byte
{
    /// <summary>Answers checks and sends none; always controlled (RFC 8445, appendix A).</summary>
    Lite,
    /// <summary>Full agent that nominates.</summary>
    Controlling,
    /// <summary>Full agent that lets the peer nominate; what a controlling one becomes when it loses a role conflict.</summary>
    Controlled,
}
