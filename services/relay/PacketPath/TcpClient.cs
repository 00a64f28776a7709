using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>The state that <see cref="TcpIngress"/> keeps for a client's connection. An entry of its table.</summary>
internal struct TcpClient
{
    public TransportAddress Remote;
    public Instant AcceptedAt;
    public SessionId Session;

    /// <summary>The generation of the connection's id. It is 0 once the connection has ended or is being closed.</summary>
    public uint Generation;

    /// <summary>Packets of a call that arrived before the check that names the session.</summary>
    public int EarlyPackets;

    /// <summary>The client has proved with a check that the connection belongs to the session.</summary>
    public bool IsBound;

    /// <summary>Why the relay closes the connection.</summary>
    public TcpClose? CloseReason;

    // The connections that have proved nothing yet form a list. The oldest is first.
    public int Next, Previous;
}
