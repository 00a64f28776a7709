using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Dapr.Voice.Tests.Unit.Docs;
using Xunit;

namespace Dapr.Voice.Tests.Unit;

/// <summary>
/// What an event carries, docs/events.schema.json and docs/events.md say the same. The tests of the services that publish and of the whole
/// system hold the same schema against what they receive.
/// </summary>
public sealed partial class LifecycleEventTests
{
    private static readonly DateTimeOffset Origin = new(2026, 11, 30, 3, 14, 15, 926, TimeSpan.Zero);

    private static readonly string[] Types = [.. typeof(LifecycleEventTypes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (string)field.GetRawConstantValue()!)];

    private static readonly SessionEndReason[] EndReasons = [.. Enum.GetValues<SessionEndReason>().Except([SessionEndReason.None])];

    private static readonly SessionRecord Session = new()
    {
        CallId = "rtc_sweden-central_abcdefghij234",
        Region = "sweden-central",
        Slot = 1,
        OwnerAppId = "transceiver-00",
        Agent = "echo",
        LocalUfrag = "ufrag",
        Offer = new OfferFacts("cafe", [], true, null, null, null, null, true, true, null, 0),
        Answer = new AnswerFacts(1, "voice", "a b"),
        MaximumSeconds = 60,
        ClientKind = "internal",
        CreatedAt = Origin,
    };

    private static SessionRecord Ended(SessionEndReason reason) => Session with
    {
        State = SessionState.Ended,
        EndReason = reason,
        Statistics = new SessionStatistics(1, 2, 0, 0.25, null, 3),
    };

    private static string Json(string type, SessionRecord session, string source = "/voice/sweden-central/signaling/a1b2")
        => JsonSerializer.Serialize(
            LifecycleEvent.ForSession(type, session, 1, source, Origin), ContractsJson.Default.LifecycleEvent);

    private static HashSet<string> Names(JsonElement schema)
        => [.. schema.GetProperty("properties").EnumerateObject().Select(property => property.Name)];

    private static HashSet<string> Names<T>(JsonTypeInfo<T> type) => [.. type.Properties.Select(property => property.Name)];

    private static HashSet<string> Words(JsonElement schema)
        => [.. schema.GetProperty("enum").EnumerateArray().Select(word => word.GetString()!)];

    public static TheoryData<string> AllTypes() => [.. Types];

    public static TheoryData<SessionEndReason> Reasons() => [.. EndReasons];

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Event_OfEachType_IsAsTheSchemaSays(string type)
        => Assert.Empty(EventSchema.Problems(Json(type, Ended(SessionEndReason.ClientHangup))));

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Event_OfAnEnd_HasItsReason(SessionEndReason reason)
        => Assert.Empty(EventSchema.Problems(Json(LifecycleEventTypes.SessionEnded, Ended(reason))));

    // Some SDKs hand a subscriber the data alone (docs/dapr.md).
    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Data_OfEachType_HasTypeAndTimeOfItsEvent(string type)
    {
        JsonObject published = JsonNode.Parse(Json(type, Session))!.AsObject();
        Assert.Equal((type, (string?)published["time"]), ((string?)published["data"]!["type"], (string?)published["data"]!["time"]));
    }

    [Fact]
    public void Schema_HasExactlyTheFieldsThatAreWritten()
    {
        JsonElement data = EventSchema.Root.GetProperty("properties").GetProperty("data");
        JsonElement definitions = EventSchema.Root.GetProperty("$defs");
        Assert.Equal(Names(ContractsJson.Default.LifecycleEvent), Names(EventSchema.Root));
        Assert.Equal(Names(ContractsJson.Default.LifecycleData), Names(data));
        Assert.Equal(Names(ContractsJson.Default.SessionStatistics), Names(definitions.GetProperty("statistics")));
        Assert.Equal(Types.ToHashSet(StringComparer.Ordinal), Words(definitions.GetProperty("type")));
        Assert.Equal(EndReasons.Select(reason => JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()))
            .ToHashSet(StringComparer.Ordinal), Words(data.GetProperty("properties").GetProperty("reason")));
    }

    public static TheoryData<string, string> WrongEvents() => new()
    {
        { "a field that nobody described", "\"agent\":\"echo\",\"prompt\":\"x\"" },
        { "no agent", "\"noAgent\":1" },
        { "an agent that is a number", "\"agent\":7" },
    };

    [Theory]
    [MemberData(nameof(WrongEvents))]
    public void Schema_OfAWrongEvent_SaysSo(string fault, string instead)
    {
        string right = Json(LifecycleEventTypes.SessionCreated, Session);
        Assert.Empty(EventSchema.Problems(right));
        string wrong = right.Replace("\"agent\":\"echo\"", instead, StringComparison.Ordinal);
        Assert.NotEqual(right, wrong);
        Assert.True(EventSchema.Problems(wrong).Count > 0, fault);
    }

    [Fact]
    public void Schema_OfAnEndWithoutReason_AndOfAReasonWithoutEnd_SaysSo()
    {
        Assert.NotEmpty(EventSchema.Problems(Json(LifecycleEventTypes.SessionEnded, Ended(SessionEndReason.ClientHangup))
            .Replace("\"reason\":\"client_hangup\",", "", StringComparison.Ordinal)));
        Assert.NotEmpty(EventSchema.Problems(Json(LifecycleEventTypes.SessionCreated, Session)
            .Replace("\"agent\":", "\"reason\":\"error\",\"agent\":", StringComparison.Ordinal)));
    }

    [Fact]
    public void Page_HasARowForEachTypeFieldAndReason_AndExamplesThatAreRight()
    {
        string page = Repository.Read("docs/events.md");
        JsonElement data = EventSchema.Root.GetProperty("properties").GetProperty("data");
        foreach (string name in (string[])[.. Types, .. Names(EventSchema.Root), .. Names(data),
            .. Names(EventSchema.Root.GetProperty("$defs").GetProperty("statistics")),
            .. Words(data.GetProperty("properties").GetProperty("reason"))])
            Assert.True(page.Contains($"| `{name}` |", StringComparison.Ordinal), $"docs/events.md has no row for {name}");
        string[] examples = [.. Example().Matches(page).Select(block => block.Groups[1].Value)
            .Where(block => block.Contains("\"type\": \"voice.session.", StringComparison.Ordinal))];
        Assert.All(examples, example => Assert.Empty(EventSchema.Problems(example)));
        Assert.Equal(Types.Order(StringComparer.Ordinal), examples
            .Select(example => (string)JsonNode.Parse(example)!["type"]!).Distinct().Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
