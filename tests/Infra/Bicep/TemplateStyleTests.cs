using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Tests.Infra.Checks;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Bicep;

/// <summary>The style of our templates, as far as the linter has no rule for it (infra/bicep/bicepconfig.json).</summary>
public sealed class TemplateStyleTests : IDisposable
{
    private readonly BicepWorkspace _workspace = new(Repository.Tree, Compiler.Shared);

    private static string[] Files => [.. Repository.Tree.Under("infra/bicep", ".bicep"),
        .. Repository.Tree.Under("infra/bicep", ".bicepparam")];

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Templates_Each_IsAsTheFormatterWritesIt()
        => Assert.Equal([], Files.Where(f => _workspace.Format(f) != Repository.Tree.Text(f)).Select(f => $"{f}: run 'bicep format {f}'"));

    [Fact]
    public void ParametersAndOutputs_Each_IsDescribed()
    {
        IEnumerable<string> missing = Files.Where(f => f.EndsWith(".bicep", StringComparison.Ordinal)).SelectMany(file =>
        {
            BicepMetadata metadata = _workspace.Metadata(file);
            return metadata.Parameters.Concat(metadata.Outputs).Where(s => string.IsNullOrWhiteSpace(s.Description))
                .Select(s => $"{file}({s.Line}): {s.Name}");
        });
        Assert.Equal([], missing);
    }
}
