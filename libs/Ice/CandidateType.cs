namespace Dapr.Voice.Ice;

/// <summary>Where an agent learned a candidate (RFC 8445, section 5.1.1).</summary>
public enum CandidateType : byte
{
    Host,
    ServerReflexive,
    PeerReflexive,
    Relayed,
}

/// <summary>
/// The transport of a candidate. For TCP it includes the side that opens the connection (RFC 6544, section 4.5).
/// </summary>
public enum CandidateTransport : byte
{
    Udp,
    TcpActive,
    TcpPassive,
    TcpSimultaneousOpen,
}
