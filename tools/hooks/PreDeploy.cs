using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hooks;

/// <summary>
/// Runs before <c>azd deploy</c> builds anything. It stops a deployment that would fail after the builds, and says what to run instead.
/// </summary>
internal static class PreDeploy
{
    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        var azd = AzdCli.Require(context);
        Fleet fleet = await Fleet.ReadAsync(context, az, cancellation);
        if (fleet.Deployment.IsOnMachines)
            throw new HookFailure("the relays run on machines, which 'azd deploy' does not reach",
                "run 'azd publish --all && azd provision', or 'azd publish NAME && azd provision' for one service");
        IReadOnlyList<RunningApp> apps = await az.AppsAsync(fleet.Home.Group, cancellation);
        HomeApp[] needed = [.. HomeApp.All.Where(home => home != HomeApp.LocalAgent || fleet.Deployment.HasSampleAgent)];
        if (needed.FirstOrDefault(home => apps.All(app => app.Name != home.App)) is { } missing)
            throw new HookFailure($"{fleet.Home.Group}/{missing.App} is not there, or has no image, and 'azd deploy' only updates apps",
                "run 'azd publish --all && azd provision'");
        await new PublishedImages(context, azd)
            .FollowAsync(PublishedImages.Running(apps, fleet.Home.KeptShards), fleet.Deployment, cancellation);
        if (fleet.Home.KeptShards > 0)
            context.Say($"shards: {HomeApp.Transceiver.App} is kept, but 'azd deploy' of the transceiver updates it, and its calls end "
                + "('azd publish transceiver && azd provision' leaves it alone)");
    }
}
