using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Dapr.Voice.Hosting;
using Dapr.Voice.LocalAgent;
using Dapr.Voice.Relay;
using Dapr.Voice.Signaling;
using Dapr.Voice.Transceiver;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Settings;

/// <summary>
/// docs/settings.md against the options records and against what the code reads: nothing missing, nothing extra, types and defaults as they
/// are.
/// </summary>
public sealed partial class SettingsTableTests
{
    private static readonly Dictionary<string, Row> Table = Read();

    public static TheoryData<string> Sections => ["Fleet", "Relay", "Transceiver", "Signaling", "LocalAgent"];

    private sealed record Row(string Type, string Default, string Range, string Effect);

    [Theory]
    [MemberData(nameof(Sections))]
    public void Section_BesideItsOptions_HasEachSettingWithTypeAndDefault(string section)
    {
        Type type = section switch
        {
            "Fleet" => typeof(FleetOptions), "Relay" => typeof(RelayOptions), "Transceiver" => typeof(TransceiverOptions),
            "Signaling" => typeof(SignalingOptions),
            _ => typeof(LocalAgentOptions),
        };
        object defaults = Activator.CreateInstance(type)!;
        var expected = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is { IsPublic: true })
            .ToDictionary(p => NameOf(section, p), StringComparer.Ordinal);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal),
            Table.Keys.Where(n => n.StartsWith(section + "__", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        foreach ((string name, PropertyInfo property) in expected)
        {
            Row row = Table[name];
            Assert.True(row.Type.StartsWith(TypeOf(property.PropertyType), StringComparison.Ordinal),
                $"{name}: the type is {TypeOf(property.PropertyType)}, not {row.Type}");
            string actual = DefaultOf(name, property.GetValue(defaults));
            Assert.True(row.Default == actual, $"{name}: the default is {actual}, not {row.Default}");
            Assert.True(row.Effect.Length > 10, $"{name}: what does it do?");
        }
    }

    [Fact]
    public void EnvironmentVariables_ThatTheCodeReads_AreInTheTable()
    {
        string[] folders = ["libs", "services", "samples"];
        var read = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string file in folders.SelectMany(
            f => Directory.EnumerateFiles(Checkout.File(f), "*.cs", SearchOption.AllDirectories)))
        {
            if (file.Contains("/obj/", StringComparison.Ordinal) || file.Contains("/bin/", StringComparison.Ordinal)) continue;
            foreach (Match found in Variable().Matches(File.ReadAllText(file))) read.Add(found.Groups[1].Value);
        }
        Assert.Contains("DAPR_HTTP_PORT", read);
        Assert.All(read, name => Assert.True(Table.ContainsKey(name), $"{name} is read and not in docs/settings.md"));
        // The other way round: what is ours in the table and nobody reads.
        Assert.All(Table.Keys.Where(n => n.StartsWith("DAPR_", StringComparison.Ordinal) || n.StartsWith("VOICE_", StringComparison.Ordinal)
            || n.StartsWith("CONTAINER_APP_", StringComparison.Ordinal)), name => Assert.Contains(name, read));
    }

    [Fact]
    public void Readmes_OfTheServices_NameNoSettingThatIsNot()
    {
        foreach (string readme in Directory.EnumerateFiles(Checkout.File("services"), "README.md", SearchOption.AllDirectories)
            .Append(Checkout.File("README.md")))
        {
            foreach (Match found in Setting().Matches(File.ReadAllText(readme)))
            {
                string name = found.Value.TrimEnd('_', '0');
                Assert.True(
                    Table.Keys.Any(n => n == name || n.StartsWith(name + "__", StringComparison.Ordinal)
                    || n.StartsWith(name, StringComparison.Ordinal)), $"{readme}: {found.Value}");
            }
        }
    }

    private static string NameOf(string section, PropertyInfo property)
        => $"{section}__{property.Name}" + (TypeOf(property.PropertyType) switch { "list" => "__N", "map" => "__NAME", _ => "" });

    private static string TypeOf(Type type)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        if (bare == typeof(string)) return "text";
        if (bare == typeof(bool)) return "switch";
        if (bare == typeof(TimeSpan)) return "time";
        if (bare == typeof(int) || bare == typeof(long) || bare == typeof(double)) return "number";
        if (typeof(IDictionary).IsAssignableFrom(bare)) return "map";
        return typeof(IEnumerable).IsAssignableFrom(bare) ? "list"
            : throw new InvalidOperationException($"{type} has no word in docs/settings.md");
    }

    private static string DefaultOf(string name, object? value) => value switch
    {
        // The host's name is part of it.
        string text when name == "Relay__Id" => text.StartsWith("relay-", StringComparison.Ordinal) ? "`relay-HOST`" : text,
        null or "" => "none",
        string text => $"`{text}`",
        bool truth => truth ? "`true`" : "`false`",
        TimeSpan time => $"`{time.ToString("c", CultureInfo.InvariantCulture)}`",
        IEnumerable items => items.Cast<object>().Any() ? "some" : "none",
        IFormattable number => $"`{number.ToString(null, CultureInfo.InvariantCulture)}`",
        _ => throw new InvalidOperationException(name),
    };

    private static Dictionary<string, Row> Read()
    {
        var rows = new Dictionary<string, Row>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(Checkout.File("docs", "settings.md"))
            .Where(l => l.StartsWith("| `", StringComparison.Ordinal)))
        {
            string[] cells = [.. line.Trim('|').Split('|').Select(c => c.Trim())];
            foreach (Match name in Regex.Matches(cells[0], "`([^`]+)`"))
                rows.Add(name.Groups[1].Value, cells.Length == 5 ? new Row(cells[1], cells[2], cells[3], cells[4])
                    : new Row("", "", cells[1], cells[^1]));
        }
        return rows;
    }

    [GeneratedRegex("(?:GetEnvironmentVariable\\(|variable\\(|configuration\\[)\"([A-Z][A-Z_]+)\"")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\b(?:Fleet|Relay|Transceiver|Signaling|LocalAgent)__[A-Za-z_0-9]+")]
    private static partial Regex Setting();
}
