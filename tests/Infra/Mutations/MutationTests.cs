using System.Collections.Concurrent;
using System.Diagnostics;
using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Tests.Infra.Bicep;
using Dapr.Voice.Tests.Infra.Checks;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Infra.Mutations;

/// <summary>How many faults in our own files the checks find. Faults are made one at a time, in memory or in a copy.</summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int Seed = 4, Count = 200;

    // What issue 4 names: none of these may be taken away unseen.
    private static readonly string[] NeverUnseen = ["remove scope", "remove port"];

    [Fact]
    public void CompilerSnapshotsAndRules_TwoHundredSeededFaultsInTemplates_AtLeast97PercentAreCaught()
    {
        var watch = Stopwatch.StartNew();
        var survivors = new List<Mutation>();
        var byWhom = new Dictionary<string, int>(StringComparer.Ordinal);
        using var workspace = new BicepWorkspace(Repository.Tree, Compiler.Shared);
        foreach (Mutation mutation in Chosen(Templates()))
        {
            workspace.Write(mutation.File, mutation.Text);
            string? who = Catch(workspace, Repository.Tree.With(mutation.File, mutation.Text));
            workspace.Write(mutation.File, Repository.Tree.Text(mutation.File)!);
            if (who is null) survivors.Add(mutation);
            else byWhom[who] = byWhom.GetValueOrDefault(who) + 1;
        }
        output.WriteLine(
            $"{Count - survivors.Count} of {Count} seeded faults in Bicep files caught in {watch.Elapsed.TotalSeconds:0} s: "
            + $"{string.Join(", ", byWhom.OrderByDescending(w => w.Value).Select(w => $"{w.Value} by {w.Key}"))}");
        foreach (Mutation? mutation in survivors.OrderBy(m => m.File, StringComparer.Ordinal).ThenBy(m => m.Line))
            output.WriteLine($"  survived: {mutation}");
        Assert.True(survivors.Count <= Count * 3 / 100, string.Join('\n', survivors));
    }

    [Fact]
    public void Rules_TwoHundredSeededFaultsInOtherFiles_AtLeast95PercentAreCaught()
    {
        IReadOnlyList<Mutation> survivors = Run(Chosen(Others()), "seeded faults in YAML files, main.parameters.json and Dockerfiles");
        Assert.True(survivors.Count <= Count * 5 / 100, string.Join('\n', survivors));
    }

    [Fact]
    public void Rules_AnyScopeOrPortTakenAway_IsCaught()
        => Assert.Empty(Run([.. Others().Where(m => NeverUnseen.Contains(m.Kind))], "scopes and ports taken away"));

    /// <summary>Returns what finds the fault first, or null if nothing does.</summary>
    private static string? Catch(BicepWorkspace workspace, SourceTree tree)
    {
        List<Finding> findings = [];
        workspace.Compile("infra/bicep/main.bicep", findings);
        if (findings.Count > 0) return "the compiler";
        // The largest shapes come first, because they have the most branches.
        foreach (Scenario? shape in ProductScenarios.All.OrderByDescending(s => s.Regions))
        {
            string? snapshot = workspace.Snapshot(
                "infra/bicep/main.bicep", Repository.Tree.Text(ShapeFiles.ParametersOf(shape))!, AzurePlace.Example, findings);
            if (snapshot is null) return "the compiler";
            if (snapshot == Repository.Tree.Text(ShapeFiles.SnapshotOf(shape))) continue;
            return shape.HasRules && InfrastructureCheck.OfSnapshot(Repository.Tree, shape, snapshot).Count > 0 ? "a rule and the snapshots"
                : "the snapshots alone";
        }
        return InfrastructureCheck.OfProduct(tree, compiler: null).Count > 0 ? "a rule" : null;
    }

    private static List<Mutation> Chosen(IEnumerable<Mutation> all)
    {
        // A kind is chosen first, and then a fault of that kind, because there are many more properties than modules.
        var random = new Random(Seed);
        var kinds = all.GroupBy(m => m.Kind, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.ToList())
            .ToList();
        var chosen = new List<Mutation>();
        while (chosen.Count < Count)
        {
            List<Mutation> kind = kinds[random.Next(kinds.Count)];
            int at = random.Next(kind.Count);
            chosen.Add(kind[at]);
            kind.RemoveAt(at);
            if (kind.Count == 0) kinds.Remove(kind);
        }
        return chosen;
    }

    private IReadOnlyList<Mutation> Run(IReadOnlyList<Mutation> mutations, string what)
    {
        // If the unchanged files had a finding, every fault would seem to be found.
        Assert.Empty(InfrastructureCheck.OfProduct(Repository.Tree, compiler: null));
        var watch = Stopwatch.StartNew();
        var survivors = new ConcurrentBag<Mutation>();
        Parallel.ForEach(mutations, mutation =>
        {
            if (InfrastructureCheck.OfProduct(Repository.Tree.With(mutation.File, mutation.Text), compiler: null).Count == 0)
                survivors.Add(mutation);
        });
        output.WriteLine($"{mutations.Count - survivors.Count} of {mutations.Count} {what} caught in {watch.Elapsed.TotalSeconds:0} s");
        foreach (Mutation? mutation in survivors.OrderBy(m => m.File, StringComparer.Ordinal).ThenBy(m => m.Line))
            output.WriteLine($"  survived: {mutation}");
        return [.. survivors];
    }

    private static IEnumerable<Mutation> Templates()
        => Repository.Tree.Under("infra/bicep", ".bicep").SelectMany(p => BicepMutations.Of(p, Repository.Tree.Text(p)!));

    private static IEnumerable<Mutation> Others()
    {
        SourceTree tree = Repository.Tree;
        return tree.Under("components", ".yaml").Concat(["azure.yaml", "dapr.yaml", "infra/bicep/main.parameters.json"])
            .SelectMany(p => YamlMutations.Of(p, tree.Text(p)!))
            .Concat(new[] { "signaling", "relay", "transceiver" }.SelectMany(
            s => DockerMutations.Of($"services/{s}/Dockerfile", tree.Text($"services/{s}/Dockerfile")!)));
    }
}
