using Dapr.Voice.Infra;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Tests.Infra.Bicep;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Infra.Checks;

/// <summary>
/// Compiler, linter, committed snapshots and every rule find nothing in our templates, azure.yaml, Dapr files and images.
/// </summary>
public sealed class ProductTests(ITestOutputHelper output)
{
    [Fact]
    public void Repository_AgainstEveryRule_HasNoFinding()
    {
        IReadOnlyList<Finding> findings = InfrastructureCheck.OfProduct(Repository.Tree, Compiler.Shared);
        output.WriteLine(
            $"{findings.Count} findings on our own files in {ProductScenarios.All.Count} shapes of deployment, by Bicep "
            + $"{BicepLocation.Version} and our rules");
        foreach (Finding finding in findings) output.WriteLine(finding.ToString());
        Assert.Empty(findings);
    }

    [Fact]
    public void Repository_WithoutACompiler_HasNoFindingInTheCommittedSnapshots()
        => Assert.Empty(InfrastructureCheck.OfProduct(Repository.Tree, compiler: null));

    /// <summary>Until commit 4a2fec6, a reader of our own stood where the compiler is now.</summary>
    [Fact]
    public void ToolsInfra_BesideTheReaderThatItHad_IsLessThanHalf()
    {
        // 11,309 lines as it stood. Its lines were longer than 140 columns; wrapped as those of today, they are 12,788.
        const int before = 12_788;
        int after = Repository.Tree.Under("tools/infra", ".cs").Sum(p => Repository.Tree.Text(p)!.Count(c => c == '\n'));
        output.WriteLine($"lines of C# in tools/infra: 11,309 with the home-made reader ({before:N0} in lines of 140 columns), "
            + $"{after:N0} with the compiler");
        Assert.InRange(after, 1, before / 2);
    }
}
