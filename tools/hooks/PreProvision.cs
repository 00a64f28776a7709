namespace Dapr.Voice.Hooks;

/// <summary>
/// Runs before each <c>azd provision</c>. It checks what templates cannot check, makes what they cannot make, and brings what this machine
/// knows in line with what is in Azure.
/// </summary>
internal static class PreProvision
{
    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        var azd = AzdCli.Require(context);
        await az.RequireVersionAsync(cancellation);
        if (context.Optional("VOICE_AGENT_API_KEY") is not null) _ = VaultKeys.AgentKeyName(context);
        string environment = context.Optional("AZURE_ENV_NAME")
            ?? throw new HookFailure("AZURE_ENV_NAME is not set", "azd sets it; run 'azd provision' and not this file");
        LastDeployment? deployed = await az.LastDeploymentAsync(environment, cancellation);
        IReadOnlyList<ResourceGroup> groups = await az.GroupsAsync(cancellation);
        // After 'azd down', Azure still has the record of the deployment, and what it says is over.
        if (groups.All(group => group.Environment != environment)) deployed = null;
        if (deployed is not null) await DeployedSettings.FollowAsync(context, azd, deployed, cancellation);
        IReadOnlyList<RegionSettings> regions = RegionSettings.Read(context);
        if (regions.Count == 0) context.Say("regions: one, at the location that azd asks for");
        else context.Say($"regions: {string.Join(", ", regions.Select(r => $"{r.Location} (number {r.Number})"))}");
        if (regions.Count > 0) await FollowAzureAsync(context, az, azd, environment, regions, groups, deployed, cancellation);
        if (context.Optional("VOICE_EDGE") == "udp-edge" && context.Optional("VOICE_EDGE_SSH_PUBLIC_KEY") is null)
        {
            await azd.SetAsync("VOICE_EDGE_SSH_PUBLIC_KEY", NewSecrets.SshPublicKey(), cancellation);
            context.Say("edge machines: a public key was made and its private half thrown away");
            context.Say("               (set VOICE_EDGE_SSH_PUBLIC_KEY to a key of your own to sign in)");
        }
    }

    private static async Task FollowAzureAsync(HookContext context, AzureCli az, AzdCli azd, string environment,
        IReadOnlyList<RegionSettings> regions, IReadOnlyList<ResourceGroup> groups, LastDeployment? deployed,
        CancellationToken cancellation)
    {
        string shared = $"rg-{environment}", home = regions[0].GroupOf(environment);
        string[] ours = [.. groups.Where(group => group.Environment == environment).Select(group => group.Name)];
        // The deployment would take over a group of another environment, and 'azd down' would delete it.
        if (groups.FirstOrDefault(group => group.Environment != environment
            && (group.Name == shared || regions.Any(r => r.GroupOf(environment) == group.Name))) is { } foreign)
            throw new HookFailure($"group {foreign.Name} exists and is not part of the environment {environment}",
                "choose another name for the environment: azd env new NAME");
        Leftovers.SayGroups(context, [.. ours.Except(regions.Select(r => r.GroupOf(environment)).Append(shared))],
            "is of no region in the list. What is in it runs on, and costs");
        RegionSettings[] there = [.. regions.Where(r => ours.Contains(r.GroupOf(environment)))];
        if (there.Length < regions.Count)
            await RequireNoDeletedVaultAsync(az, environment, [.. regions.Except(there)], cancellation);
        var images = new PublishedImages(context, azd);
        string[] known = context.Optional("VOICE_KEYED_REGIONS")?.Split(',') ?? [];
        var keyed = new List<string>();
        var vaults = new List<string>();
        foreach (RegionSettings region in there)
        {
            string group = region.GroupOf(environment);
            IReadOnlyList<RunningApp> apps = await az.AppsAsync(group, cancellation);
            // An app can't have started without the keys in its region's vault.
            if (known.Contains(region.Location) || apps.Any(app => app.Name == HomeApp.Signaling.App))
            {
                keyed.Add(region.Location);
                if (context.Optional("VOICE_AGENT_KEY_SECRET_NAME") is not null || region.StandbyShards > 0)
                    vaults.AddRange(await az.VaultsAsync(group, cancellation));
            }
            if (group != home) continue;
            string? machines = deployed is { IsOnMachines: true } ? await az.MachineSettingsAsync(group, cancellation) : null;
            int kept = deployed?.KeptShards(region.Location) ?? 0;
            await images.FollowAsync(PublishedImages.Running(apps, kept, machines), deployed, cancellation);
        }
        await RequireAppSecretsAsync(context, az, vaults, regions.Any(region => region.StandbyShards > 0), cancellation);
        if (!ours.Contains(home)) await images.ForgetAsync(cancellation);
        if (!keyed.SequenceEqual(known)) await azd.SetAsync("VOICE_KEYED_REGIONS", string.Join(',', keyed), cancellation);
    }

    // The names of vaults are the same at each deployment, and a deleted vault keeps its name.
    private static async Task RequireNoDeletedVaultAsync(AzureCli az, string environment, IReadOnlyList<RegionSettings> missing,
        CancellationToken cancellation)
    {
        foreach ((string name, string location) in await az.DeletedVaultsAsync(environment, cancellation))
        {
            if (missing.Any(region => region.Location == location))
                throw new HookFailure($"the name of the deleted vault {name} is still taken, and the deployment would fail at it",
                    $"run 'az keyvault purge --name {name} --location {location}'");
        }
    }

    // The apps of these regions are deployed now, before the post-provision hook. What they read from the vaults has to be there.
    private static async Task RequireAppSecretsAsync(HookContext context, AzureCli az, IReadOnlyList<string> vaults, bool withScaler,
        CancellationToken cancellation)
    {
        if (vaults.Count == 0) return;
        using var folder = new SecretFolder(context);
        var keys = new VaultKeys(context, az, folder);
        await keys.ReadAsync(vaults, cancellation);
        if (context.Optional("VOICE_AGENT_KEY_SECRET_NAME") is not null) await keys.RequireAgentKeyAsync(cancellation);
        // A vault that was filled before there was a scaler's token lacks it.
        if (withScaler) await keys.CompleteAsync(cancellation);
    }
}
