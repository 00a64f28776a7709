using System.Security.Cryptography;
using Dapr.Voice.Links;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.Succession;

/// <summary>
/// Runs the packet path once, on private sockets and with keys that nobody has. A process that waits to become the relay then has its code
/// compiled: without this, the first packets of all calls would wait for the compiler for a tenth of a second.
/// </summary>
internal static class Rehearsal
{
    private const int Slots = 1;
    private static readonly TransportAddress Loopback = TransportAddress.FromIPv4(0x7F000001, 0);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>One call over links of each kind. Ends early if something does not answer.</summary>
    /// <returns>True if a client's packet has come back over each kind of link.</returns>
    public static bool Run()
    {
        string ring = "1:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        if (!HintKeyRing.TryParse(ring, out HintKeyRing? hints, out _) || !KeyRing.TryParse(ring, out KeyRing? passwords, out _)
            || !LinkKey.TryParse(ring[2..], out LinkKey? link, out _)) return false;
        var keys = new RelayKeys(hints!, passwords!, link!);
        return Run(LinkScheme.Udp, keys) & Run(LinkScheme.Tcp, keys);
    }

    private static bool Run(LinkScheme scheme, RelayKeys keys)
    {
        Instant now = MonotonicClock.Now;
        using var port = new LinkPort(scheme == LinkScheme.Tcp ? TcpLinkTransport.Listen(Loopback) : UdpLinkTransport.Bind(Loopback),
            new LinkAcceptor(keys.Link, 0, 0, 1, Slots, RandomNumberGenerator.Fill, now));
        port.Acceptor.SetSlots([new SlotOwnership(0, 1)], now);
        using var client = UdpBatchSocket.Bind(Loopback);
        var options = new RelayOptions { Id = "rehearsal", PublicEndpoint = "127.0.0.1:1", Workers = 1, MaximumFlows = 64,
            IngressAddresses = ["127.0.0.1"] };
        var sockets = new RelaySockets(
            UdpBatchSocket.Bind(Loopback), null, [UdpLinkTransport.Bind(Loopback), TcpLinkTransport.Create(LinkSet.MaximumLinks)]);
        TransportAddress relay = sockets.Public!.LocalAddress;
        using var worker = new RelayWorker(0, sockets, options, 0, Slots, 1, keys, IngressTable.From(options), TimeProvider.System);
        worker.SetTargets([new LinkTarget(scheme, port.Transport.LocalAddress)]);
        byte[] check = Check(keys);
        int heard = 0;
        for (Instant end = now + Limit; heard < 2 && MonotonicClock.Now < end;)
        {
            // The check makes the flow, and then a packet of another kind follows it.
            ReadOnlySpan<byte> packet = heard == 0 ? check : [128, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0];
            if (worker.LinkCount > 0)
            {
                packet.CopyTo(client.Queue(relay, default, packet.Length));
                client.Flush();
            }
            worker.Turn(TimeSpan.FromMilliseconds(1));
            Echo(port);
            worker.Turn(TimeSpan.FromMilliseconds(1));
            for (int count = client.Receive(), i = 0; i < count; i++) heard++;
        }
        return heard >= 2;
    }

    /// <summary>A turn of a transceiver that sends each packet back.</summary>
    private static void Echo(LinkPort port)
    {
        Instant now = MonotonicClock.Now;
        for (int count = port.Receive(now), i = 0; i < count; i++)
        {
            LinkAcceptor.Frames frames = port.Read(i, now);
            while (frames.TryRead(out LinkData data)) port.TrySend(data.SessionId, data.Path, data.Payload, now);
        }
        port.HandleTimeout(now);
        while (port.TryTakeEvent(out _))
        {
        }
        port.Flush(now);
    }

    private static byte[] Check(RelayKeys keys)
    {
        string ufrag = new RoutingHint(1, 0, 0, new SessionId(1), 0, uint.MaxValue >> 8).Encode(keys.Hints);
        byte[] check = new byte[200];
        var writer = new StunMessageWriter(check, StunClass.Request, StunMethod.Binding, RandomNumberGenerator.GetBytes(12));
        writer.Add(StunAttributeType.Username, System.Text.Encoding.ASCII.GetBytes(ufrag + ":rehearsal"));
        writer.AddMessageIntegrity(System.Text.Encoding.ASCII.GetBytes(IcePassword.Derive(keys.Passwords, ufrag)));
        writer.AddFingerprint();
        return check[..writer.Length];
    }
}
