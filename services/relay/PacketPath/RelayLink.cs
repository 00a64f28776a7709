using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// One link with what carries it. Over UDP that is there from the start; over TCP it is a connection that comes and goes, and is asked for
/// again after a pause that doubles and is never quite the same, so that a restarted transceiver does not meet all its relays at one
/// instant.
/// </summary>
internal sealed class RelayLink
{
    /// <summary>From a lost connection to the next; a restart of the other end takes about that long.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>From asking for a connection to a link that is up; else it begins anew.</summary>
    public static readonly TimeSpan SetUpLimit = LinkTiming.DownAfter;

    /// <summary>The unit being filled.</summary>
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

    /// <summary>All links to the same endpoint, this one among them, in the same order for each.</summary>
    public RelayLink[] Siblings { get; set; }

    /// <summary>To whom its units go; default while there is no connection.</summary>
    public TransportAddress Peer { get; private set; }

    /// <summary>Whether there is no connection, and it is time to ask for one.</summary>
    public bool IsConnectionDue(Instant now) => Peer == default && now >= _deadline;

    /// <summary>Whether there is a connection, but not in all the time allowed a link.</summary>
    public bool IsOverdue(Instant now) => Peer != default && now >= _deadline;

    public Instant NextTimeout => Instant.Min(_deadline, Connector.NextTimeout);

    private bool IsConnected => Target.Scheme == LinkScheme.Udp;

    /// <summary>
    /// The link that a session's packets take: its own among the siblings, the next one while that is down. Another process than ours
    /// behind a sibling is the last choice.
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

    /// <summary>A connection has been asked for.</summary>
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

    /// <summary>The connection is gone, or was never to be had.</summary>
    public void OnClosed(Instant now)
    {
        Peer = default;
        Connector.Disconnect();
        double pause = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 10)));
        _deadline = now + TimeSpan.FromMilliseconds(pause * (0.5 + Random.Shared.NextDouble()));
    }
}
