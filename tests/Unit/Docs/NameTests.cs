using System.Text.RegularExpressions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Docs;

/// <summary>
/// Documents are read when something is broken: what they name has to exist. A rename in the sources fails here, and not at night.
/// </summary>
public sealed partial class NameTests
{
    private static readonly Lazy<string> Product = new(() => Sources("services", "libs", "tools"));

    private static readonly Lazy<string> Cli = new(() => Sources("tools/cli"));

    public static TheoryData<string> Pages() => [.. Repository.Documents];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Metrics_AreMeasured(string page)
    {
        foreach (Match name in Metric().Matches(Read(page)))
        {
            if (name.Value.EndsWith(".v1", StringComparison.Ordinal))
                Assert.Contains($"\"{name.Value}\"", Product.Value, StringComparison.Ordinal);
            else Assert.True(Product.Value.Contains($"\"{name.Value}\"", StringComparison.Ordinal),
            $"{page} names the metric {name.Value}, which nobody measures");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Settings_Exist(string page)
    {
        foreach (Match name in Setting().Matches(Read(page)))
        {
            string options = File.ReadAllText(
                Path.Combine(Repository.Root, name.Groups[1].Value == "Fleet" ? "libs/Hosting/FleetOptions.cs"
                : $"services/{name.Groups[1].Value.ToLowerInvariant()}/{name.Groups[1].Value}Options.cs"));
            Assert.True(Regex.IsMatch(options, $@"public [\w<>\[\]?, ]+ {name.Groups[2].Value} \{{"),
                $"{page} names the setting {name.Value}, which is not in {name.Groups[1].Value}Options");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Secrets_AreThoseOfTheFleet(string page)
    {
        string names = File.ReadAllText(Path.Combine(Repository.Root, "libs/Contracts/FleetNames.cs"));
        foreach (Match name in Secret().Matches(Read(page))) Assert.Contains($"\"{name.Value}\"", names, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_Verdicts_AreTheRelays(string page)
    {
        string verdicts = File.ReadAllText(Path.Combine(Repository.Root, "services/relay/PacketPath/Verdict.cs"));
        // The word of a verdict is its member in snake case.
        foreach (Match name in RelayVerdict().Matches(Read(page)))
            Assert.Matches($@"(?i)\b{name.Groups[1].Value.Replace("_", "", StringComparison.Ordinal)},", verdicts);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_VoiceCommands_ExistWithTheirOptions(string page)
    {
        foreach (Match line in Command().Matches(Read(page)))
        {
            Assert.True(Cli.Value.Contains($"new Command(\"{line.Groups[1].Value}\"", StringComparison.Ordinal),
                $"{page}: there is no './voice {line.Groups[1].Value}'");
            foreach (Match option in LongOption().Matches(line.Groups[2].Value))
                Assert.True(Cli.Value.Contains($"\"{option.Value}\"", StringComparison.Ordinal),
                    $"{page}: './voice {line.Groups[1].Value}' has no {option.Value}");
        }
    }

    private static string Read(string page) => Repository.Read(page);

    private static string Sources(params string[] folders)
        => string.Concat(
        folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));

    [GeneratedRegex(@"\bvoice\.(?:relay|transceiver|signaling|sidecar|session|slot)\.[a-z_]+(?:\.(?!v1\b)[a-z_]+)*(?:\.v1)?")]
    private static partial Regex Metric();

    [GeneratedRegex(@"\b(Fleet|Relay|Transceiver|Signaling)__([A-Za-z]+)")]
    private static partial Regex Setting();

    [GeneratedRegex(@"\bvoice-(?:hint|password|link|token|api|dtls)-[a-z]+")]
    private static partial Regex Secret();

    [GeneratedRegex(@"`(drop_\w+|forward\w*|deliver\w*)`")]
    private static partial Regex RelayVerdict();

    [GeneratedRegex(@"\./voice ([a-z]+)([^`\n]*)")]
    private static partial Regex Command();

    [GeneratedRegex(@"(?<=\s)--[a-z-]+")]
    private static partial Regex LongOption();
}
