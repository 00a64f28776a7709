namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// The result of a compilation: the template as JSON, or null if there are errors, and everything that the compiler and its linter report.
/// </summary>
public sealed record BicepCompilation(string? Template, IReadOnlyList<Finding> Findings);

/// <summary>What a .bicep file declares to its users.</summary>
public sealed record BicepMetadata(IReadOnlyList<BicepSymbol> Parameters, IReadOnlyList<BicepSymbol> Outputs);

/// <summary>A parameter or an output. <paramref name="Line"/> is its last line, counted from 1.</summary>
public sealed record BicepSymbol(string Name, string Type, string? Description, int Line);

/// <summary>
/// The place for which a snapshot is taken. <c>uniqueString</c>, <c>guid</c>, <c>tenant()</c> and <c>resourceGroup()</c> depend on it.
/// </summary>
/// <param name="ResourceGroup">For a template of a resource group. Null for a template of a subscription.</param>
public sealed record AzurePlace(string TenantId, string SubscriptionId, string Location, string? ResourceGroup = null)
{
    /// <summary>The place of the committed snapshots. Nobody has this subscription.</summary>
    public static readonly AzurePlace Example = new(
        "00000000-0000-0000-0000-0000000000aa", "00000000-0000-0000-0000-00000000000b", "westeurope");
}
