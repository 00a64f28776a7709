using System.Globalization;
using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>docs/exit-codes.md and the enum say the same, and no other place makes up codes.</summary>
public sealed partial class ExitCodeTests
{
    [Fact]
    public void Table_OfTheDocument_IsTheEnum()
    {
        IEnumerable<(int, string)> documented = Row().Matches(Repository.Read("docs/exit-codes.md"))
            .Select(row => (int.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture), row.Groups[2].Value));
        Assert.Equal(Enum.GetValues<ExitCode>().Select(code => ((int)code, code.ToString())), documented);
    }

    [Fact]
    public void Services_SetTheExitCodeInOnePlace()
    {
        List<string> offenders = [.. Repository.TextFiles
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && !file.StartsWith("tests/", StringComparison.Ordinal))
            .Where(file => Repository.Read(file) is var text
                && (text.Contains("Environment.ExitCode =", StringComparison.Ordinal)
                || text.Contains("Environment.Exit(", StringComparison.Ordinal)))];
        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"^\| (\d+) \| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
