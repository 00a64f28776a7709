using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Tests.Unit.Sctp;

/// <summary>
/// Two associations and the path between them, in virtual time: seeded delay, reordering, loss and duplication, the same each run.
/// </summary>
internal sealed class SctpLink
{
    private readonly PriorityQueue<Delivery, (long At, long Order)> _underWay = new();
    private readonly Random _random;
    private readonly byte[] _buffer = new byte[1500];
    private long _order;

    public SctpLink(int seed, SctpOptions? options = null)
    {
        _random = new Random(seed);
        A = new SctpAssociation((options ?? new SctpOptions { RandomSeed = 0 }) with { RandomSeed = (ulong)seed * 2 + 1 });
        B = new SctpAssociation((options ?? new SctpOptions { RandomSeed = 0 }) with { RandomSeed = (ulong)seed * 2 + 2 });
    }

    public SctpAssociation A { get; set; }
    public SctpAssociation B { get; set; }
    public Instant Now { get; private set; } = Instant.FromMilliseconds(1000);
    public double Loss { get; set; }
    public double Duplication { get; set; }
    public int DelayMilliseconds { get; set; } = 10;

    /// <summary>Added at random to each packet's delay, so packets overtake each other.</summary>
    public int JitterMilliseconds { get; set; }

    /// <summary>Sees every packet before loss; returns false to drop it. The flag says whether it comes from A.</summary>
    public Func<byte[], bool, bool>? Filter { get; set; }

    /// <summary>Called after every delivery and timer.</summary>
    public Action? OnStep { get; set; }

    public void Connect()
    {
        A.Connect(Now);
        Assert(RunUntil(() => A.IsConnected && B.IsConnected, 60_000));
    }

    /// <summary>Moves time until the condition holds; false if it does not within the limit.</summary>
    public bool RunUntil(Func<bool> condition, int limitMilliseconds)
    {
        Instant end = Now + TimeSpan.FromMilliseconds(limitMilliseconds);
        while (true)
        {
            Transmit(A, true);
            Transmit(B, false);
            OnStep?.Invoke();
            if (condition()) return true;
            var next = Instant.Min(A.NextTimeout, B.NextTimeout);
            if (_underWay.TryPeek(out _, out (long At, long Order) priority)) next = Instant.Min(next, new Instant(priority.At));
            if (next > end)
            {
                Now = end;
                return condition();
            }
            Now = Instant.Max(Now, next);
            while (_underWay.TryPeek(out Delivery delivery, out priority) && priority.At <= Now.Ticks)
            {
                _underWay.Dequeue();
                (delivery.IsToA ? A : B).Receive(delivery.Packet, Now);
            }
            if (A.NextTimeout <= Now) A.HandleTimeout(Now);
            if (B.NextTimeout <= Now) B.HandleTimeout(Now);
        }
    }

    public void Run(int milliseconds) => RunUntil(() => false, milliseconds);

    /// <summary>Takes what is on the path away, as when a process dies.</summary>
    public void LoseAllUnderWay() => _underWay.Clear();

    private void Transmit(SctpAssociation from, bool isFromA)
    {
        while (from.TryTransmit(_buffer, out int length, Now))
        {
            byte[] packet = _buffer.AsSpan(0, length).ToArray();
            if (Filter is { } filter && !filter(packet, isFromA)) continue;
            if (_random.NextDouble() < Loss) continue;
            int copies = _random.NextDouble() < Duplication ? 2 : 1;
            for (int i = 0; i < copies; i++)
            {
                int delay = DelayMilliseconds + (JitterMilliseconds > 0 ? _random.Next(JitterMilliseconds) : 0);
                _underWay.Enqueue(new Delivery(packet, !isFromA), ((Now + TimeSpan.FromMilliseconds(delay)).Ticks, _order++));
            }
        }
    }

    private static void Assert(bool condition)
    {
        if (!condition) throw new InvalidOperationException("The link did not connect.");
    }

    private readonly record struct Delivery(byte[] Packet, bool IsToA);
}
