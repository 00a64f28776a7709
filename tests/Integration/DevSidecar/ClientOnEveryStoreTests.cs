using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Tests.Integration.DaprContract;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

internal sealed record Holder(string Name, int Epoch);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Holder))]
internal sealed partial class HolderJson : JsonSerializerContext;

/// <summary>Our interfaces have the same meaning on all six stores, although the stores answer differently.</summary>
public sealed class ClientOnEveryStoreTests
{
    public static TheoryData<string, string> Stores => new()
    {
        { "state.redis", "v1" }, { "state.in-memory", "v1" }, { "state.sqlite", "v1" }, { "state.postgresql", "v2" },
            { "state.azure.tablestorage", "v1" }, { "state.azure.blobstorage", "v2" },
    };

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Ownership_TwoContenders_OneWinsOnEveryStore(string type, string version)
    {
        await using SidecarUnderTest sidecar = await StartAsync(type, version);
        await using var client = new SidecarClient(sidecar);
        IStateStore store = client.State;
        var ours = new Holder("a", 1);
        var theirs = new Holder("b", 1);

        Assert.Equal(StateWriteOutcome.Written,
            (await store.TryCreateAsync("sessions", "slot.eu.1", ours, HolderJson.Default.Holder)).Outcome);
        Assert.Equal(StateWriteOutcome.Conflict,
            (await store.TryCreateAsync("sessions", "slot.eu.1", theirs, HolderJson.Default.Holder)).Outcome);
        Sidecar.StateEntry<Holder> read = (await store.GetAsync("sessions", "slot.eu.1", HolderJson.Default.Holder))!;
        Assert.Equal(ours, read.Value);

        Assert.Equal(StateWriteOutcome.Written,
            (await store.TrySaveAsync("sessions", "slot.eu.1", ours with { Epoch = 2 }, read.ETag, HolderJson.Default.Holder,
            TimeSpan.FromHours(1))).Outcome);
        Assert.Equal(StateWriteOutcome.Conflict,
            (await store.TrySaveAsync("sessions", "slot.eu.1", theirs with { Epoch = 2 }, read.ETag, HolderJson.Default.Holder)).Outcome);
        Assert.Equal(StateWriteOutcome.Written,
            (await store.SaveAsync("sessions", "slot.eu.1", theirs with { Epoch = 3 }, HolderJson.Default.Holder)).Outcome);
        Assert.Equal(StateWriteOutcome.Conflict, (await store.DeleteAsync("sessions", "slot.eu.1", read.ETag)).Outcome);

        Assert.Equal(StateWriteOutcome.Written,
            (await store.SaveAsync("sessions", "checkpoint.1", ours, HolderJson.Default.Holder)).Outcome);
        StateBulkReadResult<Holder> bulk = await store.GetBulkAsync(
            "sessions", ["slot.eu.1", "checkpoint.1", "none"], HolderJson.Default.Holder);
        Assert.Equal([ours, theirs with { Epoch = 3 }], bulk.Entries.Values.Select(e => e.Value).OrderBy(v => v!.Name));
        Assert.Equal(StateWriteOutcome.Written, (await store.DeleteAsync("sessions", "slot.eu.1", bulk.Entries["slot.eu.1"].ETag)).Outcome);
        Assert.Equal(StateReadOutcome.Missing, (await store.ReadAsync("sessions", "slot.eu.1", HolderJson.Default.Holder)).Outcome);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Outage_KilledStore_EveryCallIsUnavailableWithinItsDeadline(string type, string version)
    {
        await using SidecarUnderTest sidecar = await StartAsync(type, version);
        await using var client = new SidecarClient(sidecar, o => o.StateTimeout = TimeSpan.FromMilliseconds(50));
        IStateStore store = client.State;
        sidecar.Host.SetOutage("sessions", OutageState.Frozen);
        Assert.Equal(StateReadOutcome.Unavailable, (await store.ReadAsync("sessions", "k", HolderJson.Default.Holder)).Outcome);
        Assert.Equal(StateWriteOutcome.Unavailable,
            (await store.TryCreateAsync("sessions", "k", new Holder("a", 1), HolderJson.Default.Holder)).Outcome);
        Assert.Equal(StateReadOutcome.Unavailable, (await store.GetBulkAsync("sessions", ["k"], HolderJson.Default.Holder)).Outcome);
        Assert.True(await client.Health.IsOutboundHealthyAsync());
        Assert.Equal(3, client.Health.ConsecutiveFailures);
    }

    private static Task<SidecarUnderTest> StartAsync(string type, string version)
        => SidecarUnderTest.StartAsync(
            _ => [SidecarUnderTest.Component("sessions", type, SidecarUnderTest.Metadata("keyPrefix", "none"), version: version)], o => o,
            new AppSpec("signaling", 0));
}
