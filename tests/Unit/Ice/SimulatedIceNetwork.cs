using System.Text;
using Dapr.Voice.Ice;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Unit.Ice;

/// <summary>
/// Two agents, the addresses of each, and a network between them that loses, delays (and so reorders) and duplicates by a seed. Time
/// is virtual: a run is the same each time. A base is the index of an address.
/// </summary>
internal sealed class SimulatedIceNetwork(int seed)
{
    private readonly Random _random = new(seed);
    private readonly PriorityQueue<Packet, (long Ticks, int Order)> _inFlight = new();
    private readonly byte[] _buffer = new byte[1500];
    private int _order;

    public const int Client = 0;
    public const int Server = 1;

    public IceAgent[] Agents { get; } = new IceAgent[2];
    public List<TransportAddress>[] Addresses { get; } = [[], []];
    public List<IceEvent>[] Events { get; } = [[], []];
    public Instant Now { get; private set; } = Instant.FromMilliseconds(1000);
    public double LossRate { get; set; }
    public double DuplicateRate { get; set; }
    public int DelayMilliseconds { get; set; } = 10;
    public int JitterMilliseconds { get; set; }

    /// <summary>Says which packets vanish: sender, its path.</summary>
    public Func<int, TransportPath, bool> IsBlocked { get; set; } = (_, _) => false;

    /// <summary>Sees each datagram sent: sender, its path, its bytes.</summary>
    public Action<int, TransportPath, byte[]> OnSent { get; set; } = (_, _, _) => { };

    public static TransportAddress Address(string text)
        => TransportAddress.TryParse(text, out TransportAddress address) ? address : throw new FormatException(text);

    public void Run(TimeSpan duration)
    {
        Instant end = Now + duration;
        while (true)
        {
            Drain();
            var next = Instant.Min(Agents[0].NextTimeout, Agents[1].NextTimeout);
            if (_inFlight.TryPeek(out _, out (long Ticks, int Order) first)) next = Instant.Min(next, new Instant(first.Ticks));
            if (next > end) break;
            Now = Instant.Max(Now, next);
            while (_inFlight.TryPeek(out _, out first) && first.Ticks <= Now.Ticks)
            {
                Packet packet = _inFlight.Dequeue();
                Agents[packet.To].Receive(packet.Bytes, packet.Path, Now);
                Drain();
            }
            foreach (IceAgent agent in Agents)
            {
                if (agent.NextTimeout <= Now) agent.HandleTimeout(Now);
            }
        }
        Now = end;
    }

    public bool Saw(int agent, IceEventKind kind) => Events[agent].Any(e => e.Kind == kind);

    /// <summary>Replaces an agent by what its exported state makes of it.</summary>
    public void MoveToAnotherProcess(int agent) => Agents[agent] = IceAgent.Import(Agents[agent].ExportState(), Seeded.Random(9), Now);

    private void Drain()
    {
        for (int sender = 0; sender < 2; sender++)
        {
            while (Agents[sender].TryTransmit(_buffer, out int length, out TransportPath to))
                Send(sender, to, _buffer.AsSpan(0, length).ToArray());
            while (Agents[sender].TryTakeEvent(out IceEvent occurred)) Events[sender].Add(occurred);
        }
    }

    private void Send(int sender, TransportPath to, byte[] bytes)
    {
        OnSent(sender, to, bytes);
        int receiver = 1 - sender;
        int receiverBase = Addresses[receiver].IndexOf(to.Remote);
        if (receiverBase < 0 || IsBlocked(sender, to)) return;
        int copies = _random.NextDouble() < LossRate ? 0 : _random.NextDouble() < DuplicateRate ? 2 : 1;
        while (copies-- > 0)
        {
            Instant at = Now + TimeSpan.FromMilliseconds(DelayMilliseconds + (_random.NextDouble() * JitterMilliseconds));
            _inFlight.Enqueue(new Packet(receiver, new TransportPath(receiverBase, Addresses[sender][to.Base]), bytes),
                (at.Ticks, _order++));
        }
    }

    private readonly record struct Packet(int To, TransportPath Path, byte[] Bytes);

    public static IceCredentials Credentials(string name)
        => new($"{name}ufrag", Convert.ToHexStringLower(Encoding.ASCII.GetBytes(name + "-password-of-the-test")));

    /// <summary>
    /// A caller with <paramref name="clientAddresses"/> bases against a lite server behind <paramref name="serverAddresses"/> ingresses.
    /// </summary>
    public static SimulatedIceNetwork ClientAndLiteServer(int seed, int clientAddresses = 1, int serverAddresses = 1)
    {
        var network = new SimulatedIceNetwork(seed);
        IceCredentials client = Credentials("caller");
        IceCredentials server = Credentials("server");
        for (int i = 0; i < clientAddresses; i++) network.Addresses[Client].Add(Address($"192.0.2.{i + 1}:5000"));
        for (int i = 0; i < serverAddresses; i++) network.Addresses[Server].Add(Address($"198.51.100.{i + 1}:3478"));
        network.Agents[Client] = new IceAgent(IceRole.Controlling, client, server, 7, Seeded.Random(1), network.Now);
        network.Agents[Server] = new IceAgent(IceRole.Lite, server, client, 9, Seeded.Random(2), network.Now);
        for (int i = 0; i < serverAddresses; i++)
        {
            for (int b = 0; b < clientAddresses; b++)
                network.Agents[Client].AddRemoteCandidate(Candidate.Host(network.Addresses[Server][i], i), b);
        }
        return network;
    }
}
