using Dapr.Voice.Infra.Checks;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Infra.Checks;

/// <summary>Every rule over our own templates, azure.yaml, Dapr files and images.</summary>
public sealed class ProductTests(ITestOutputHelper output)
{
    [Fact]
    public void Repository_AgainstEveryRule_HasNoFinding()
    {
        var findings = InfrastructureCheck.OfProduct(Repository.Tree);
        output.WriteLine($"{findings.Count} findings on our own files in {ProductScenarios.All.Count} shapes of deployment");
        foreach (var finding in findings) output.WriteLine(finding.ToString());
        Assert.Empty(findings);
    }
}
