using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>A client's connection, as <see cref="TcpIngress"/> sees it. An entry of its table.</summary>
internal struct TcpClient
{
    public TransportAddress Remote;
    public Instant AcceptedAt;
    public SessionId Session;

    /// <summary>Of the connection's id; 0 once it is over, or as good as.</summary>
    public uint Generation;

    /// <summary>Packets of a session that came before the check that names it.</summary>
    public int EarlyPackets;

    /// <summary>Has proved with a check that it belongs to the session.</summary>
    public bool IsBound;

    /// <summary>Why the relay closes it.</summary>
    public TcpClose? CloseReason;

    // Those that have proved nothing yet form a list, oldest first.
    public int Next, Previous;
}
