using System.Net;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Signaling.Placement;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class ShardDemandTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    [Theory]
    [InlineData(new[] { 0, 0 }, 0)]
    [InlineData(new[] { 32, 32 }, 2)]
    [InlineData(new[] { 33, 32 }, 3)]
    [InlineData(new[] { 40, 40 }, 3)]
    [InlineData(new[] { 33, 32, 0 }, 3)]
    [InlineData(new[] { 20, 20, 24 }, 3)]
    [InlineData(new[] { 2, 0, 0 }, 1)]
    [InlineData(new[] { 0, 0, 1 }, 3)]
    public void Of_SessionsOfShardsOfForty_IsOneMoreAtFourFifthsAndNeverLessThanThoseWithCalls(int[] sessions, int wanted)
        => Assert.Equal(wanted, ShardDemand.Of(Fleet(sessions)).Wanted);

    [Fact]
    public void Of_OwnerThatIsLate_CountsItAsFull()
        => Assert.Equal(3, ShardDemand.Of(Fleet([20, 20], lateness: 50)).Wanted);

    [Fact]
    public void Of_NoOwner_IsNone()
        => Assert.Equal(0, ShardDemand.Of(Fleet([])).Wanted);

    [Fact]
    public async Task ScaleShards_Asked_AnswersTheNumberUnderTheNameThatTheScaleRuleReads()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(withOwner: false);
        await signaling.AddOwnerAsync(0, slots: [0], sessions: 9, capacity: 10);

        using var answer = JsonDocument.Parse(await (await AskAsync(signaling)).Content.ReadAsStringAsync());

        Assert.Equal(2, answer.RootElement.GetProperty("wanted").GetInt32());
    }

    [Fact]
    public async Task ScaleShards_FleetUnknown_Answers503SoThatTheRuleChangesNothing()
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync();
        signaling.Time.Advance(TimeSpan.FromSeconds(30));

        using HttpResponseMessage answer = await AskAsync(signaling);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    private static FleetSnapshot Fleet(int[] sessions, double lateness = 0) => new(
        sessions.Select((count, shard) => (new TransceiverRecord(
        "local", shard, $"i{shard}", AppIds.Transceiver(shard), [], 40, count, lateness, false, Now), Instant.Never)),
        sessions.Select((_, shard) => new SlotRecord("local", shard, shard, $"i{shard}", 1)),
        Instant.Zero, maximumLatenessMilliseconds: 5);

    private static Task<HttpResponseMessage> AskAsync(SignalingHarness signaling)
        => signaling.SendAsync(HttpMethod.Get, "/scale/shards", null, null, ("dapr-api-token", SignalingHarness.AppToken));
}
