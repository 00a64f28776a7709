namespace Dapr.Voice.Hooks;

/// <summary>Before each <c>azd provision</c>: checks what templates can't check, and makes what they can't make.</summary>
internal static class PreProvision
{
    // What azd updates itself; a template that finds one of them missing puts placeholders over all.
    private static readonly string[] HomeApps = ["signaling", "relay", "transceiver-00", "local-agent"];

    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        var azd = AzdCli.Require(context);
        await az.RequireVersionAsync(cancellation);
        IReadOnlyList<RegionSettings> regions = RegionSettings.Read(context);
        context.Say($"regions: {string.Join(", ", regions.Select(r => $"{r.Location} (number {r.Number})"))}");
        await NameTheGroupAsync(context, az, azd, regions[0].Location, cancellation);
        if (context.Optional("VOICE_EDGE") == "udp-edge" && context.Optional("VOICE_EDGE_SSH_PUBLIC_KEY") is null)
        {
            await azd.SetAsync("VOICE_EDGE_SSH_PUBLIC_KEY", NewSecrets.SshPublicKey(), cancellation);
            context.Say("edge machines: a public key was made and its private half thrown away");
            context.Say("               (set VOICE_EDGE_SSH_PUBLIC_KEY to a key of your own to sign in)");
        }
    }

    // On a machine that never deployed this environment (a pipeline's), azd finds two or more groups with the environment's tag, uses none
    // of them, and reports that
    // no app exists. The template would then put placeholders over what runs. So the hook names the group as soon as all four apps are
    // there.
    private static async Task NameTheGroupAsync(HookContext context, AzureCli az, AzdCli azd, string home, CancellationToken cancellation)
    {
        if (context.Optional("AZURE_RESOURCE_GROUP") is not null || context.Optional("AZURE_ENV_NAME") is not { } environment) return;
        string group = $"rg-{environment}-{home}";
        // Only a group that certainly does not exist has no apps. A listing that fails must not pass as an empty one.
        if (!await az.GroupExistsAsync(group, cancellation)) return;
        IReadOnlyList<string> apps = await az.AppsAsync(group, cancellation);
        string[] missing = [.. HomeApps.Except(apps)];
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
}
