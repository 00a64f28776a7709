namespace Dapr.Voice.Hooks;

/// <summary>
/// The regions of an environment as they are in Azure. What this machine's outputs say may be older than another machine's last deployment.
/// </summary>
internal sealed record Fleet(LastDeployment Deployment, IReadOnlyList<Fleet.Region> Regions)
{
    /// <param name="Group">The resource group of the region's apps.</param>
    /// <param name="KeptShards">Shards below this number are left as they run.</param>
    internal sealed record Region(string Group, int KeptShards);

    /// <summary>The region whose apps azd updates. It is the first of <see cref="Regions"/>.</summary>
    public Region Home => Regions[0];

    /// <exception cref="HookFailure">Nothing is deployed.</exception>
    public static async Task<Fleet> ReadAsync(HookContext context, AzureCli az, CancellationToken cancellation)
    {
        string environment = context.Optional("AZURE_ENV_NAME")
            ?? throw new HookFailure("AZURE_ENV_NAME is not set", "azd sets it; run 'azd deploy' and not this file");
        LastDeployment? deployed = await az.LastDeploymentAsync(environment, cancellation);
        string prefix = $"rg-{environment}-";
        IReadOnlyList<Region> regions = [.. (await az.GroupsAsync(cancellation))
            .Where(group => group.Environment == environment && group.Name.StartsWith(prefix, StringComparison.Ordinal))
            .OrderByDescending(group => group.AzdEnvironment == environment).ThenBy(group => group.Name, StringComparer.Ordinal)
            .Select(group => new Region(group.Name, deployed?.KeptShards(group.Name[prefix.Length..]) ?? 0))];
        return deployed is not null && regions.Count > 0 ? new Fleet(deployed, regions)
            : throw new HookFailure($"nothing is deployed in the environment {environment} yet", "run 'azd up'");
    }
}
