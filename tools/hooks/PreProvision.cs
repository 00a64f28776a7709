namespace Dapr.Voice.Hooks;

/// <summary>Runs before each <c>azd provision</c>. It checks what templates cannot check and makes what they cannot make.</summary>
internal static class PreProvision
{
    // The apps that azd updates itself. A template that does not find one of them puts placeholders over all of them.
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

    // A machine that never deployed this environment, such as a pipeline's, has no stored group. azd then finds two or more groups with the
    // environment's tag, uses none of them, and reports that no app exists. The template would put placeholders over the running apps. So
    // the hook names the group as soon as all four apps exist.
    private static async Task NameTheGroupAsync(HookContext context, AzureCli az, AzdCli azd, string home, CancellationToken cancellation)
    {
        if (context.Optional("AZURE_RESOURCE_GROUP") is not null || context.Optional("AZURE_ENV_NAME") is not { } environment) return;
        string group = $"rg-{environment}-{home}";
        // Only a group that certainly does not exist has no apps. A failed listing must not count as an empty one.
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
