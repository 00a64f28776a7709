using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Capacity;
using Dapr.Voice.Infra.Pricing;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice capacity</c> says what a number of calls needs, what it costs, and which limit it reaches first. docs/capacity.md describes
/// the model.
/// </summary>
internal static class CapacityCommand
{
    private const double MostSessions = 1e9;

    public static Command Create()
    {
        var sessions = new Option<string>("--sessions") { Description = "Numbers of concurrent sessions, separated by commas",
            DefaultValueFactory = _ => "10000,1000000,10000000" };
        var edge = new Option<string>("--edge") { Description = $"{EdgeNames.AcaTcp} or {EdgeNames.UdpEdge}",
            DefaultValueFactory = _ => EdgeNames.AcaTcp };
        var minutes = new Option<double>("--call-minutes") { Description = "Mean length of a call", DefaultValueFactory = _ => 5 };
        var speaks = new Option<double>("--agent-speaks") {
            Description = "Share of the time in which the agent speaks: above 0, at most 1", DefaultValueFactory = _ => 1 };
        var shards = new Option<int>("--shards-per-cell") {
            Description = "Shards of one Fleet__Region (2 to 100)", DefaultValueFactory = _ => new CapacityAssumptions().ShardsPerCell };
        var echo = new Option<bool>("--echo") { Description = "Use the built-in echo instead of a backend behind a WebSocket" };
        var json = new Option<bool>("--json") {
            Description = "Print one JSON object: plans[{sessions, edge, shards, cells, …, dollarsPerSessionHour, limits[]}]" };
        var command = new Command("capacity",
            "Calculate what a number of concurrent calls needs and costs, and which limit it reaches first") {
            sessions, edge, minutes, speaks, shards, echo, json };
        command.OnInvoke(result =>
        {
            if (!EdgeNames.TryParse(result.GetValue(edge), out Edge chosen))
                throw new CommandFailedException(
                    $"there is no edge '{result.GetValue(edge)}'", $"give {EdgeNames.AcaTcp} or {EdgeNames.UdpEdge}");
            double length = result.GetValue(minutes), share = result.GetValue(speaks);
            if (length is not (> 0 and <= 1440))
                throw new CommandFailedException("--call-minutes is out of range", "give more than 0 and at most 1440");
            if (share is not (> 0 and <= 1))
                throw new CommandFailedException("--agent-speaks is out of range", "give more than 0 and at most 1");
            int perCell = result.GetValue(shards);
            if (perCell is < 2 or > CapacityModel.ShardsPerRegion)
                throw new CommandFailedException("--shards-per-cell is out of range", $"give 2 to {CapacityModel.ShardsPerRegion}");
            var assumptions = new CapacityAssumptions
            {
                MeanCallMinutes = length, WithBackend = !result.GetValue(echo), ShardsPerCell = perCell,
                // An upgrade starts new shards beside the old ones, so a cell has room for more shards than it uses. Each shard has about
                // eight slots.
                MaximumShards = Math.Min(CapacityModel.ShardsPerRegion, perCell + Math.Max(2, perCell / 3)),
                    SlotCount = Math.Max(64, 8 * perCell),
            };
            var model = new CapacityModel(new UnitCosts { AgentSpeaks = share }, assumptions);
            CapacityPlan[] plans = [.. Sessions(result.GetValue(sessions)!).Select(n => model.Plan(n, chosen))];
            if (result.GetValue(json))
            {
                Output.Json(
                    new JsonObject { ["prices"] = PriceTable.Caution, ["plans"] = new JsonArray(
                    [.. plans.Select(p => (JsonNode)ToJson(p))]) });
                return ExitCode.Done;
            }
            Output.Print(Output.TableOf(CapacityTables.NeedsRows(plans)));
            Console.WriteLine();
            Console.WriteLine("Which limit one cell would reach first:");
            Output.Print(Output.TableOf(CapacityTables.LimitsRows(plans[0])));
            Output.Prose(
                $"These figures are orders of magnitude: {PriceTable.Caution}. docs/capacity.md has the unit costs and their sources.");
            return ExitCode.Done;
        });
        return command;
    }

    private static IEnumerable<double> Sessions(string list)
    {
        string[] words = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is < 1 or > 8)
            throw new CommandFailedException("--sessions needs one to eight numbers", "for example --sessions 10000,1000000");
        return words.Select(word => double.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out double number)
            && number is >= 1 and <= MostSessions
            ? number
            : throw new CommandFailedException(
            $"--sessions: '{word}' is not a number from 1 to {MostSessions:0}", "for example --sessions 10000,1000000")).ToArray();
    }

    private static JsonObject ToJson(CapacityPlan plan) => new()
    {
        ["sessions"] = plan.Sessions,
        ["edge"] = EdgeNames.Of(plan.Edge),
        ["sessionsPerShard"] = plan.SessionsPerShard,
        ["cells"] = plan.Cells,
        ["shards"] = plan.Shards,
        ["relaysPerCell"] = plan.RelaysPerCell,
        ["signalingPerCell"] = plan.SignalingPerCell,
        ["cores"] = Math.Round(plan.Cores),
        ["callsPerSecond"] = Math.Round(plan.CallsPerSecond, 1),
        ["tableOperationsPerSecondAndCell"] = new JsonObject {
            ["registry"] = Math.Round(plan.RegistryOperationsPerSecondAndCell),
                ["sessions"] = Math.Round(plan.SessionOperationsPerSecondAndCell) },
        ["brokerOperationsPerSecondAndCell"] = Math.Round(plan.BrokerOperationsPerSecondAndCell),
        ["egressGigabytesPerMonth"] = Math.Round(plan.EgressGigabytesPerMonth),
        ["dollarsPerMonth"] = Math.Round(plan.DollarsPerMonth),
        ["dollarsPerSessionHour"] = Math.Round(plan.DollarsPerSessionHour, 6),
        ["costs"] = new JsonArray(
            [.. plan.Costs.Select(c => (JsonNode)new JsonObject { ["what"] = c.What, ["dollarsPerMonth"] = Math.Round(c.Dollars) })]),
        ["limits"] = new JsonArray(
            [.. plan.Limits.Select(l => (JsonNode)new JsonObject {
            ["what"] = l.Name, ["sessions"] = Math.Round(l.Sessions), ["ofFleet"] = l.IsOfFleet, ["measured"] = l.IsMeasured,
                ["then"] = l.Then })]),
        ["broken"] = new JsonArray([.. plan.Broken.Select(l => (JsonNode)l.Name)]),
    };
}
