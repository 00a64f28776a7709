using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;

namespace Dapr.Voice.Tests.Integration.Cli;

/// <summary><c>--app ID=SIDECAR_PORT[,APP_PORT]</c>: what people write by mistake, and what they are told.</summary>
public sealed class AppArgumentTests
{
    [Theory]
    [InlineData("x=8080", "between 3500 and 3999, and 8080 is not", "=3700,8080")]
    [InlineData("x=4700", "4700 is the gRPC port of one", "name the HTTP port, 3700")]
    [InlineData("x=3700,3701", "3701 is for a sidecar", "another APP_PORT")]
    [InlineData("x=3700,4700", "4700 is for a sidecar", "another APP_PORT")]
    [InlineData("x=3700,0", "is not ID=SIDECAR_PORT[,APP_PORT]", "--app billing=3700,9000")]
    [InlineData("x/y=3700", "'x/y' is no app id", "--app billing=3700,9000")]
    public void Parse_OfAMistake_SaysWhatIsMeant(string text, string what, string fix)
    {
        CommandFailedException refused = Assert.Throws<CommandFailedException>(() => AppArgument.Parse(text));
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Contains(fix, refused.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void HttpApp_OfTheUser_GetsOneCallAtATimeFromEitherSidecar()
    {
        var app = AppArgument.Parse("mine=3700,9000");
        Assert.Equal("1", Value(DaprdArguments.For(app, "components"), "--app-max-concurrency"));
        Assert.Equal("mine=1", Value([.. app.ForDevelopmentSidecar()], "--app-max-concurrency"));
        var caller = AppArgument.Parse("caller=3701");
        Assert.DoesNotContain("--app-max-concurrency", DaprdArguments.For(caller, "components"));
        Assert.DoesNotContain("--app-max-concurrency", caller.ForDevelopmentSidecar());
    }

    private static string Value(IReadOnlyList<string> arguments, string name) => arguments[arguments.ToList().IndexOf(name) + 1];
}
