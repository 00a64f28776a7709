namespace Dapr.Voice.Hooks;

/// <summary>
/// Runs after <c>azd deploy</c>, which changes one app for each service. It gives every other app the same image, one shard after the
/// other.
/// </summary>
internal static class PostDeploy
{
    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        IReadOnlyList<string> groups = context.RequiredList("VOICE_RESOURCE_GROUPS");
        IReadOnlyList<IReadOnlyList<string>> shards = context.RequiredLists("VOICE_SHARDS");
        if (shards.Count != groups.Count)
            throw new HookFailure($"VOICE_SHARDS names {shards.Count} regions and VOICE_RESOURCE_GROUPS {groups.Count}",
                "run 'azd provision' first: it sets both from the outputs of main.bicep");
        foreach ((string group, IReadOnlyList<string> shardsThere) in groups.Zip(shards))
        {
            IReadOnlyList<string> apps = await az.AppsAsync(group, cancellation);
            if (apps.Count == 0) throw new HookFailure($"there is no app in {group}", "run 'azd provision' first");
            // The shards are updated one after the other. While one restarts, its calls go to the others.
            foreach (string shard in shardsThere) await UpdateAsync(shard, "SERVICE_TRANSCEIVER_IMAGE_NAME");
            await UpdateAsync("relay", "SERVICE_RELAY_IMAGE_NAME");
            await UpdateAsync("local-agent", "SERVICE_LOCAL_AGENT_IMAGE_NAME");
            await UpdateAsync("signaling", "SERVICE_SIGNALING_IMAGE_NAME");

            // An app whose image azd does not know is not changed.
            Task UpdateAsync(string app, string variable)
                => context.Optional(variable) is { } image && apps.Contains(app)
                    ? SetImageAsync(context, az, group, app, image, cancellation) : Task.CompletedTask;
        }
        context.Say("every app has its image; the edge's machines follow at the next 'azd provision'");
    }

    /// <summary>Sets the image if the app has another one, and waits until its revision runs.</summary>
    private static async Task SetImageAsync(HookContext context, AzureCli az, string group, string app, string image,
        CancellationToken cancellation)
    {
        // An app that can't be asked must not pass as one that has the image.
        (CommandResult shown, string? current, _) = await az.AppAsync(group, app, cancellation);
        if (current is null)
            throw new HookFailure($"{group}/{app} can't be read: {shown.Reason}",
                "whoever runs azd needs the role Contributor on the group");
        if (current == image)
        {
            context.Say($"{group}/{app}: has its image");
            return;
        }
        CommandResult updated = await az.SetImageAsync(group, app, image, cancellation);
        if (!updated.Succeeded)
            throw new HookFailure($"{group}/{app} does not accept the image: {updated.Reason}",
                "the apps before it have the new image; run 'azd deploy' again to go on");
        var wait = new Wait(context);
        while (!(await az.AppAsync(group, app, cancellation)).IsReady)
        {
            if (wait.IsOver)
            {
                throw new HookFailure($"{group}/{app}: the new revision does not run after {wait.LimitSeconds} s",
                    $"see why: az containerapp logs show --name {app} --resource-group {group} --tail 50; "
                    + "the apps after it keep the old image");
            }
            context.Say($"{group}/{app}: the new revision starts, {wait.Seconds} s of {wait.LimitSeconds} s");
            await wait.PauseAsync(cancellation);
        }
        context.Say($"{group}/{app}: runs the new image");
    }
}
