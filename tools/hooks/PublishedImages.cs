using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hooks;

/// <summary>
/// The images that the template gives to the apps: azd stores them on the machine that published them. The hooks make them follow what runs
/// at home, where another machine or a pipeline may have published since.
/// </summary>
internal sealed class PublishedImages(HookContext context, AzdCli azd)
{
    private const string SettingOnMachines = "EDGE_RELAY_IMAGE=";

    /// <summary>
    /// Keeps an image that runs if this machine knows none or an older one. With <c>VOICE_ROLL_BACK</c>, what this machine knows counts.
    /// </summary>
    /// <param name="running">The image of each service that runs at home.</param>
    public async Task FollowAsync(IReadOnlyDictionary<HomeApp, string> running, CancellationToken cancellation)
    {
        bool isRollBack = context.Optional("VOICE_ROLL_BACK") == "true";
        if (isRollBack) context.Say("images: those of this machine, also if they are older (VOICE_ROLL_BACK)");
        foreach ((HomeApp home, string image) in running)
        {
            string? known = context.Optional(home.ImageVariable);
            if (known == image) continue;
            if (known is null)
            {
                await azd.SetAsync(home.ImageVariable, image, cancellation);
                context.Say($"images: {home.App} keeps {image}, which runs; this machine published none");
            }
            else if (isRollBack) continue;
            else if (HomeApp.PublishedAt(image) is not { } runningSince || HomeApp.PublishedAt(known) is not { } knownSince)
            {
                context.Say($"images: {home.App} changes from {image} to {known}");
            }
            else if (runningSince > knownSince)
            {
                await azd.SetAsync(home.ImageVariable, image, cancellation);
                context.Say($"images: {home.App} keeps {image}, which another machine published after {known}");
                context.Say("        (to go back to the older one: azd env set VOICE_ROLL_BACK true)");
            }
        }
    }

    /// <summary>Forgets images whose registry went away with the rest of the deployment. azd remembers them beyond 'azd down'.</summary>
    public async Task ForgetAsync(CancellationToken cancellation)
    {
        HomeApp[] known = [.. HomeApp.All.Where(home => context.Optional(home.ImageVariable) is not null)];
        foreach (HomeApp home in known) await azd.SetAsync(home.ImageVariable, "", cancellation);
        if (known.Length > 0) context.Say("images: those of an earlier deployment are forgotten; nothing runs here yet");
    }

    /// <summary>Returns the images of the services that run in the home region.</summary>
    /// <param name="machines">The user data of the relays' machines, or null if there are none.</param>
    public static IReadOnlyDictionary<HomeApp, string> Running(IReadOnlyList<RunningApp> apps, string? machines)
    {
        var images = new Dictionary<HomeApp, string>();
        foreach (HomeApp home in HomeApp.All)
        {
            if (apps.FirstOrDefault(app => app.Name == home.App) is { } running) images[home] = running.Image;
        }
        string? onMachines = machines?.Split('\n').FirstOrDefault(l => l.StartsWith(SettingOnMachines, StringComparison.Ordinal));
        // An app that is left from before the machines may still be there.
        if (onMachines is not null) images[HomeApp.Relay] = onMachines[SettingOnMachines.Length..].Trim();
        return images;
    }
}
