using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class FlowTableTests
{
    private static readonly FlowLimits Limits = new(512, 512, 8, 1_000_000, TimeSpan.FromSeconds(60));

    [Fact]
    public void Table_RandomOperations_AgreesWithADictionary()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            Instant now = Instant.Zero;
            var table = new FlowTable(Limits, KeyedHash.CreateRandom());
            var model = new Dictionary<TransportAddress, ulong>();
            for (int step = 0; step < 5000; step++)
            {
                // Two seconds a step, so that no flow is contested and each session can shed its oldest.
                now += TimeSpan.FromSeconds(2);
                var client = TransportAddress.FromIPv4((uint)random.Next(8), (ushort)(1 + random.Next(40)));
                ulong session = (ulong)random.Next(100);
                if (random.Next(5) == 0)
                {
                    table.RemoveSession(new SessionId(session));
                    foreach (TransportAddress gone in model.Where(m => m.Value == session).Select(m => m.Key).ToList()) model.Remove(gone);
                }
                else if (model.Count(m => m.Value == session) < 8)
                {
                    Assert.True(table.TrySet(client, new SessionId(session), now, out int flow) is FlowChange.Created or FlowChange.Kept
                        or FlowChange.Moved);
                    Assert.Equal(client, table[flow].Client);
                    if (!table[flow].HasSsrc) table.LearnSsrc(flow, (uint)random.Next(30));
                    model[client] = session;
                }
            }
            Assert.Equal(model.Count, table.Count);
            foreach ((TransportAddress client, ulong session) in model)
            {
                int flow = table.Find(client);
                Assert.Equal(session, table[flow].Session.Value);
            }
            for (uint ssrc = 0; ssrc < 30; ssrc++)
            {
                int flow = table.FindBySsrc(ssrc);
                if (flow >= 0) Assert.Equal((ssrc, true), (table[flow].Ssrc, table[flow].IsBySsrc));
            }
            foreach (ulong session in model.Values.Distinct().ToList()) table.RemoveSession(new SessionId(session));
            Assert.Equal(0, table.Count);
        }
    }

    [Fact]
    public void Sweep_SilentFlows_AreForgottenAndOthersStay()
    {
        var table = new FlowTable(Limits, KeyedHash.CreateRandom());
        for (ushort i = 1; i <= 100; i++) table.TrySet(TransportAddress.FromIPv4(1, i), new SessionId(i), Instant.Zero, out _);
        Instant later = Instant.Zero + TimeSpan.FromSeconds(40);
        table.TrySet(TransportAddress.FromIPv4(1, 50), new SessionId(50), later, out _);
        for (int i = 0; i < FlowTable.SweepParts; i++) table.Sweep(Instant.Zero + TimeSpan.FromSeconds(61));
        Assert.Equal(1, table.Count);
        Assert.True(table.Find(TransportAddress.FromIPv4(1, 50)) >= 0);
    }

    [Fact]
    public void TrySet_TwoCallersBehindOneIPv6Prefix_CountTogether()
    {
        var table = new FlowTable(Limits with { PerPrefix = 2 }, KeyedHash.CreateRandom());
        Assert.Equal(FlowChange.Created,
            table.TrySet(new TransportAddress(0x20010db8_00000001, 1, 1), new SessionId(1), Instant.Zero, out _));
        Assert.Equal(FlowChange.Created,
            table.TrySet(new TransportAddress(0x20010db8_00000001, 2, 1), new SessionId(2), Instant.Zero, out _));
        Assert.Equal(FlowChange.PrefixLimit, table.TrySet(
            new TransportAddress(0x20010db8_00000001, 3, 1), new SessionId(3), Instant.Zero, out _));
        Assert.Equal(FlowChange.Created,
            table.TrySet(new TransportAddress(0x20010db8_00000002, 3, 1), new SessionId(3), Instant.Zero, out _));
    }

    [Fact]
    public void HashIndex_FullLoadAndRandomRemovals_FindsEverythingThatIsThere()
    {
        var index = new HashIndex<ulong, NumberHash>(1024, new NumberHash(KeyedHash.CreateRandom()));
        var model = new Dictionary<ulong, int>();
        var random = new Random(3);
        for (int i = 0; i < 50_000; i++)
        {
            ulong key = (ulong)random.Next(2000);
            if (random.Next(2) == 0)
            {
                index.Remove(key);
                model.Remove(key);
            }
            else if (model.Count < 1024)
            {
                index.Set(key, i);
                model[key] = i;
            }
        }
        Assert.Equal(model.Count, index.Count);
        for (ulong key = 0; key < 2000; key++) Assert.Equal(model.GetValueOrDefault(key, -1), index.Find(key));
    }
}
