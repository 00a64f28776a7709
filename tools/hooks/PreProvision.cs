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
        IReadOnlyList<RegionSettings> regions = RegionSettings.Read(context);
        if (regions.Count == 0) context.Say("regions: one, at the location that azd asks for");
        else context.Say($"regions: {string.Join(", ", regions.Select(r => $"{r.Location} (number {r.Number})"))}");
        if (regions.Count > 0 && context.Optional("AZURE_ENV_NAME") is { } environment)
            await FollowAzureAsync(context, az, azd, environment, regions, cancellation);
        if (IsOnMachines(context) && context.Optional("VOICE_EDGE_SSH_PUBLIC_KEY") is null)
        {
            await azd.SetAsync("VOICE_EDGE_SSH_PUBLIC_KEY", NewSecrets.SshPublicKey(), cancellation);
            context.Say("edge machines: a public key was made and its private half thrown away");
            context.Say("               (set VOICE_EDGE_SSH_PUBLIC_KEY to a key of your own to sign in)");
        }
    }

    private static bool IsOnMachines(HookContext context) => context.Optional("VOICE_EDGE") == "udp-edge";

    private static async Task FollowAzureAsync(HookContext context, AzureCli az, AzdCli azd, string environment,
        IReadOnlyList<RegionSettings> regions, CancellationToken cancellation)
    {
        // A failed listing must not count as an empty one, so each of these calls ends the hook if it fails.
        IReadOnlyList<string> groups = await az.GroupsAsync(environment, cancellation);
        string home = regions[0].GroupOf(environment);
        Leftovers.SayGroups(context, [.. groups.Except(regions.Select(r => r.GroupOf(environment))).Where(g => g != $"rg-{environment}")],
            "is of no region in the list. What is in it runs on, and costs");
        var images = new PublishedImages(context, azd);
        string[] known = context.Optional("VOICE_KEYED_REGIONS")?.Split(',') ?? [];
        var keyed = new List<string>();
        var vaults = new List<string>();
        foreach (RegionSettings region in regions.Where(r => groups.Contains(r.GroupOf(environment))))
        {
            string group = region.GroupOf(environment);
            IReadOnlyList<RunningApp> apps = await az.AppsAsync(group, cancellation);
            // An app can't have started without the keys in its region's vault.
            if (known.Contains(region.Location) || apps.Any(app => app.Name == HomeApp.Signaling.App))
            {
                keyed.Add(region.Location);
                if (context.Optional("VOICE_AGENT_KEY_SECRET_NAME") is not null)
                    vaults.AddRange(await az.VaultsAsync(group, cancellation));
            }
            if (group != home) continue;
            string? machines = IsOnMachines(context) ? await az.MachineSettingsAsync(group, cancellation) : null;
            await images.FollowAsync(PublishedImages.Running(apps, machines), cancellation);
        }
        await RequireAgentKeyAsync(context, az, vaults, cancellation);
        if (!groups.Contains(home)) await images.ForgetAsync(cancellation);
        if (!keyed.SequenceEqual(known)) await azd.SetAsync("VOICE_KEYED_REGIONS", string.Join(',', keyed), cancellation);
    }

    // The apps of these regions are deployed now, before the post-provision hook. What they read from the vaults has to be there.
    private static async Task RequireAgentKeyAsync(HookContext context, AzureCli az, IReadOnlyList<string> vaults,
        CancellationToken cancellation)
    {
        if (context.Optional("VOICE_AGENT_KEY_SECRET_NAME") is not { } secret || vaults.Count == 0) return;
        using var folder = new SecretFolder(context);
        var keys = new VaultKeys(context, az, folder);
        await keys.ReadAsync(vaults, cancellation);
        await keys.RequireAgentKeyAsync(secret, cancellation);
    }
}
