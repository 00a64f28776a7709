namespace Dapr.Voice.Hooks;

/// <summary>
/// Runs after <c>azd down</c>, which deletes what the last deployment named. It lists what is left of the environment: the groups of
/// regions that left the list before, and deleted vaults that were not purged.
/// </summary>
internal static class PostDown
{
    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        string environment = context.Optional("AZURE_ENV_NAME")
            ?? throw new HookFailure("AZURE_ENV_NAME is not set", "azd sets it; run 'azd down' and not this file");
        string[] groups = [.. (await az.GroupsAsync(cancellation)).Where(g => g.Environment == environment).Select(g => g.Name)];
        IReadOnlyList<(string Name, string Location)> vaults = await az.DeletedVaultsAsync(environment, cancellation);
        Leftovers.SayGroups(context, groups, "still exists, and costs");
        Leftovers.SayVaults(context, vaults);
        if (groups.Length == 0 && vaults.Count == 0) context.Say($"nothing of {environment} is left in Azure");
    }
}
