using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Tests.Infra.Bicep;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Checks;

/// <summary>Front Door's route against what signaling serves: the page and the API pass, and the fleet's own paths do not.</summary>
public sealed partial class FrontDoorRouteTests
{
    /// <summary>A route of the Standard tier takes no more patterns.</summary>
    private const int MaximumPatterns = 25;

    private static readonly string[] Patterns = ReadPatterns();

    public static TheoryData<string> PagePaths()
    {
        string web = Path.Combine(Checkout.Root, "web");
        return [.. Directory.EnumerateFiles(web, "*", SearchOption.AllDirectories)
            .Select(file => "/" + Path.GetRelativePath(web, file).Replace('\\', '/'))
            .Where(path => !path.EndsWith(".md", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [MemberData(nameof(PagePaths))]
    public void Route_ToAFileOfThePage_Passes(string path) => Assert.Contains(Patterns, pattern => FrontDoorRules.Matches(pattern, path));

    [Theory]
    [InlineData("/")]
    [InlineData("/v1/realtime/calls")]
    [InlineData("/openai/v1/realtime/calls")]
    [InlineData("/demo/token")]
    public void Route_OfACaller_Passes(string path) => Assert.Contains(Patterns, pattern => FrontDoorRules.Matches(pattern, path));

    [Theory]
    [InlineData("/internal/v1/sessions")]
    [InlineData("/Internal/v1/sessions")]
    [InlineData("/scale/shards")]
    [InlineData("/dapr/subscribe")]
    [InlineData("/readyz")]
    public void Route_OfTheFleet_DoesNotPass(string path)
        => Assert.DoesNotContain(Patterns, pattern => FrontDoorRules.Matches(pattern, path));

    [Fact]
    public void Route_Patterns_AreNoMoreThanARouteTakes() => Assert.InRange(Patterns.Length, 1, MaximumPatterns);

    private static string[] ReadPatterns()
    {
        string module = File.ReadAllText(Path.Combine(Checkout.Root, "infra", "bicep", "modules", "front-door.bicep"));
        return [.. Quoted().Matches(List().Match(module).Groups[1].Value).Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex(@"patternsToMatch: \[([^\]]*)\]")]
    private static partial Regex List();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex Quoted();
}
