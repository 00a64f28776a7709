using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Infra.Containers;

/// <summary>
/// Base images are named by their digest, because a tag can be moved to another image. <c>services/base-images.json</c> is the one list of
/// them, and <c>services/pin-base-images.sh</c> fills it where there is a network. An image without a digest in the list is one that nobody
/// has looked up yet: its tag stands alone. Nothing else may.
/// </summary>
public sealed partial class BaseImageTests(ITestOutputHelper output)
{
    private static readonly JsonObject Listed = JsonNode.Parse(File.ReadAllText(Checkout.File("services", "base-images.json")))!.AsObject();

    private static IEnumerable<string> Paths => new[] { "services", "samples" }
        .SelectMany(folder => Directory.EnumerateFiles(Checkout.File(folder), "Dockerfile", SearchOption.AllDirectories))
        .Select(file => Path.GetRelativePath(Checkout.Root, file)).Order(StringComparer.Ordinal);

    public static TheoryData<string> Dockerfiles => [.. Paths];

    [Theory]
    [MemberData(nameof(Dockerfiles))]
    public void Dockerfile_EachBase_IsInTheListAndHasItsDigest(string dockerfile)
        => Assert.Empty(Problems(File.ReadAllText(Checkout.File(dockerfile)), Listed));

    [Fact]
    public void List_HasNoImageThatNobodyUses()
    {
        string all = string.Concat(Paths.Select(path => File.ReadAllText(Checkout.File(path))));
        Assert.All(Listed, image => Assert.Contains($"FROM {image.Key}", all, StringComparison.Ordinal));
        output.WriteLine($"base images without a digest: {Listed.Count(image => image.Value is null)} of {Listed.Count}");
    }

    [Theory]
    [InlineData("FROM a.example/x:1", "a tag alone where the list has a digest")]
    [InlineData("FROM a.example/x:1@sha256:0000000000000000000000000000000000000000000000000000000000000000", "another digest")]
    [InlineData("FROM a.example/y:1", "an image that is not listed")]
    [InlineData("FROM a.example/x", "neither tag nor digest")]
    public void Dockerfile_WrongBase_IsRefused(string line, string why)
    {
        var listed = new JsonObject { ["a.example/x:1"] = $"sha256:{new string('1', 64)}" };
        Assert.Empty(Problems($"FROM a.example/x:1@sha256:{new string('1', 64)} AS build\nFROM build\n", listed));
        Assert.True(Problems(line, listed).Count > 0, why);
    }

    private static List<string> Problems(string dockerfile, JsonObject listed)
    {
        var problems = new List<string>();
        var stages = new HashSet<string>(StringComparer.Ordinal);
        foreach (Match from in From().Matches(dockerfile))
        {
            (string image, string digest, string stage) = (from.Groups[1].Value, from.Groups[2].Value, from.Groups[3].Value);
            if (stages.Contains(image)) continue;
            if (stage.Length > 0) stages.Add(stage);
            if (!listed.TryGetPropertyValue(image, out JsonNode? known)) problems.Add($"{image} is not in services/base-images.json");
            else if ((string?)known is { } wanted && !Digest().IsMatch(wanted)) problems.Add($"{image}: '{wanted}' is no digest");
            else if (((string?)known ?? "") != digest) problems.Add($"{image} should have the digest '{known}', not '{digest}'");
        }
        return problems;
    }

    [GeneratedRegex(@"^FROM ([^\s@]+)(?:@(\S+))?(?: AS (\S+))?[ ]*$", RegexOptions.Multiline)]
    private static partial Regex From();

    [GeneratedRegex("^sha256:[0-9a-f]{64}$")]
    private static partial Regex Digest();
}
