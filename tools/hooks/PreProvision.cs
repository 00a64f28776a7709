namespace Dapr.Voice.Hooks;

/// <summary>Runs before each <c>azd provision</c>. It checks what templates cannot check and makes what they cannot make.</summary>
internal static class PreProvision
{
    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        var azd = AzdCli.Require(context);
        await az.RequireVersionAsync(cancellation);
        IReadOnlyList<RegionSettings> regions = RegionSettings.Read(context);
        context.Say($"regions: {string.Join(", ", regions.Select(r => $"{r.Location} (number {r.Number})"))}");
        await LookAtHomeAsync(context, az, azd, regions[0].Location, cancellation);
        if (context.Optional("VOICE_EDGE") == "udp-edge" && context.Optional("VOICE_EDGE_SSH_PUBLIC_KEY") is null)
        {
            await azd.SetAsync("VOICE_EDGE_SSH_PUBLIC_KEY", NewSecrets.SshPublicKey(), cancellation);
            context.Say("edge machines: a public key was made and its private half thrown away");
            context.Say("               (set VOICE_EDGE_SSH_PUBLIC_KEY to a key of your own to sign in)");
        }
    }

    private static async Task LookAtHomeAsync(HookContext context, AzureCli az, AzdCli azd, string home, CancellationToken cancellation)
    {
        if (context.Optional("AZURE_ENV_NAME") is not { } environment) return;
        string group = $"rg-{environment}-{home}";
        // Only a group that certainly does not exist has no apps. A failed listing must not count as an empty one.
        if (!await az.GroupExistsAsync(group, cancellation)) return;
        IReadOnlyList<string> apps = await az.AppsAsync(group, cancellation);
        await NameTheGroupAsync(context, azd, group, apps, cancellation);
        await KeepNewerImagesAsync(context, az, azd, group, apps, cancellation);
    }

    // A machine that never deployed this environment, such as a pipeline's, has no stored group. azd then finds two or more groups with the
    // environment's tag, uses none of them, and reports that no app exists. The template would put placeholders over the running apps. So
    // the hook names the group as soon as all four apps exist.
    private static async Task NameTheGroupAsync(
        HookContext context, AzdCli azd, string group, IReadOnlyList<string> apps, CancellationToken cancellation)
    {
        if (context.Optional("AZURE_RESOURCE_GROUP") is not null) return;
        string[] missing = [.. HomeApp.All.Select(home => home.App).Except(apps)];
        if (missing.Length == 0)
        {
            await azd.SetAsync("AZURE_RESOURCE_GROUP", group, cancellation);
            context.Say($"apps: those of {group} are updated");
        }
        else if (apps.Count > 0)
        {
            context.Say($"apps: {group} lacks {string.Join(' ', missing)}; placeholders come first");
        }
    }

    // The template gives each app the image that this machine published last. If a pipeline or another machine has published since, that
    // would put an older image over a newer one.
    private static async Task KeepNewerImagesAsync(
        HookContext context, AzureCli az, AzdCli azd, string group, IReadOnlyList<string> apps, CancellationToken cancellation)
    {
        if (context.Optional("VOICE_ROLL_BACK") == "true")
        {
            context.Say("images: those of this machine, also if they are older (VOICE_ROLL_BACK)");
            return;
        }
        foreach (HomeApp home in HomeApp.All.Where(home => apps.Contains(home.App)))
        {
            if (context.Optional(home.ImageVariable) is not { } known) continue;
            (CommandResult shown, string? running, _) = await az.AppAsync(group, home.App, cancellation);
            if (running is null)
                throw new HookFailure($"{group}/{home.App} can't be read: {shown.Reason}",
                    "whoever runs azd needs the role Contributor on the group");
            if (running == known || HomeApp.IsPlaceholder(running)) continue;
            if (HomeApp.PublishedAt(running) is not { } runningSince || HomeApp.PublishedAt(known) is not { } knownSince)
            {
                context.Say($"images: {home.App} changes from {running} to {known}");
            }
            else if (runningSince > knownSince)
            {
                await azd.SetAsync(home.ImageVariable, running, cancellation);
                context.Say($"images: {home.App} keeps {running}, which another machine published after {known}");
                context.Say("        (to go back to the older one: azd env set VOICE_ROLL_BACK true)");
            }
        }
    }
}
