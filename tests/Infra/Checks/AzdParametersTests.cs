using System.Text.Json.Nodes;
using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Azd;
using Dapr.Voice.Infra.Documents;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Checks;

/// <summary>main.parameters.json is filled as azd fills it: text becomes what the template declares.</summary>
public sealed class AzdParametersTests
{
    [Theory]
    [InlineData("relays", "VOICE_RELAYS", "3", "3")]
    [InlineData("relays", "VOICE_RELAYS", "", "1")]
    [InlineData("relays", "VOICE_RELAYS", "three", "\"three\"")]
    [InlineData("logDailyQuotaGb", "VOICE_LOG_DAILY_QUOTA_GB", "-1", "-1")]
    [InlineData("globalLoadBalancer", "VOICE_GLOBAL_LOAD_BALANCER", "true", "true")]
    [InlineData("edge", "VOICE_EDGE", "udp-edge", "\"udp-edge\"")]
    [InlineData("agentName", "VOICE_AGENT_NAME", "12", "\"12\"")]
    [InlineData("subscribers", "VOICE_SUBSCRIBERS_JSON", """["call-log"]""", """["call-log"]""")]
    [InlineData("regions", "VOICE_REGIONS_JSON", """[{"location":"a","number":1,"shards":2}]""",
        """[{"location":"a","number":1,"shards":2}]""")]
    public void Values_TextOfAVariable_HasTheTypeThatTheTemplateDeclares(string parameter, string variable, string text, string value)
        => Assert.Equal(value, Values((variable, text))[parameter]?.ToJsonString());

    [Fact]
    public void Values_VariableThatIsNotSet_LeavesTheParameterToTheTemplate()
    {
        Dictionary<string, JsonNode?> values = Values();
        Assert.DoesNotContain("regions", values.Keys);
        Assert.DoesNotContain("agentUrl", values.Keys);
        Assert.Equal("\"aca-tcp\"", values["edge"]?.ToJsonString());
    }

    private static Dictionary<string, JsonNode?> Values(params (string Name, string Value)[] variables)
    {
        List<Finding> findings = [];
        AzdParameters parameters = AzdParameters.Load(SourceTree.FromDisk(Checkout.Root), "infra/bicep/main.parameters.json", findings)!;
        Assert.Empty(findings);
        return parameters.Values(variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal))
            .ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal);
    }
}
