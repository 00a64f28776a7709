using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Commands;
using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Tests.Integration.Cli;

/// <summary>The lines and the option <c>--since</c> of <c>./voice events</c>.</summary>
public sealed class EventLineTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Lines_OfTimesOfAnyPrecision_HaveTheirColumnsBelowEachOther()
    {
        string created = EventLine.Of(Event("voice.session.created.v1", "2026-11-30T08:00:00+00:00", 1, ""));
        string ended = EventLine.Of(Event("voice.session.ended.v1", "2026-11-30T09:00:12.3456789+01:00", 3,
            ""","reason":"client_hangup","statistics":{"durationMilliseconds":12345}"""));
        Assert.Equal("2026-11-30T08:00:00.000Z  voice.session.created.v1    rtc_local_abcdefghijklm/1     echo", created);
        Assert.Equal(
            "2026-11-30T08:00:12.345Z  voice.session.ended.v1      rtc_local_abcdefghijklm/3     echo           12.3 s  client_hangup",
            ended);
    }

    [Fact]
    public void Line_OfAnEventWithoutData_IsNoError() => Assert.Contains("x.v1", EventLine.Of(new JsonObject { ["type"] = "x.v1" }),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("90s", "2026-11-30T07:58:30Z")]
    [InlineData("10m", "2026-11-30T07:50:00Z")]
    [InlineData("2h", "2026-11-30T06:00:00Z")]
    [InlineData("1d", "2026-11-29T08:00:00Z")]
    [InlineData("2026-11-30T07:00:00Z", "2026-11-30T07:00:00Z")]
    public void Since_OfADurationOrATime_IsThatTime(string given, string time)
        => Assert.Equal(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture), EventLine.Since(given, Now));

    [Theory]
    [InlineData("yesterday")]
    [InlineData("-5m")]
    [InlineData("m")]
    [InlineData("4000000000d")]
    public void Since_OfSomethingElse_IsRefusedWithAnExample(string given)
        => Assert.Contains("--since 10m", Assert.Throws<CommandFailedException>(() => EventLine.Since(given, Now)).Fix,
        StringComparison.Ordinal);

    private static JsonObject Event(string type, string time, int sequence, string more) => JsonNode.Parse(
        $$$"""{"id":"rtc_local_abcdefghijklm/{{{sequence}}}","type":"{{{type}}}","time":"{{{time}}}","data":{"agent":"echo"{{{more}}}}}""")!
        .AsObject();
}
