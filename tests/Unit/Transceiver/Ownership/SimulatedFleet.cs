using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Ownership;

/// <summary>
/// Several transceivers over one store in virtual time. Checks with every write that no slot epoch ever has two owners and that epochs only
/// grow.
/// </summary>
internal sealed class SimulatedFleet
{
    public const int Slots = 64;

    private static readonly DateTimeOffset Origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly FleetOptions Fleet = new();

    private readonly Dictionary<(int Slot, long Epoch), string> _owners = [];
    private readonly Dictionary<int, long> _epochs = [];
    private int _incarnations;

    public SimulatedFleet() => Store.Written = CheckWrite;

    public MemoryStateStore Store { get; } = new();

    /// <summary>What the keepers log.</summary>
    public CapturedLogs Log { get; } = new();
    public SortedDictionary<int, Member> Members { get; } = [];
    public TimeSpan Now { get; private set; }

    /// <param name="link">Where it listens; else on a port of its own, so that a restart is one elsewhere and has to wait for the
    /// lease.</param>
    /// <param name="advertised">A name for it that another process may have, too.</param>
    public Member Start(int shard, string? link = null, string advertised = "")
    {
        var table = new SlotTable(Slots);
        link ??= $"udp://127.0.0.1:{20000 + _incarnations}";
        var self = new OwnerIdentity(shard, $"i{_incarnations++}");
        var keeper = new SlotKeeper(Store, table, Fleet, new TransceiverOptions { Shard = shard, AdvertisedLinkEndpoint = advertised },
            self, [link], "sha-256 00", () => default, Log);
        return Members[shard] = new Member(self, table, keeper);
    }

    /// <summary>kill -9.</summary>
    public void Kill(int shard) => Members.Remove(shard);

    public async Task StepAsync(params int[] shards)
    {
        foreach (int shard in shards)
        {
            if (Members.TryGetValue(shard, out Member? member))
                await member.Keeper.StepAsync(new Instant(Now.Ticks), Origin + Now, CancellationToken.None);
        }
    }

    /// <summary>Everyone steps once a second.</summary>
    public async Task RunAsync(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            Now += TimeSpan.FromSeconds(1);
            await StepAsync([.. Members.Keys]);
        }
    }

    public async Task LeaveAsync(int shard)
    {
        await Members[shard].Keeper.LeaveAsync(Origin + Now, CancellationToken.None);
        Members.Remove(shard);
    }

    public void Advance(TimeSpan time) => Now += time;

    public SlotRecord? Record(int slot)
        => Store.Peek(ComponentNames.Sessions, StateKeys.Slot(Fleet.Region, slot), ContractsJson.Default.SlotRecord);

    /// <summary>Each slot is served by the one that the record names, with its epoch, and by no other.</summary>
    public void AssertSettled()
    {
        for (int slot = 0; slot < Slots; slot++)
        {
            Member[] serving = [.. Members.Values.Where(m => m.Table.IsServed(slot))];
            Member owner = Assert.Single(serving);
            SlotRecord? record = Record(slot);
            Assert.Equal((owner.Self.Shard, owner.Self.Incarnation, owner.Table.EpochOf(slot)),
                (record?.Shard, record?.Incarnation, record?.Epoch));
        }
    }

    private void CheckWrite(string key, string? json)
    {
        if (!key.StartsWith("slot.", StringComparison.Ordinal) || json is null) return;
        SlotRecord record = JsonSerializer.Deserialize(json, ContractsJson.Default.SlotRecord)!;
        Assert.True(record.Epoch >= _epochs.GetValueOrDefault(record.Slot), "An epoch went back.");
        _epochs[record.Slot] = record.Epoch;
        if (record.Shard is null) return;
        string owner = $"{record.Shard}/{record.Incarnation}";
        Assert.True(_owners.TryAdd((record.Slot, record.Epoch), owner) || _owners[(record.Slot, record.Epoch)] == owner,
            "Two owners of one slot epoch.");
    }

    public sealed record Member(OwnerIdentity Self, SlotTable Table, SlotKeeper Keeper);
}
