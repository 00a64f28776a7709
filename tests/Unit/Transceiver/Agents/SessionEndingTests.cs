using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Agents;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

public sealed class SessionEndingTests
{
    public static TheoryData<SessionEndReason> Told() => [.. Enum.GetValues<SessionEndReason>().Where(SessionEnding.IsTold)];

    [Theory]
    [MemberData(nameof(Told))]
    public void SayEnd_EachReasonOfTheServer_IsOneEventWithTheWordOfTheRecord(SessionEndReason reason)
    {
        using var host = new FakeAgentHost();
        using var channel = new ClientChannel(host);
        channel.Open();
        channel.SendEnd(reason, message: null);
        JsonElement error = Assert.Single(host.Events).GetProperty("error");
        Assert.Equal("session_ended", error.GetProperty("type").GetString());
        Assert.Equal(JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()), error.GetProperty("code").GetString());
        Assert.EndsWith(".", error.GetProperty("message").GetString());
    }

    [Fact]
    public void IsTold_EndsThatTheCallerMade_AreNot()
        => Assert.Equal([SessionEndReason.None, SessionEndReason.ClientHangup],
        Enum.GetValues<SessionEndReason>().Where(reason => !SessionEnding.IsTold(reason)));

    [Fact]
    public void AfterSilence_Text_IsTheEventOfThatReason()
    {
        JsonElement e = JsonDocument.Parse(SessionEnding.AfterSilence).RootElement;
        Assert.Equal("error", e.GetProperty("type").GetString());
        Assert.NotEmpty(e.GetProperty("event_id").GetString()!);
        Assert.Equal(("session_ended", "consent_expired"),
            (e.GetProperty("error").GetProperty("type").GetString(), e.GetProperty("error").GetProperty("code").GetString()));
    }
}
