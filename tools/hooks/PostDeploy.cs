namespace Dapr.Voice.Hooks;

/// <summary>
/// Runs after <c>azd deploy</c>, which changes the home region's four apps. Once their new revisions run, it gives each other app of a
/// service the image of the home app, one shard after the other.
/// </summary>
internal static class PostDeploy
{
    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        Fleet fleet = await Fleet.ReadAsync(context, az, cancellation);
        // The images are those that run at home. What this machine's .azure names may be older: another machine, or a pipeline, may have
        // deployed the other services since.
        IReadOnlyList<RunningApp> atHome = await az.AppsAsync(fleet.Home.Group, cancellation);
        if (atHome.Count == 0) throw new HookFailure($"there is no app in {fleet.Home.Group}", "run 'azd publish --all && azd provision'");
        foreach (HomeApp home in HomeApp.All.Where(home => atHome.Any(app => app.Name == home.App)))
            await WaitUntilItRunsAsync(context, az, fleet.Home.Group, home.App, "no other app was changed", cancellation);
        IReadOnlyDictionary<HomeApp, string> images = PublishedImages.Running(atHome, fleet.Home.KeptShards);
        foreach ((string group, int kept) in fleet.Regions)
        {
            IReadOnlyList<RunningApp> apps = await az.AppsAsync(group, cancellation);
            foreach ((HomeApp home, string image) in images)
            {
                // The shards are updated one after the other. While one restarts, its calls go to the others.
                IEnumerable<RunningApp> following = home == HomeApp.Transceiver
                    ? apps.Where(app => app.Shard >= kept).OrderBy(app => app.Shard) : apps.Where(app => app.Name == home.App);
                foreach (RunningApp app in following) await SetImageAsync(context, az, group, app, image, cancellation);
            }
            if (kept > 0) context.Say($"{group}: the shards below {kept} are kept as they run (keepShards)");
        }
        context.Say("every app has its image");
    }

    /// <summary>Sets the image if the app has another one, and waits until its revision runs.</summary>
    private static async Task SetImageAsync(HookContext context, AzureCli az, string group, RunningApp running, string image,
        CancellationToken cancellation)
    {
        string app = running.Name;
        if (running.Image == image)
        {
            context.Say($"{group}/{app}: has its image");
            return;
        }
        CommandResult updated = await az.SetImageAsync(group, app, image, cancellation);
        if (!updated.Succeeded)
            throw new HookFailure($"{group}/{app} does not accept the image: {updated.Reason}",
                "the apps before it have the new image; run 'azd deploy' again to go on");
        await WaitUntilItRunsAsync(context, az, group, app, "the apps after it keep the old image", cancellation);
        context.Say($"{group}/{app}: runs the new image");
    }

    private static async Task WaitUntilItRunsAsync(HookContext context, AzureCli az, string group, string app, string otherwise,
        CancellationToken cancellation)
    {
        var wait = new Wait(context);
        while (true)
        {
            (CommandResult shown, RunningApp? running) = await az.AppAsync(group, app, cancellation);
            if (running is { IsReady: true }) return;
            // An app that can't be asked must not pass as one that starts.
            if (running is null)
                throw new HookFailure($"{group}/{app} can't be read: {shown.Reason}",
                    "whoever runs azd needs the role Contributor on the group");
            if (wait.IsOver)
            {
                throw new HookFailure($"{group}/{app}: the new revision does not run after {wait.LimitSeconds} s",
                    $"see why: az containerapp logs show --name {app} --resource-group {group} --tail 50; {otherwise}");
            }
            context.Say($"{group}/{app}: the new revision starts, {wait.Seconds} s of {wait.LimitSeconds} s");
            await wait.PauseAsync(cancellation);
        }
    }
}
