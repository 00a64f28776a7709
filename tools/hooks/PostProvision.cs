using System.Net;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hooks;

/// <summary>
/// Runs after each <c>azd provision</c>. It gives every region's vault the same keys. Once apps run, it waits until they are ready and
/// prints their address. No secret is ever printed or an argument of a process.
/// </summary>
internal static class PostProvision
{
    public static async Task RunAsync(HookContext context, CancellationToken cancellation)
    {
        AzureCli az = await AzureCli.RequireAsync(context, cancellation);
        var azd = AzdCli.Require(context);
        IReadOnlyList<string> vaults = context.RequiredList("VOICE_KEY_VAULTS");
        using (var folder = new SecretFolder(context))
        {
            var keys = new VaultKeys(context, az, folder);
            await keys.ReadAsync(vaults, cancellation);
            await keys.CompleteAsync(cancellation);
            await keys.SetAgentKeyAsync(cancellation);
        }
        context.Say($"keys: the same {NewSecrets.Names.Count} secrets in {vaults.Count} vault(s)");

        // From now on the apps of these regions may be deployed, because their keys exist.
        string keyed = string.Join(',', context.RequiredList("VOICE_REGIONS"));
        if (keyed != context.Optional("VOICE_KEYED_REGIONS")) await azd.SetAsync("VOICE_KEYED_REGIONS", keyed, cancellation);

        if (context.Required("VOICE_STAGE") != "deployed")
        {
            context.Say("not everything runs yet: images come next");
            context.Say("                         ('azd up' continues by itself; otherwise run 'azd publish --all && azd provision')");
            return;
        }
        IReadOnlyList<string> urls = context.RequiredList("SIGNALING_URLS");
        IReadOnlyList<string> groups = context.RequiredList("VOICE_RESOURCE_GROUPS");
        await WaitUntilReadyAsync(context, urls, groups[0], cancellation);
        await SayWhatIsLeftAsync(context, az, groups, cancellation);
        ShowTheWayIn(context, urls, vaults[0]);
    }

    // A deployment deletes nothing. A shard that is not wanted any more, the sample agent beside another one, and the relay's app of before
    // udp-edge run on.
    private static async Task SayWhatIsLeftAsync(HookContext context, AzureCli az, IReadOnlyList<string> groups,
        CancellationToken cancellation)
    {
        string[] others = [.. context.Required("VOICE_DEPLOYED_EDGE") == "udp-edge" ? [] : new[] { HomeApp.Relay.App },
            .. context.Required("VOICE_SAMPLE_AGENT") == "false" ? [] : new[] { HomeApp.LocalAgent.App }];
        foreach ((string group, IReadOnlyList<string> shards) in groups.Zip(context.RequiredLists("VOICE_SHARDS")))
            Leftovers.SayApps(context, group, await az.AppsAsync(group, cancellation), [.. shards, .. others]);
    }

    private static async Task WaitUntilReadyAsync(HookContext context, IReadOnlyList<string> urls, string group,
        CancellationToken cancellation)
    {
        var wait = new Wait(context);
        List<string> waiting = [.. urls];
        while (true)
        {
            foreach (string url in waiting.ToArray())
            {
                (string status, string why) = await AskAsync(context, url, cancellation);
                if (status == "200")
                {
                    context.Say($"{url}: ready after {wait.Seconds} s");
                    waiting.Remove(url);
                }
                else
                {
                    context.Say($"{url}: not ready yet, {wait.Seconds} s of {wait.LimitSeconds} s ({status}) {why}");
                }
            }
            if (waiting.Count == 0) return;
            if (wait.IsOver)
            {
                throw new HookFailure($"not ready after {wait.LimitSeconds} s: {string.Join(' ', waiting)}",
                    $"see why: az containerapp logs show --name signaling --resource-group {group} --tail 50; "
                    + "docs/runbooks says what each reason means");
            }
            await wait.PauseAsync(cancellation);
        }
    }

    private static async Task<(string Status, string Why)> AskAsync(HookContext context, string url, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage answer = await context.Http.GetAsync($"{url}/readyz", cancellation);
            if (answer.StatusCode == HttpStatusCode.OK) return ("200", "");
            // The answer names the reasons in our own words. It is still cut, and control characters are removed.
            string why = new([.. (await answer.Content.ReadAsStringAsync(cancellation)).Where(c => c is >= ' ' and <= '~').Take(200)]);
            return ($"status {(int)answer.StatusCode}", why);
        }
        catch (HttpRequestException exception)
        {
            return ("no answer", exception.HttpRequestError.ToString());
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ("no answer", "timed out");
        }
    }

    private static void ShowTheWayIn(HookContext context, IReadOnlyList<string> urls, string vault)
    {
        string url = context.Optional("SIGNALING_URL") ?? urls[0];
        context.Say("");
        context.Say($"Talk to it:    {url}");
        if (urls.Count > 1) foreach (string region in urls) context.Say($"  region:      {region}");
        context.Say($"API key:       secret {SecretNames.ApiKeys} in vault {vault}");
        string show = $"az keyvault secret show --vault-name {vault} --name {SecretNames.ApiKeys} --query value --output tsv";
        if (OperatingSystem.IsWindows())
        {
            context.Say($"First call:    $key = ({show}).Split(',')[0]");
            context.Say($"               Invoke-RestMethod -Method Post -Uri {url}/v1/realtime/client_secrets -ContentType application/json"
                + " -Headers @{ Authorization = \"Bearer $key\" } -Body '{}'");
        }
        else
        {
            context.Say($"First call:    key=$({show} | cut -d, -f1)");
            context.Say($"               curl -sS -X POST {url}/v1/realtime/client_secrets -H \"Authorization: Bearer $key\""
                + " -H 'Content-Type: application/json' -d '{}'");
        }
        context.Say("Take it down:  azd down --force --purge   (without --purge Azure keeps the names of the vaults for days)");
    }
}
