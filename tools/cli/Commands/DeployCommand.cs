using System.Collections;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;
using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Capacity;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Pricing;
using Dapr.Voice.Infra.WhatIf;
using Spectre.Console;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice deploy --what-if</c> shows what <c>azd up</c> would create. It uses the same Bicep files and the same compiler. It asks no
/// cloud and deploys nothing.
/// </summary>
internal static class DeployCommand
{
    /// <summary>How many findings are printed. Further findings are only counted; './voice test infra' prints them all.</summary>
    private const int MostFindings = 20;

    public static Command Create(Installation installation)
    {
        var whatIf = new Option<bool>("--what-if") {
            Description = "Print what would be created in each region, with ports and the order of its monthly cost" };
        var regions = new Option<string?>("--regions") {
            Description = "Azure regions, separated by commas, the home region first (default: as in infra/bicep/main.parameters.json)" };
        var edge = new Option<string?>("--edge") {
            Description =
                $"{EdgeNames.AcaTcp}: all in Container Apps, media over ICE-TCP; {EdgeNames.UdpEdge}: relays on VMs, media also over UDP" };
        var shards = new Option<int?>("--shards") { Description = $"Transceiver shards of each region (1 to {WhatIfRequest.MostShards})" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object: edge, regions[{name, shards, resources[{type, name, "
            + "size, ports[], dollarsPerMonth}], identities, roleAssignments, daprComponents, dollarsPerMonth{fixed, idle}}], shared, "
            + "dollarsPerMonth{fixed, idle, perThousandSessionHours}, findings[], set[], next[]" };
        var update = new Option<bool>("--update-snapshots") { Description = "Write infra/bicep/snapshots again: what each shape of "
            + "deployment creates, for reviews and for './voice test infra'" };
        var command = new Command("deploy", "Show what a deployment to Azure would create and cost ('azd up' deploys)") {
            whatIf, regions, edge, shards, json, update };
        command.OnInvoke(result =>
        {
            var request = new WhatIfRequest(
                Regions(result.GetValue(regions)), EdgeOf(result.GetValue(edge)), Shards(result.GetValue(shards)));
            string main = Path.Combine(installation.Root, "infra", "bicep", "main.bicep");
            if (!File.Exists(main)) throw new CommandFailedException($"there is no {main}", "run this in a clone, or in a folder made by "
                + "'./voice publish' of this version");
            if (result.GetValue(update)) return UpdateSnapshots(installation.Root);
            if (!result.GetValue(whatIf))
            {
                throw new CommandFailedException(
                    "this command deploys nothing",
                    "look first with './voice deploy --what-if'; then run 'azd auth login', 'azd env new NAME' and 'azd up' "
                    + "(docs/runbooks/first-deployment.md)");
            }
            WhatIfReport report;
            try
            {
                report = Plan(installation.Root, request);
            }
            catch (FileNotFoundException missing)
            {
                throw new CommandFailedException(missing.Message, "check that the folder infra/ is complete");
            }
            catch (BicepCompilerException failure)
            {
                throw new CommandFailedException(failure.Message, BicepLocation.HowToGet);
            }
            if (result.GetValue(json)) Output.Json(ToJson(report));
            else Print(report);
            return report.HasErrors ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    /// <summary>
    /// Uses the compiler if there is one. Otherwise it uses the nearest committed snapshot, and says how to get the compiler.
    /// </summary>
    private static WhatIfReport Plan(string root, WhatIfRequest request)
    {
        if (BicepLocation.Find() is { } path)
        {
            using var compiler = BicepCompiler.Start(path);
            return DeploymentPlanner.Plan(root, request, AzureVariables(), compiler);
        }
        WhatIfReport report = DeploymentPlanner.PlanOfCommitted(root, request, out string shape);
        Output.Say($"There is no Bicep compiler here, so this is the committed shape '{shape}'. It ignores your regions and shards. "
            + $"To get the compiler: {BicepLocation.HowToGet}.");
        return report;
    }

    private static ExitCode UpdateSnapshots(string root)
    {
        string path = BicepLocation.Find() ?? throw new CommandFailedException("there is no Bicep compiler here", BicepLocation.HowToGet);
        using var compiler = BicepCompiler.Start(path);
        // Another version may write other snapshots. Every check on other machines would then fail.
        if (compiler.Version() != BicepLocation.Version)
            throw new CommandFailedException(
                $"this Bicep compiler is {compiler.Version()}, but the snapshots are made with {BicepLocation.Version}",
                BicepLocation.HowToGet);
        try
        {
            foreach ((string file, string? text) in ShapeFiles.Make(SourceTree.FromDisk(root), compiler))
            {
                string target = Path.Combine(root, file);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                bool isNew = !File.Exists(target) || File.ReadAllText(target) != text;
                if (isNew) File.WriteAllText(target, text);
                Console.WriteLine($"{(isNew ? "written  " : "unchanged")} {file}");
            }
        }
        catch (BicepCompilerException failure)
        {
            throw new CommandFailedException(failure.Message, "fix the templates; './voice test infra' shows the details");
        }
        return ExitCode.Done;
    }

    private static IReadOnlyList<string>? Regions(string? list)
    {
        if (list is null) return null;
        string[] names = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length is < 1 or > WhatIfRequest.MostRegions)
            throw new CommandFailedException(
                $"--regions needs 1 to {WhatIfRequest.MostRegions} names", "for example --regions westeurope,eastus2");
        foreach (string name in names)
        {
            if (AzureRegions.IsKnown(name)) continue;
            IReadOnlyList<string> near = AzureRegions.Near(name);
            throw new CommandFailedException($"'{name}' is no Azure region that we know", near.Count > 0
                ? $"do you mean {string.Join(" or ", near)}?" : "'az account list-locations --query [].name' lists them");
        }
        if (names.Distinct(StringComparer.Ordinal).Count() != names.Length)
            throw new CommandFailedException("--regions names a region twice", "name each region once");
        return names;
    }

    private static Edge? EdgeOf(string? word)
        => word is null ? null : EdgeNames.TryParse(word, out Edge edge) ? edge
        : throw new CommandFailedException($"there is no edge '{word}'", $"give {EdgeNames.AcaTcp} or {EdgeNames.UdpEdge}");

    private static int? Shards(int? shards)
        => shards is null or (>= 1 and <= WhatIfRequest.MostShards) ? shards
        : throw new CommandFailedException($"--shards {shards} is out of range", $"give 1 to {WhatIfRequest.MostShards}");

    /// <summary>
    /// The variables that an azd environment sets, if this runs in one (<c>azd env get-values</c>). The parameters file names no others.
    /// </summary>
    private static Dictionary<string, string> AzureVariables()
        => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(v => v.Key is string name && (name.StartsWith("AZURE_", StringComparison.Ordinal)
            || name.StartsWith("VOICE_", StringComparison.Ordinal) || name.StartsWith("SERVICE_", StringComparison.Ordinal)))
            .ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "", StringComparer.Ordinal);

    private static void Print(WhatIfReport report)
    {
        foreach (PlannedPlace place in report.Places)
        {
            string shards = place.Shards > 0 ? $", {Counted(place.Shards, "shard")}" : "";
            Console.WriteLine($"== {place.Name}: {place.ResourceCount} resources{shards}; {Counted(place.Identities, "identity")}, "
                + $"{Counted(place.RoleAssignments, "role assignment")}, {Counted(place.DaprComponents, "Dapr component")}");
            Table table = new Table().Border(TableBorder.Rounded).AddColumns("type", "name", "size", "ports", "$ a month");
            // A name that is broken in two is not found in the portal. The size is a sentence, which may go on below.
            foreach (int column in new[] { 0, 1 }) table.Columns[column].NoWrap();
            table.Columns[^1].RightAligned();
            foreach (PlannedResource resource in place.Resources)
            {
                table.AddRow(
                    Markup.Escape(resource.Type), Markup.Escape(resource.Name), Markup.Escape(resource.Size),
                    Markup.Escape(Ports(resource.Ports)),
                    resource.DollarsPerMonth is { } dollars ? dollars > 0 ? Markup.Escape(CapacityTables.Dollars(dollars)) : ""
                    : "not known");
            }
            Output.Print(table);
            string operations = place.UsageDollarsPerMonth > 0
                ? $"; and {CapacityTables.Dollars(place.UsageDollarsPerMonth)} for the registry (table operations)" : "";
            Console.WriteLine($"   without calls: order of {CapacityTables.Dollars(place.FixedDollarsPerMonth)} a month{operations}");
            if (place.Unpriced.Any())
                Console.WriteLine($"   not in the price table: {string.Join(", ", place.Unpriced.Select(r => $"{r.Type} {r.Size}"))}");
            Console.WriteLine();
        }
        Output.Prose($"Total without calls: order of {CapacityTables.Dollars(report.IdleDollarsPerMonth)} a month on "
            + $"{EdgeNames.Of(report.Edge)}.");
        Output.Prose(
            $"By use: order of {CapacityTables.Dollars(report.UsageDollarsPerThousandSessionHours)} for 1,000 session hours (egress, data "
            + $"processed, store, broker), and ${PriceTable.LogIngestion.Dollars.ToString("0.00", CultureInfo.InvariantCulture)} for each "
            + "GB of logs. The model of the agent is not included.");
        Output.Prose($"These figures are orders of magnitude: {PriceTable.Caution}.");
        Console.WriteLine();
        bool isOwn = AzureVariables().GetValueOrDefault("AZURE_SUBSCRIPTION_ID") is { Length: > 0 };
        Output.Prose(isOwn
            ? "Names with a hash are final: the hash is made of AZURE_SUBSCRIPTION_ID, the environment and the region."
            : "Names with a hash will have another hash, because it depends on the subscription. Set AZURE_SUBSCRIPTION_ID to see yours.");
        if (report.Findings.Count == 0) Console.WriteLine("Findings: none.");
        else
        {
            Console.WriteLine($"Findings: {report.Findings.Count}");
            foreach (Finding? finding in report.Findings.OrderByDescending(f => f.Severity).Take(MostFindings))
                Console.WriteLine($"  {finding}");
            if (report.Findings.Count > MostFindings)
                Console.WriteLine($"  and {report.Findings.Count - MostFindings} more: './voice test infra' prints all");
        }
        Console.WriteLine();
        Console.WriteLine("Next:");
        foreach (string step in Next(report)) Console.WriteLine($"  {step}");
    }

    private static IEnumerable<string> Next(WhatIfReport report)
    {
        if (report.HasErrors) yield return "fix the findings first; a deployment would fail or would not work";
        foreach (string set in report.Parameters) yield return set.StartsWith("azd ", StringComparison.Ordinal) ? set : $"set {set}";
        yield return "azd auth login && azd env new NAME && azd env set AZURE_LOCATION "
            + (report.Places.FirstOrDefault(p => p.Name != PlannedPlace.Shared)?.Name ?? WhatIfRequest.DefaultRegion);
        yield return "azd up          (docs/runbooks/first-deployment.md)";
    }

    private static string Ports(IReadOnlyList<PlannedPort> ports) => string.Join(", ", ports);

    private static string Counted(int count, string what)
        => $"{count} {(count == 1 ? what : what.EndsWith('y') ? what[..^1] + "ies" : what + "s")}";

    private static JsonObject ToJson(WhatIfReport report) => new()
    {
        ["edge"] = EdgeNames.Of(report.Edge),
        ["regions"] = new JsonArray([.. report.Places.Where(p => p.Name != PlannedPlace.Shared).Select(p => (JsonNode)ToJson(p))]),
        ["shared"] = report.Places.FirstOrDefault(p => p.Name == PlannedPlace.Shared) is { } shared ? ToJson(shared) : null,
        ["dollarsPerMonth"] = new JsonObject
        {
            ["fixed"] = Math.Round(report.FixedDollarsPerMonth, 2),
            ["idle"] = Math.Round(report.IdleDollarsPerMonth, 2),
            ["perThousandSessionHours"] = Math.Round(report.UsageDollarsPerThousandSessionHours, 2),
        },
        ["prices"] = PriceTable.Caution,
        ["findings"] = new JsonArray([.. report.Findings.Select(f => (JsonNode)new JsonObject
        {
            ["rule"] = f.Rule, ["severity"] = f.Severity.ToString().ToLowerInvariant(), ["file"] = f.File, ["line"] = f.Line,
                ["column"] = f.Column, ["message"] = f.Message,
        })]),
        ["set"] = new JsonArray([.. report.Parameters.Select(p => (JsonNode)p)]),
        ["next"] = new JsonArray([.. Next(report).Select(n => (JsonNode)n)]),
    };

    private static JsonObject ToJson(PlannedPlace place) => new()
    {
        ["name"] = place.Name,
        ["shards"] = place.Shards,
        ["resourceCount"] = place.ResourceCount,
        ["resources"] = new JsonArray([.. place.Resources.Select(r => (JsonNode)new JsonObject
        {
            ["type"] = r.Type,
            ["name"] = r.Name,
            ["size"] = r.Size,
            ["ports"] = new JsonArray(
                [.. r.Ports.Select(p => (JsonNode)new JsonObject {
                ["protocol"] = p.Protocol, ["port"] = p.Number, ["external"] = p.IsExternal })]),
            ["dollarsPerMonth"] = r.DollarsPerMonth is { } dollars ? Math.Round(dollars, 2) : null,
        })]),
        ["identities"] = place.Identities,
        ["roleAssignments"] = place.RoleAssignments,
        ["daprComponents"] = place.DaprComponents,
        ["dollarsPerMonth"] = new JsonObject { ["fixed"] = Math.Round(place.FixedDollarsPerMonth, 2),
            ["idle"] = Math.Round(place.FixedDollarsPerMonth + place.UsageDollarsPerMonth, 2) },
    };
}
