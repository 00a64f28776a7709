using System.Text.RegularExpressions;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Tests.Infra.Workflows;

/// <summary>The workflows as far as they can be read: that they run is for GitHub to show.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string Folder = Checkout.File(".github", "workflows");

    public static TheoryData<string> Files
        => [.. Directory.EnumerateFiles(Folder, "*.yml").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Workflow_Actions_ArePinnedAndRightsAreFew(string file)
    {
        YamlMappingNode root = Load(file);
        var permissions = (YamlMappingNode)root["permissions"];
        foreach ((YamlNode? right, YamlNode? level) in permissions) Assert.Contains(
            $"{right}: {level}", new[] { "contents: read", "id-token: write" });
        // Only who signs in to Azure may ask for a token.
        Assert.Equal(file == "azure-dev.yml", permissions.Children.ContainsKey(new YamlScalarNode("id-token")));
        string text = File.ReadAllText(Path.Combine(Folder, file));
        foreach (Match action in Action().Matches(text)) Assert.Matches(@"^[\w-]+/[\w-]+@v\d+$", action.Groups[1].Value);
        Assert.All((YamlMappingNode)root["jobs"], job => Assert.True(
            ((YamlMappingNode)job.Value).Children.ContainsKey(new YamlScalarNode("timeout-minutes")), $"{job.Key} may run for ever"));
        Assert.DoesNotContain("pull_request_target", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Ci_Images_AreAllThatThereAre()
    {
        IEnumerable<string> built =
            ((YamlSequenceNode)((YamlMappingNode)Load("ci.yml")["jobs"]["images"]["strategy"]["matrix"])["project"]).Select(p =>
            ((YamlScalarNode)p).Value!);
        IEnumerable<string> there = new[] { "services", "samples" }.SelectMany(
            f => Directory.EnumerateFiles(Checkout.File(f), "Dockerfile", SearchOption.AllDirectories))
            .Select(f => Path.GetRelativePath(Checkout.Root, Path.GetDirectoryName(f)!));
        Assert.Equal(there.Order(StringComparer.Ordinal), built.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AzureDev_Variables_AreThoseOfAzureYaml()
    {
        string azure = File.ReadAllText(Checkout.File("azure.yaml"));
        var yaml = new YamlStream();
        yaml.Load(new StringReader(azure));
        // Every variable has the prefix by which the workflow takes it. One that is not set must stay unset.
        Assert.All((YamlSequenceNode)yaml.Documents[0].RootNode["pipeline"]["variables"],
            name => Assert.StartsWith("VOICE_", ((YamlScalarNode)name).Value, StringComparison.Ordinal));
        string workflow = File.ReadAllText(Path.Combine(Folder, "azure-dev.yml"));
        Assert.Contains("VARIABLES: ${{ toJSON(vars) }}", workflow, StringComparison.Ordinal);
        Assert.Contains("select(.key | startswith(\"VOICE_\"))", workflow, StringComparison.Ordinal);
        Assert.DoesNotContain("vars.VOICE_", workflow, StringComparison.Ordinal);
        IEnumerable<string> steps = ((YamlSequenceNode)Load("azure-dev.yml")["jobs"]["deploy"]["steps"]).Cast<YamlMappingNode>()
            .Where(s => s.Children.ContainsKey(new YamlScalarNode("run"))).Select(s => ((YamlScalarNode)s["run"]).Value!)
            .Where(command => command.StartsWith("azd ", StringComparison.Ordinal));
        // The order of 'azd up', in its own words.
        string[] up = [.. ((YamlSequenceNode)yaml.Documents[0].RootNode["workflows"]["up"]["steps"]).Select(
            s => $"azd {((YamlScalarNode)s["azd"]).Value} --no-prompt")];
        Assert.Equal(up, steps.Where(s => !s.Contains("auth login", StringComparison.Ordinal)));
    }

    private static YamlMappingNode Load(string file)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Folder, file));
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    [GeneratedRegex(@"^\s*(?:- )?uses: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Action();
}
