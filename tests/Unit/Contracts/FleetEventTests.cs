using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Dapr.Voice.Tests.Unit.Docs;
using Xunit;

namespace Dapr.Voice.Tests.Unit;

/// <summary>What an event of the fleet carries, docs/fleet-events.schema.json and docs/events.md say the same.</summary>
public sealed partial class FleetEventTests
{
    private const string Source = "/voice/local/transceiver-01/06b3d1f27c8844e0", Incarnation = "06b3d1f27c8844e0";
    private static readonly DateTimeOffset Origin = new(2026, 11, 30, 3, 14, 15, 926, TimeSpan.Zero);

    private static readonly string[] Types = [.. typeof(FleetEventTypes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (string)field.GetRawConstantValue()!)];

    private static FleetEvent Of(string type) => type switch
    {
        FleetEventTypes.SlotMoved => FleetEvent.OfSlot("local", 17, "transceiver-00", "transceiver-01", 5, "hand_over", Source, Origin),
        FleetEventTypes.IngressLost => FleetEvent.OfIngress("local", "transceiver-01", Incarnation, "relay-1", 1, 3, Source, Origin),
        _ => FleetEvent.OfTransceiver(type, "local", "transceiver-01", Incarnation, 42, Source, Origin),
    };

    private static string Json(FleetEvent occurred) => JsonSerializer.Serialize(occurred, ContractsJson.Default.FleetEvent);

    private static HashSet<string> Names(JsonElement schema)
        => [.. schema.GetProperty("properties").EnumerateObject().Select(property => property.Name)];

    public static TheoryData<string> AllTypes() => [.. Types];

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Event_OfEachType_IsAsTheSchemaSays(string type)
        => Assert.Empty(EventSchema.Problems(Json(Of(type)), EventSchema.Fleet));

    [Fact]
    public void Event_OfASlotWithoutAnOwnerBefore_IsAsTheSchemaSays() => Assert.Empty(EventSchema.Problems(
        Json(FleetEvent.OfSlot("local", 0, from: null, "transceiver-00", 1, "claimed", Source, Origin)), EventSchema.Fleet));

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Event_ToldAgain_HasTheSameId(string type) => Assert.Equal(Of(type).Id, (Of(type) with { Time = Origin.AddHours(1) }).Id);

    [Fact]
    public void Event_OfAnotherEpochOrProcess_HasAnotherId()
    {
        Assert.NotEqual(Of(FleetEventTypes.SlotMoved).Id,
            FleetEvent.OfSlot("local", 17, "transceiver-00", "transceiver-01", 6, "hand_over", Source, Origin).Id);
        Assert.Equal(Types.Length, Types.Select(type => Of(type).Id).Distinct().Count());
    }

    [Fact]
    public void Schema_HasExactlyTheFieldsThatAreWritten()
    {
        JsonElement data = EventSchema.Fleet.GetProperty("properties").GetProperty("data");
        Assert.Equal(ContractsJson.Default.FleetEvent.Properties.Select(p => p.Name).ToHashSet(), Names(EventSchema.Fleet));
        Assert.Equal(ContractsJson.Default.FleetData.Properties.Select(p => p.Name).ToHashSet(), Names(data));
        Assert.Equal(Types.ToHashSet(), EventSchema.Fleet.GetProperty("$defs").GetProperty("type").GetProperty("enum").EnumerateArray()
            .Select(word => word.GetString()!).ToHashSet());
    }

    [Theory]
    [InlineData("\"epoch\":5,", "")]
    [InlineData("\"cause\":\"hand_over\"", "\"cause\":\"Hand Over\"")]
    [InlineData("\"slot\":17", "\"slot\":17,\"callId\":\"x\"")]
    public void Schema_OfAWrongEvent_SaysSo(string right, string wrong)
    {
        string json = Json(Of(FleetEventTypes.SlotMoved));
        Assert.Contains(right, json, StringComparison.Ordinal);
        Assert.NotEmpty(EventSchema.Problems(json.Replace(right, wrong, StringComparison.Ordinal), EventSchema.Fleet));
    }

    [Fact]
    public void Page_HasARowForEachTypeAndField_AndExamplesThatAreRight()
    {
        string page = Repository.Read("docs/events.md");
        foreach (string name in (string[])[.. Types, .. Names(EventSchema.Fleet.GetProperty("properties").GetProperty("data"))])
            Assert.True(page.Contains($"| `{name}` |", StringComparison.Ordinal), $"docs/events.md has no row for {name}");
        string[] examples = [.. Example().Matches(page).Select(block => block.Groups[1].Value)
            .Where(block => block.Contains("\"specversion\"", StringComparison.Ordinal)
                && !block.Contains("\"type\": \"voice.session.", StringComparison.Ordinal))];
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Empty(EventSchema.Problems(example, EventSchema.Fleet)));
        Assert.All(examples, example => Assert.Contains((string)JsonNode.Parse(example)!["type"]!, Types));
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
