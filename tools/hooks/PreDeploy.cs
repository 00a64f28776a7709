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
        if (context.Optional("VOICE_STAGE") is not { } stage)
            throw new HookFailure("this machine does not know the deployment", "run 'azd env refresh', or 'azd up' if there is none yet");
        if (stage != "deployed")
            throw new HookFailure("the apps are not there yet, and 'azd deploy' only updates apps",
                "run 'azd publish --all && azd provision'");
        if (context.Required("VOICE_DEPLOYED_EDGE") == "udp-edge")
            throw new HookFailure("the relays run on machines, which 'azd deploy' does not reach",
                "run 'azd publish --all && azd provision', or 'azd publish NAME && azd provision' for one service");
        string group = context.RequiredList("VOICE_RESOURCE_GROUPS")[0];
        IReadOnlyList<RunningApp> apps = await az.AppsAsync(group, cancellation);
        IEnumerable<HomeApp> needed = HomeApp.All
            .Where(home => home != HomeApp.LocalAgent || context.Optional("VOICE_SAMPLE_AGENT") != "false");
        if (needed.FirstOrDefault(home => apps.All(app => app.Name != home.App)) is { } missing)
            throw new HookFailure($"{group}/{missing.App} is not there, or has no image", "run 'azd publish --all && azd provision'");
        await new PublishedImages(context, azd).FollowAsync(PublishedImages.Running(apps, machines: null), cancellation);
        IReadOnlyList<RegionSettings> regions = RegionSettings.Read(context);
        if (regions.Count > 0 && regions[0].KeepShards > 0)
            context.Say($"shards: {HomeApp.Transceiver.App} is kept, but 'azd deploy' of the transceiver updates it, and its calls end "
                + "('azd publish transceiver && azd provision' leaves it alone)");
    }
}
