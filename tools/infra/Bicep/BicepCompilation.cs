namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// What came of compiling: the template as JSON, null where there are errors, and everything that compiler and linter say.
/// </summary>
public sealed record BicepCompilation(string? Template, IReadOnlyList<Finding> Findings);

/// <summary>What a .bicep file declares to whoever uses it.</summary>
public sealed record BicepMetadata(IReadOnlyList<BicepSymbol> Parameters, IReadOnlyList<BicepSymbol> Outputs);

/// <summary>A parameter or an output. <paramref name="Line"/> is the line that it ends on, counted from 1.</summary>
public sealed record BicepSymbol(string Name, string Type, string? Description, int Line);

/// <summary>
/// Where a snapshot is taken: what <c>uniqueString</c>, <c>guid</c>, <c>tenant()</c> and <c>resourceGroup()</c> are made of.
/// </summary>
/// <param name="ResourceGroup">For a template of a resource group; null for one of a subscription.</param>
public sealed record AzurePlace(string TenantId, string SubscriptionId, string Location, string? ResourceGroup = null)
{
    /// <summary>The place of the committed snapshots. Nobody has this subscription.</summary>
    public static readonly AzurePlace Example = new(
        "00000000-0000-0000-0000-0000000000aa", "00000000-0000-0000-0000-00000000000b", "westeurope");
}
