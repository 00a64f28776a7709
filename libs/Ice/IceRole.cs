namespace Dapr.Voice.Ice;

/// <summary>What an agent does (RFC 8445, sections 2.3 and 2.5).</summary>
public enum IceRole : byte
{
    /// <summary>Answers checks and sends none. It is always controlled (RFC 8445, appendix A).</summary>
    Lite,
    /// <summary>A full agent that nominates.</summary>
    Controlling,
    /// <summary>A full agent that lets the peer nominate. A controlling agent that loses a role conflict takes this role.</summary>
    Controlled,
}
