using System.Text.Json.Nodes;
using Xunit;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>The exit status and the output of one <c>./voice</c> command.</summary>
public sealed record CommandResult(string Command, int Status, string Output, string Error, TimeSpan Took)
{
    /// <summary>The one object that <c>--json</c> prints.</summary>
    public JsonObject Json
    {
        get
        {
            string[] lines = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(lines.Length == 1, $"{this}: one line of JSON expected");
            return JsonNode.Parse(lines[0])!.AsObject();
        }
    }

    public CommandResult Succeeded()
    {
        Assert.True(Status == 0, ToString());
        return this;
    }

    /// <summary>
    /// Asserts that it failed with one line that says what went wrong, one line that says what to do, and no stack trace.
    /// </summary>
    public CommandResult Failed(string what, string fix)
    {
        Assert.True(Status == 1, ToString());
        string[] lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 2, ToString());
        Assert.StartsWith("voice: ", lines[^2], StringComparison.Ordinal);
        Assert.StartsWith("       -> ", lines[^1], StringComparison.Ordinal);
        Assert.Contains(what, lines[^2], StringComparison.Ordinal);
        Assert.Contains(fix, lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return this;
    }

    public override string ToString() => $"voice {Command}: status {Status} after {Took.TotalSeconds:0.0} s\n{Output}\n{Error}";
}
