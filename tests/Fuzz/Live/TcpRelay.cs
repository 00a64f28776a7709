using Dapr.Voice.Relay;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Tcp;
using Dapr.Voice.Tests.Unit.Relay;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Fuzz.Live;

/// <summary>
/// A relay's worker with its real sockets, a transceiver's end of the link over TCP that echoes, and an honest client over TCP whose every
/// packet has to come back. One thread drives all of it.
/// </summary>
internal sealed class TcpRelay : IDisposable
{
    public const ulong HonestSession = 7;
    private static readonly TransportAddress Loopback = TransportAddress.FromIPv4(0x7F00_0001, 0);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpFrameSocket _client = TcpFrameSocket.Create(new TcpFrameSocketOptions { MaximumConnections = 4 });
    private readonly TcpConnectionId _honest;

    // Neither RTP nor RTCP: never too old.
    private readonly byte[] _packet = [22, 254, 253, .. new byte[97]];

    public TcpRelay()
    {
        using (var any = TcpFrameSocket.Create(new TcpFrameSocketOptions { MaximumConnections = 1 }))
        {
            any.Listen(Loopback);
            Public = any.LocalAddress;
        }
        Options = new RelayOptions { Id = "relay-0", PublicEndpoint = "", PublicTcpEndpoint = Public.ToString(), LinkAddress = "127.0.0.1",
            Workers = 1, MaximumFlows = 256, MaximumTcpConnections = 64 };
        var keys = new RelayKeys(RelayPackets.HintKeys, RelayPackets.PasswordKeys, SteeringKeys.LinkKey());
        Worker = new RelayWorker(0, RelaySockets.Open(Options)[0], Options, 0, 64, 1, keys, IngressTable.From(Options),
            TimeProvider.System);
        Worker.SetTargets([Transceiver.Target]);
        Until(() => Worker.LinkCount == Options.LinkConnections);
        _honest = _client.Connect(Public, MonotonicClock.Now);
        _client.Send(_honest, Check(HonestSession), TcpFrameClass.Control, MonotonicClock.Now);
        Sent++;
        Until(() => Heard == Sent);
    }

    public RelayOptions Options { get; }
    public TransportAddress Public { get; }
    public RelayWorker Worker { get; }
    public FakeTransceiver Transceiver { get; } = new(LinkScheme.Tcp, Loopback);

    /// <summary>Packets of the honest client, and those that came back to it.</summary>
    public int Sent { get; private set; }
    public int Heard { get; private set; }
    public bool IsHonestClientOpen => _client.RemoteOf(_honest) != default;

    /// <summary>A first check as it should be: the session's slot is this transceiver's, unless another is given.</summary>
    public static byte[] Check(ulong session, ushort slot = 3, byte region = 0, int minutes = 60)
        => RelayPackets.Check(
        RelayPackets.Hint(session, slot, region, (uint)(RoutingHint.ToMinutes(TimeProvider.System.GetUtcNow()) + minutes)));

    /// <summary>The honest client says something.</summary>
    public void Talk()
    {
        if (_client.Send(_honest, _packet, TcpFrameClass.Control, MonotonicClock.Now)) Sent++;
    }

    public void Turn()
    {
        _client.Flush(MonotonicClock.Now);
        Worker.Turn(TimeSpan.Zero);
        Transceiver.Turn();
        Transceiver.Events.Clear();
        Heard += _client.Receive(MonotonicClock.Now);
        while (_client.TryTakeEvent(out _)) { }
    }

    public void Until(Func<bool> condition)
    {
        Instant end = MonotonicClock.Now + Patience;
        while (!condition())
        {
            if (MonotonicClock.Now > end)
                throw new TimeoutException($"It never came to be; the honest client sent {Sent} and heard {Heard}.");
            Turn();
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        Worker.Dispose();
        Transceiver.Dispose();
    }
}
