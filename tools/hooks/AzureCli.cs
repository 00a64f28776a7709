using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Hooks;

/// <summary>
/// The calls of <c>az</c> that the hooks make. Every answer is read here as JSON and not with <c>--query</c>. On Windows <c>az</c> is a
/// batch file, and quotation marks or brackets in an argument would pass through another shell.
/// </summary>
internal sealed class AzureCli
{
    private static readonly Version Oldest = new(2, 60);

    // az ends with this code if a resource does not exist.
    private const int NotFound = 3;

    private readonly CommandLine _az;
    private readonly string[] _subscription;

    // azd's environment may name another subscription than the one that az has selected.
    private AzureCli(HookContext context, CommandLine az)
        => (_az, _subscription) = (az, context.Optional("AZURE_SUBSCRIPTION_ID") is { } id ? ["--subscription", id] : []);

    /// <exception cref="HookFailure">az is missing or not signed in.</exception>
    public static async Task<AzureCli> RequireAsync(HookContext context, CancellationToken cancellation)
    {
        var az = new AzureCli(context,
            CommandLine.Require(context, "az", "install the Azure CLI 2.60 or later: https://aka.ms/azure-cli"));
        CommandResult account = await az.RunAsync(["account", "show", "--output", "none"], cancellation);
        if (!account.Succeeded)
            throw new HookFailure("the Azure CLI is not signed in, or not to this subscription",
                "run 'az login', or 'azd config set auth.useAzCliAuth true' and sign in once");
        return az;
    }

    public async Task RequireVersionAsync(CancellationToken cancellation)
    {
        CommandResult result = await _az.RunAsync(["version", "--output", "json"], cancellation);
        string text = Parse(result)?["azure-cli"]?.ToString() ?? "";
        if (!Version.TryParse(text, out Version? version))
            throw new HookFailure($"the Azure CLI does not state its version ('{text}')", "run 'az version'");
        if (version < Oldest)
            throw new HookFailure($"the Azure CLI is {text}", "run 'az upgrade': 2.60 or later knows Container Apps without an extension");
    }

    /// <summary>Returns every resource group of the subscription.</summary>
    public async Task<IReadOnlyList<ResourceGroup>> GroupsAsync(CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["group", "list", "--output", "json"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"the resource groups can't be listed: {result.Reason}",
                "whoever runs azd needs the role Reader on the subscription");
        return [.. Items(result).Select(group => new ResourceGroup(group["name"]?.ToString() ?? "",
            group["tags"]?["voice-environment"]?.ToString(), group["tags"]?["azd-env-name"]?.ToString()))];
    }

    /// <summary>Returns the last deployment of an environment that succeeded, or null if there is none. azd tags its deployments.</summary>
    public async Task<LastDeployment?> LastDeploymentAsync(string environment, CancellationToken cancellation)
    {
        CommandResult listed = await RunAsync(["deployment", "sub", "list", "--output", "json"], cancellation);
        if (!listed.Succeeded)
            throw new HookFailure($"the deployments can't be listed: {listed.Reason}",
                "whoever runs azd needs the role Reader on the subscription");
        string? name = Items(listed).Where(d => d["tags"]?["azd-env-name"]?.ToString() == environment
            && d["properties"]?["provisioningState"]?.ToString() == "Succeeded").MaxBy(TimeOf)?["name"]?.ToString();
        if (name is null) return null;
        CommandResult shown = await RunAsync(["deployment", "sub", "show", "--name", name, "--output", "json"], cancellation);
        return Parse(shown)?["properties"] is { } properties && properties["parameters"] is JsonObject parameters
            ? new LastDeployment(TimeOf(Parse(shown)!), parameters)
            : throw new HookFailure($"the deployment {name} can't be read: {shown.Reason}",
                "whoever runs azd needs the role Reader on the subscription");
    }

    private static DateTimeOffset TimeOf(JsonNode deployment)
        => DateTimeOffset.TryParse(deployment["properties"]?["timestamp"]?.ToString(), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : default;

    public async Task<IReadOnlyList<RunningApp>> AppsAsync(string group, CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["containerapp", "list", "--resource-group", group, "--output", "json"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"the apps of {group} can't be listed: {result.Reason}",
                "whoever runs azd needs the role Contributor on the group");
        return [.. Items(result).Select(RunningApp.Read).OfType<RunningApp>()];
    }

    /// <returns>Null if the app can't be read. The result then says why.</returns>
    public async Task<(CommandResult Result, RunningApp? App)> AppAsync(string group, string app, CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["containerapp", "show", "--resource-group", group, "--name", app, "--output", "json"],
            cancellation);
        return (result, RunningApp.Read(Parse(result)));
    }

