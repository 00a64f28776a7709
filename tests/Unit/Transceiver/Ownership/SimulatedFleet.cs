using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ownership;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Ownership;
using Dapr.Voice.Wire;
using Microsoft.Extensions.Time.Testing;
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
    private static readonly TimeSpan Renew = OwnershipTiming.Default.Renew;

    private readonly FakeTimeProvider _time = new(Origin);
    private readonly Dictionary<(int Slot, long Epoch), string> _owners = [];
    private readonly Dictionary<int, long> _epochs = [];
    private int _incarnations;

    public SimulatedFleet() => Store.Written = CheckWrite;

    public MemoryStateStore Store { get; } = new();
    public FakePeers Peers { get; } = new();
    public List<OwnershipEvent> Events { get; } = [];

    /// <summary>What the keepers log.</summary>
    public CapturedLogs Log { get; } = new();
    public SortedDictionary<int, Member> Members { get; } = [];
    public Instant Now => new((_time.GetUtcNow() - Origin).Ticks);

    /// <param name="link">Where it listens; else on a port of its own.</param>
    /// <param name="advertised">A name for it that another process may have, too.</param>
    public Member Start(int shard, string? link = null, string advertised = "")
    {
        var table = new SlotTable(Slots);
        link ??= $"udp://127.0.0.1:{20000 + _incarnations}";
        var self = new OwnerIdentity(shard, (ulong)++_incarnations);
        var options = new TransceiverOptions { Shard = shard, AdvertisedLinkEndpoint = advertised };
        var records = new OwnershipRecords(Store, Fleet, options, self, [link], "sha-256 00", () => default, _time);
        var keeper = new SlotKeeper(table, Fleet, self, records, Peers, _time, () => Now, Events.Add, Log);
        Peers.Listen(link, self.IncarnationText);
        return Members[shard] = new Member(self, link, table, keeper);
    }

    /// <summary>kill -9.</summary>
    public void Kill(int shard)
    {
        if (Members.Remove(shard, out Member? member)) Peers.Close(member.Link);
    }

    /// <summary>SIGSTOP. Put it back into <see cref="Members"/>, and let it answer, to continue it.</summary>
    public Member Freeze(int shard)
    {
        Member frozen = Members[shard];
        Members.Remove(shard);
        Peers.Silence(frozen.Link);
        return frozen;
    }

    public void Continue(Member frozen)
    {
        Members[frozen.Self.Shard] = frozen;
        Peers.Answer(frozen.Link);
    }

    public async Task StepAsync(params int[] shards)
    {
        foreach (int shard in shards)
        {
            if (Members.TryGetValue(shard, out Member? member)) await member.Keeper.StepAsync(CancellationToken.None);
        }
    }

    /// <summary>Everyone steps as often as the record is renewed.</summary>
    public async Task RunAsync(double seconds)
    {
        for (Instant end = Now + TimeSpan.FromSeconds(seconds); Now < end;)
        {
            _time.Advance(Renew);
            await StepAsync([.. Members.Keys]);
        }
    }

    public async Task LeaveAsync(int shard)
    {
        Task leaving = Members[shard].Keeper.LeaveAsync(CancellationToken.None);
        while (!leaving.IsCompleted)
        {
            _time.Advance(Renew);
            await Task.WhenAny(leaving, Task.Delay(1));
        }
        await leaving;
        Kill(shard);
    }

    public void Advance(TimeSpan time) => _time.Advance(time);

    public SlotRecord? Record(int slot)
        => Store.Peek(ComponentNames.Sessions, StateKeys.Slot(Fleet.Region, slot), ContractsJson.Default.SlotRecord);

    public int SlotOf(Member member) => Enumerable.Range(0, Slots).First(member.Table.IsServed);

    /// <summary>Each slot is served by the one that the record names, with its epoch, and by no other.</summary>
    public void AssertSettled()
    {
        for (int slot = 0; slot < Slots; slot++)
        {
            Member[] serving = [.. Members.Values.Where(m => m.Table.IsServed(slot))];
            Member owner = Assert.Single(serving);
            SlotRecord? record = Record(slot);
            Assert.Equal((owner.Self.Shard, owner.Self.IncarnationText, owner.Table.EpochOf(slot)),
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

    public sealed record Member(OwnerIdentity Self, string Link, SlotTable Table, SlotKeeper Keeper);
}
