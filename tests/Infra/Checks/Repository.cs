using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;

namespace Dapr.Voice.Tests.Infra.Checks;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    private static readonly Lazy<SourceTree> Files = new(() => SourceTree.FromDisk(Checkout.Root));

    public static SourceTree Tree => Files.Value;
}