    /// <summary>Returns the names of the vaults in a group.</summary>
    public async Task<IReadOnlyList<string>> VaultsAsync(string group, CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["keyvault", "list", "--resource-group", group, "--output", "json"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"the vaults of {group} can't be listed: {result.Reason}",
                "whoever runs azd needs the role Contributor on the group");
        return [.. Items(result).Select(vault => vault["name"]?.ToString()).OfType<string>()];
    }

    /// <summary>Returns the user data of the relays' machines in a group, or null if there are none.</summary>
    public async Task<string?> MachineSettingsAsync(string group, CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["vmss", "show", "--resource-group", group, "--name", "vmss-voice-relay",
            "--include-user-data", "--output", "json"], cancellation);
        if (result.ExitCode == NotFound) return null;
        if (!result.Succeeded)
            throw new HookFailure($"the machines of {group} can't be read: {result.Reason}",
                "whoever runs azd needs the role Contributor on the group");
        string data = Parse(result)?["virtualMachineProfile"]?["userData"]?.ToString() ?? "";
        byte[] text = new byte[data.Length];
        return Convert.TryFromBase64String(data, text, out int length) ? Encoding.UTF8.GetString(text, 0, length) : "";
    }

    /// <summary>Returns the names of an environment's deleted vaults, with the location of each. Azure keeps them for days.</summary>
    public async Task<IReadOnlyList<(string Name, string Location)>> DeletedVaultsAsync(string environment,
        CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["keyvault", "list-deleted", "--resource-type", "vault", "--output", "json"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"the deleted vaults can't be listed: {result.Reason}",
                "whoever runs azd needs the role Reader on the subscription");
        return [.. Items(result).Where(vault => vault["properties"]?["tags"]?["azd-env-name"]?.ToString() == environment
            && vault["name"]?.ToString().StartsWith("kv-voice-", StringComparison.Ordinal) == true)
            .Select(vault => (vault["name"]?.ToString() ?? "", vault["properties"]?["location"]?.ToString() ?? ""))];
    }

    public Task<CommandResult> SetImageAsync(string group, string app, string image, CancellationToken cancellation)
        => RunAsync(["containerapp", "update", "--resource-group", group, "--name", app, "--image", image, "--output", "none"],
            cancellation);

    /// <summary>Returns the names of the secrets in a vault. Null names mean that the call failed.</summary>
    public async Task<(CommandResult Result, IReadOnlyList<string>? Names)> SecretNamesAsync(string vault, CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["keyvault", "secret", "list", "--vault-name", vault, "--output", "json"], cancellation);
        return (result, result.Succeeded ? [.. Items(result).Select(secret => secret["name"]?.ToString()).OfType<string>()] : null);
    }

    /// <summary>
    /// Returns a secret's value, which comes through a pipe. 'secret download' would write a file that others on the machine may read.
    /// </summary>
    public async Task<string> SecretAsync(string vault, string name, CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["keyvault", "secret", "show", "--vault-name", vault, "--name", name, "--output",
            "json"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"secret {name} can't be read from vault {vault}: {result.Reason}",
                "whoever runs azd needs the role Key Vault Secrets Officer on it");
        return Parse(result)?["value"]?.ToString() is { Length: > 0 } value ? value
            : throw new HookFailure($"secret {name} in vault {vault} is empty",
                $"run 'az keyvault secret delete --vault-name {vault} --name {name}' for a new one");
    }

    /// <param name="file">A file that holds the value, so that no process has it among its arguments.</param>
    public async Task SetSecretAsync(string vault, string name, string file, CancellationToken cancellation)
    {
        CommandResult result = await RunAsync(["keyvault", "secret", "set", "--vault-name", vault, "--name", name, "--file", file,
            "--encoding", "utf-8", "--output", "none"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"secret {name} can't be written to vault {vault}: {result.Reason}",
                $"a deleted secret of that name comes back by 'az keyvault secret recover --vault-name {vault} --name {name}'");
    }

    private Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
        => _az.RunAsync([.. arguments, .. _subscription], cancellation);

    private static IEnumerable<JsonNode> Items(CommandResult result) => (Parse(result) as JsonArray ?? []).OfType<JsonNode>();

    /// <returns>Null if the program failed or did not answer with JSON. The caller then says what is missing.</returns>
    private static JsonNode? Parse(CommandResult result)
    {
        if (!result.Succeeded) return null;
        try
        {
            return JsonNode.Parse(result.Output);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
