using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// One link together with its transport. A link over UDP can send from the start. A link over TCP needs a connection, which may break. A
/// new connection is requested after a pause that doubles with each failure. The pause has a random part, so that not all relays connect to
/// a restarted transceiver at the same instant.
/// </summary>
internal sealed class RelayLink
{
    /// <summary>The first pause before a lost connection is requested again. A restart of the transceiver takes about this long.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The longest time from a request for a connection until the link is up. After it, the connection is closed and requested again.
    /// </summary>
    public static readonly TimeSpan SetUpLimit = LinkTiming.DownAfter;

    /// <summary>The unit that is being filled.</summary>
    public OpenDatagram Open;

    private int _failures;
    private Instant _deadline;

    public RelayLink(int number, LinkTarget target, LinkTransport transport, LinkConnector connector, Instant now)
    {
        (Number, Target, Transport, Connector) = (number, target, transport, connector);
        Siblings = [this];
        if (IsConnected)
        {
            Peer = target.Address;
            _deadline = Instant.Never;
        }
        else
        {
            connector.Disconnect();
            _deadline = now;
        }
    }

    public int Number { get; }
    public LinkTarget Target { get; }
    public LinkTransport Transport { get; }
    public LinkConnector Connector { get; }

    /// <summary>All links to the same endpoint, including this one. The order is the same for each of them.</summary>
    public RelayLink[] Siblings { get; set; }

    /// <summary>The address that units are sent to. The default value while there is no connection.</summary>
    public TransportAddress Peer { get; private set; }

    /// <summary>There is no connection, and it is time to request one.</summary>
    public bool IsConnectionDue(Instant now) => Peer == default && now >= _deadline;

    /// <summary>There is a connection, but the link did not come up within <see cref="SetUpLimit"/>.</summary>
    public bool IsOverdue(Instant now) => Peer != default && now >= _deadline;

    public Instant NextTimeout => Instant.Min(_deadline, Connector.NextTimeout);

    private bool IsConnected => Target.Scheme == LinkScheme.Udp;

    /// <summary>
    /// Returns the link that a session's packets use: the session's own sibling or, while that is down, the next one. A sibling that leads
    /// to another process than this link is the last choice.
    /// </summary>
    public RelayLink For(SessionId session)
    {
        RelayLink[] siblings = Siblings;
        if (siblings.Length == 1) return this;
        RelayLink? other = null;
        int own = (int)(session.Value % (uint)siblings.Length);
        for (int i = 0; i < siblings.Length; i++)
        {
            RelayLink sibling = siblings[(own + i) % siblings.Length];
            if (!sibling.Connector.IsUp) continue;
            if (sibling.Connector.Incarnation == Connector.Incarnation) return sibling;
            other ??= sibling;
        }
        return other ?? this;
    }

    /// <summary>A connection has been requested.</summary>
    public void OnConnecting(TransportAddress peer, Instant now)
    {
        Peer = peer;
        Open = default;
        _deadline = now + SetUpLimit;
    }

    public void OnConnected(Instant now) => Connector.Connect(now);

    public void OnUp()
    {
        _failures = 0;
        _deadline = Instant.Never;
    }

    /// <summary>The connection has ended, or could not be requested.</summary>
    public void OnClosed(Instant now)
    {
        Peer = default;
        Connector.Disconnect();
        double pause = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 10)));
        _deadline = now + TimeSpan.FromMilliseconds(pause * (0.5 + Random.Shared.NextDouble()));
    }
}
