using System.Text.Json.Nodes;
using Xunit;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>What one <c>./voice</c> command left: exit status and what it said.</summary>
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

    /// <summary>It failed with one line that says what went wrong and one with what to do; no stack trace.</summary>
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
