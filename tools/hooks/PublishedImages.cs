using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hooks;

/// <summary>
/// The images that the template gives to the apps: azd stores them on the machine that published them. The hooks make them follow what runs
/// at home, where another machine or a pipeline may have published since.
/// </summary>
internal sealed class PublishedImages(HookContext context, AzdCli azd)
{
    // The time in a tag is of the machine that published, and that of a deployment is Azure's.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(10);

    private const string SettingOnMachines = "EDGE_RELAY_IMAGE=";

    /// <summary>
    /// Keeps an image that runs, unless this machine has published a newer one since the last deployment. <c>VOICE_ROLL_BACK</c> names the
    /// services whose image of this machine counts although it is older.
    /// </summary>
    /// <param name="running">The image of each service that runs at home.</param>
    public async Task FollowAsync(IReadOnlyDictionary<HomeApp, string> running, LastDeployment? deployed, CancellationToken cancellation)
    {
        string[] back = context.Optional("VOICE_ROLL_BACK")?.Split(',') ?? [];
        if (back.FirstOrDefault(name => HomeApp.All.All(home => home.Service != name)) is { } unknown)
            throw new HookFailure($"VOICE_ROLL_BACK names '{unknown}', which is no service",
                $"name some of {string.Join(", ", HomeApp.All.Select(home => home.Service))}, separated by commas");
        foreach ((HomeApp home, string image) in running)
        {
            string? known = context.Optional(home.ImageVariable);
            if (known == image) continue;
            if (known is not null && (back.Contains(home.Service) || IsNews(known, image, deployed)))
            {
                context.Say($"images: {home.Service} changes from {image} to {known}");
                continue;
            }
            await azd.SetAsync(home.ImageVariable, image, cancellation);
            context.Say($"images: {home.Service} keeps {image}, which runs; this machine had {known ?? "none"}");
            if (known is not null) context.Say($"        (to go back to that one: azd env set VOICE_ROLL_BACK {home.Service})");
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
    /// <param name="kept">The number of shards there that are kept as they run. Their image may be an older one.</param>
    /// <param name="machines">The user data of the relays' machines, or null if there are none.</param>
    public static IReadOnlyDictionary<HomeApp, string> Running(IReadOnlyList<RunningApp> apps, int kept = 0, string? machines = null)
    {
        var images = new Dictionary<HomeApp, string>();
        foreach (HomeApp home in HomeApp.All)
        {
            if (apps.FirstOrDefault(app => app.Name == home.App) is { } running) images[home] = running.Image;
        }
        // 'azd deploy' updates the first shard, also if it is kept. So the newest image counts.
        string[] shards = [.. apps.Where(app => app.Shard is not null).OrderBy(app => app.Shard).Select(app => app.Image)];
        if (shards.Length > 0)
            images[HomeApp.Transceiver] = shards.All(image => HomeApp.PublishedAt(image) is not null)
                ? shards.MaxBy(HomeApp.PublishedAt)! : shards[Math.Min(kept, shards.Length - 1)];
        string? onMachines = machines?.Split('\n').FirstOrDefault(l => l.StartsWith(SettingOnMachines, StringComparison.Ordinal));
        // An app that is left from before the machines may still be there.
        if (onMachines is not null) images[HomeApp.Relay] = onMachines[SettingOnMachines.Length..].Trim();
        return images;
    }

    // A tag that azd did not make has no time. Somebody set it by hand, and means it.
    private static bool IsNews(string known, string running, LastDeployment? deployed)
    {
        if (HomeApp.PublishedAt(known) is not { } knownSince) return true;
        if (HomeApp.PublishedAt(running) is { } runningSince && runningSince > knownSince) return false;
        return deployed is null || knownSince > (deployed.At - ClockTolerance).ToUnixTimeSeconds();
    }
}
