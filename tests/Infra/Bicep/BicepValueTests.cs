using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Bicep;

public sealed class BicepValueTests
{
    private static readonly BicepObject Body = new(SourceSpan.None,
    [
        new BicepProperty("properties", new BicepObject(SourceSpan.None, [new BicepProperty("Port", new BicepInteger(SourceSpan.None, 80), SourceSpan.None)]), SourceSpan.None),
        new BicepProperty("ip", new BicepRuntime(SourceSpan.None, BicepTypeHint.String, ":env.properties.staticIp"), SourceSpan.None),
    ]);

    [Fact]
    public void At_PathInOtherCase_FindsTheValueAsArmDoes() => Assert.Equal(80, ((BicepInteger)Body.At("Properties.port")!).Value);

    [Fact]
    public void At_StepThatIsNoObject_IsNull() => Assert.Null(Body.At("properties.port.x"));

    [Fact]
    public void ToString_RuntimeValue_IsInBrackets() => Assert.Equal("""{"properties":{"Port":80},"ip":"[:env.properties.staticIp]"}""", Body.ToString());

    [Fact]
    public void IsKnown_RuntimeValueBelow_IsFalse() => Assert.False(Body.IsKnown);
}
