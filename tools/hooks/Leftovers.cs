namespace Dapr.Voice.Hooks;

/// <summary>
/// Says what is in Azure and in no deployment any more, with the command that removes it. No hook removes anything: it may be what somebody
/// wants to keep.
/// </summary>
internal static class Leftovers
{
    public static void SayGroups(HookContext context, IReadOnlyList<string> groups, string why)
    {
        foreach (string group in groups)
        {
            context.Say($"left over: group {group} {why}:");
            context.Say($"           az group delete --name {group} --yes");
        }
    }

    public static void SayVaults(HookContext context, IReadOnlyList<(string Name, string Location)> vaults)
    {
        foreach ((string name, string location) in vaults)
        {
            context.Say($"left over: deleted vault {name}. Azure keeps its name for days, and 'azd up' of this environment needs it:");
            context.Say($"           az keyvault purge --name {name} --location {location}");
        }
    }

    /// <summary>Says which apps of ours run in a region's group and are not part of the deployment.</summary>
    /// <param name="expected">The apps that the template makes there. Apps with other names than ours are never named.</param>
    public static void SayApps(HookContext context, string group, IReadOnlyList<RunningApp> apps, IReadOnlyCollection<string> expected)
    {
        foreach (string app in apps.Where(a => a.Shard is not null || a.Name is "relay" or "local-agent").Select(a => a.Name)
            .Where(a => !expected.Contains(a)))
        {
            context.Say($"left over: {group}/{app} is not part of the deployment any more. It runs on, and costs:");
            context.Say($"           az containerapp delete --name {app} --resource-group {group} --yes");
        }
    }
}
