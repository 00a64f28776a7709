using System.Collections.Concurrent;
using System.Diagnostics;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Tests.Infra.Checks;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Infra.Mutations;

/// <summary>Do the rules see a fault in our own files? Faults are made in memory, one at a time.</summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int Seed = 4, Count = 200;

    // What issue 4 names: none of these may be taken away unseen.
    private static readonly string[] NeverUnseen = ["remove module", "remove param", "remove scope", "remove role", "remove port"];

    [Fact]
    public void Rules_TwoHundredSeededFaults_AtLeast95PercentAreCaught()
    {
        // A kind first, then a fault of it: there are many more properties than modules.
        var random = new Random(Seed);
        var kinds = All().GroupBy(m => m.Kind, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.ToList()).ToList();
        var chosen = new List<Mutation>();
        while (chosen.Count < Count)
        {
            var kind = kinds[random.Next(kinds.Count)];
            int at = random.Next(kind.Count);
            chosen.Add(kind[at]);
            kind.RemoveAt(at);
            if (kind.Count == 0) kinds.Remove(kind);
        }
        var survivors = Run(chosen, "seeded faults");
        Assert.True(Count - survivors.Count >= Count * 95 / 100, string.Join('\n', survivors));
    }

    [Fact]
    public void Rules_AnyModuleParameterScopeRoleOrPortTakenAway_IsCaught()
    {
        var survivors = Run([.. All().Where(m => NeverUnseen.Contains(m.Kind))], "modules, parameters, scopes, roles and ports taken away");
        Assert.Empty(survivors);
    }

    [Fact]
    public void Rules_EveryFault_AtLeast95PercentAreCaught()
    {
        if (Environment.GetEnvironmentVariable("VOICE_INFRA_ALL") is not "1")
        {
            output.WriteLine("every fault there is: with VOICE_INFRA_ALL=1 (some minutes)");
            return;
        }
        var all = All();
        var survivors = Run(all, "faults of all kinds");
        Assert.True(all.Count - survivors.Count >= all.Count * 95 / 100, string.Join('\n', survivors));
    }

    private IReadOnlyList<Mutation> Run(IReadOnlyList<Mutation> mutations, string what)
    {
        // With a finding on the files as they are, every fault would look caught.
        Assert.False(InfrastructureCheck.ProductHasFinding(Repository.Tree, out var unfaulted), unfaulted?.ToString());
        var watch = Stopwatch.StartNew();
        var survivors = new ConcurrentBag<Mutation>();
        Parallel.ForEach(mutations, mutation =>
        {
            if (!InfrastructureCheck.ProductHasFinding(Repository.Tree.With(mutation.File, mutation.Text), out _)) survivors.Add(mutation);
        });
        output.WriteLine($"{mutations.Count - survivors.Count} of {mutations.Count} {what} caught in {watch.Elapsed.TotalSeconds:0} s");
        foreach (var mutation in survivors.OrderBy(m => m.File, StringComparer.Ordinal).ThenBy(m => m.Line)) output.WriteLine($"  survived: {mutation}");
        return [.. survivors];
    }

    private static IReadOnlyList<Mutation> All()
    {
        var tree = Repository.Tree;
        var all = new List<Mutation>();
        foreach (string path in tree.Under("infra/bicep", ".bicep")) all.AddRange(BicepMutations.Of(path, tree.Text(path)!));
        foreach (string path in tree.Under("components", ".yaml").Concat(["azure.yaml", "dapr.yaml", "infra/bicep/main.parameters.json"])) all.AddRange(YamlMutations.Of(path, tree.Text(path)!));
        foreach (string service in new[] { "signaling", "relay", "transceiver" }) all.AddRange(DockerMutations.Of($"services/{service}/Dockerfile", tree.Text($"services/{service}/Dockerfile")!));
        return all;
    }
}
