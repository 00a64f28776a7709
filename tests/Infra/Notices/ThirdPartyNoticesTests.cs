using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Notices;

/// <summary>THIRD-PARTY-NOTICES.md names everything that we ship or build with.</summary>
public sealed partial class ThirdPartyNoticesTests
{
    private static readonly string Page = File.ReadAllText(Checkout.File("THIRD-PARTY-NOTICES.md"));

    // An entry is `Name`, or `Prefix.*` for all names with that prefix.
    private static readonly string[] Named = [.. Name().Matches(Page).Select(m => m.Groups[1].Value)];

    [Fact]
    public void Notices_EveryPackageWithAVersion_IsNamed()
    {
        string[] packages = [.. XDocument.Load(Checkout.File("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(p => (string)p.Attribute("Include")!)];
        Assert.NotEmpty(packages);
        Assert.DoesNotContain(packages, p => !IsNamed(p));
    }

    [Theory]
    [InlineData("services/relay", "Dapr.Voice.Relay")]
    [InlineData("services/signaling", "Dapr.Voice.Signaling")]
    [InlineData("services/transceiver", "Dapr.Voice.Transceiver")]
    [InlineData("samples/local-agent", "Dapr.Voice.LocalAgent")]
    public void Notices_EveryPackageThatAServiceShips_IsNamed(string folder, string assembly)
    {
        // bin/Release/net10.0 of these tests has the same last parts as the service's.
        string[] parts = AppContext.BaseDirectory.TrimEnd('/').Split('/')[^3..];
        string file = Checkout.File([.. folder.Split('/'), .. parts, assembly + ".deps.json"]);
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        IEnumerable<string> shipped = document.RootElement.GetProperty("libraries").EnumerateObject()
            .Where(l => l.Value.GetProperty("type").GetString() == "package").Select(l => l.Name.Split('/')[0]);
        Assert.DoesNotContain(shipped, p => !IsNamed(p));
    }

    [Fact]
    public void Notices_EveryNpmAndDebianPackage_IsNamed()
    {
        string[] debian = [.. DebianPackage().Matches(File.ReadAllText(Checkout.File("tools", "cli", "Machine", "NativeRequirement.cs")))
            .Select(m => m.Groups[1].Value)];
        Assert.True(debian.Length >= 10);
        Assert.DoesNotContain(debian, p => !IsNamed(p));
        using var driver = JsonDocument.Parse(File.ReadAllText(Checkout.File("tests", "Browser", "driver", "package.json")));
        Assert.DoesNotContain(driver.RootElement.GetProperty("dependencies").EnumerateObject(), d => !IsNamed(d.Name));
        foreach (string vendored in Directory.EnumerateDirectories(Checkout.File("web", "vendor")).Select(f => Path.GetFileName(f)))
            Assert.Contains(Page.Split('\n'), line => line.Contains("web/vendor", StringComparison.Ordinal)
                && line.Contains(vendored.Split('-')[^1], StringComparison.Ordinal));
    }

    private static bool IsNamed(string package)
        => Named.Any(n => n == package
            || (n.EndsWith(".*", StringComparison.Ordinal) && package.StartsWith(n[..^1], StringComparison.Ordinal)));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Name();

    [GeneratedRegex("new\\(\\s*\"([a-z0-9-]+)\"")]
    private static partial Regex DebianPackage();
}
