using System.Diagnostics;
using Dapr.Voice.Ownership;
using Dapr.Voice.Tests.Simulation.World;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Simulation;

/// <summary>The test of the test: each rule of ownership is broken, one at a time, and the simulator has to find it.</summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const ulong Schedules = 100_000;

    /// <summary>Rule-breaks that no schedule can show, with the reason.</summary>
    private static readonly Dictionary<RuleBreak, string> Survivors = new()
    {
        [RuleBreak.NoRetry] = "all slots are read again after two seconds anyway, so it costs time and no rule",
        [RuleBreak.AdoptionOfAnEpochOfOthers] = "only a store that applies a write from before a loss shows it, and that is excused",
    };

    [Fact]
    public void RuleBreaks_OneByOne_AreFound()
    {
        var watch = Stopwatch.StartNew();
        RuleBreak[] breaks = [.. Enum.GetValues<RuleBreak>().Where(rule => rule != RuleBreak.None)];
        Assert.True(breaks.Length >= 30);
        var found = new SimViolation?[breaks.Length];
        Parallel.For(0, breaks.Length, i =>
        {
            var world = new SimWorld(breaks[i]);
            ulong limit = Survivors.ContainsKey(breaks[i]) ? Schedules / 20 : Schedules;
            for (ulong seed = 0; seed < limit && found[i] is null; seed++) found[i] = world.Play(seed);
        });
        for (int i = 0; i < breaks.Length; i++)
            output.WriteLine(found[i] is { } violation ? $"{breaks[i]}: {violation}"
                : $"{breaks[i]}: SURVIVES. {Survivors.GetValueOrDefault(breaks[i])}");
        int killed = found.Count(violation => violation is not null);
        output.WriteLine(
            $"mutation score: {killed} of {breaks.Length} ({100.0 * killed / breaks.Length:0.0} %) in {watch.Elapsed.TotalSeconds:0} s");
        Assert.True(killed * 100 >= breaks.Length * 95, $"{killed} of {breaks.Length}");
        Assert.All(breaks.Where((_, i) => found[i] is null), rule => Assert.Contains(rule, Survivors.Keys));
    }
}
