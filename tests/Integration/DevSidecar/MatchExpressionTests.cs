using System.Text.Json;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

public sealed class MatchExpressionTests
{
    private const string Event =
        """{"type":"voice.session.ended.v1","source":"/voice/eu","data":{"n":5,"tags":["a","b"],"ok":true,"none":null},"subject":"it's"}""";

    [Theory]
    [InlineData("event.type == \"voice.session.ended.v1\"", true)]
    [InlineData("event.type == 'voice.session.ended.v1' && event.data.n > 1", true)]
    [InlineData("event.type != \"x\" && !(event.data.n > 5)", true)]
    [InlineData("event.data.n >= 5 && event.data.n <= 5 && event.data.n < 6", true)]
    [InlineData("event.data.n > 5 || event.type.startsWith(\"voice.\")", true)]
    [InlineData("event.type.endsWith(\".v2\") || event.type.contains('session')", true)]
    [InlineData("event.type in [\"a\", \"voice.session.ended.v1\"]", true)]
    [InlineData("\"a\" in event.data.tags && event.data.tags[1] == \"b\" && size(event.data.tags) == 2", true)]
    [InlineData("event.data[\"n\"] == 5", true)]
    [InlineData("has(event.data.n) && !has(event.data.m)", true)]
    [InlineData("event.data.ok", true)]
    [InlineData("event.data.none == null", true)]
    [InlineData("event.subject == \"it's\"", true)]
    [InlineData("true", true)]
    [InlineData("event.type == \"x\"", false)]
    [InlineData("event.missing == \"x\"", false)]
    [InlineData("event.missing != \"x\"", false)]
    [InlineData("event.type > 5", false)]
    [InlineData("event.data", false)]
    [InlineData("event.type", false)]
    public void Matches_Rule_IsDecided(string rule, bool expected)
    {
        Assert.True(MatchExpression.TryParse(rule, out MatchExpression? expression, out string? problem), problem);
        using var document = JsonDocument.Parse(Event);
        Assert.Equal(expected, expression!.Matches(document.RootElement));
    }

    [Theory]
    [InlineData("")]
    [InlineData("event.type ==")]
    [InlineData("event.type = \"x\"")]
    [InlineData("event.type == \"x")]
    [InlineData("(event.type == \"x\"")]
    [InlineData("event.type == \"x\")")]
    [InlineData("data.n == 1")]
    [InlineData("event.type.matches(\"x\")")]
    [InlineData("event..type")]
    public void TryParse_RuleThatCannotBeRead_SaysWhere(string rule)
    {
        Assert.False(MatchExpression.TryParse(rule, out _, out string? problem));
        Assert.Contains("at character", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_DeepNesting_IsRefusedAndDoesNotOverflow()
        => Assert.False(MatchExpression.TryParse(new string('(', 2_000) + "true" + new string(')', 1_990), out _, out _));

    [Fact]
    public void TryParse_DeepNegation_IsRefusedAndDoesNotOverflow()
        => Assert.False(MatchExpression.TryParse(new string('!', 3_000) + "true", out _, out _));
}
