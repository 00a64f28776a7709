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

    private readonly CommandLine _az;

    private AzureCli(CommandLine az) => _az = az;

    /// <exception cref="HookFailure">az is missing or not signed in.</exception>
    public static async Task<AzureCli> RequireAsync(HookContext context, CancellationToken cancellation)
    {
        var az = CommandLine.Require(context, "az", "install the Azure CLI 2.60 or later: https://aka.ms/azure-cli");
        CommandResult account = await az.RunAsync(["account", "show", "--output", "none"], cancellation);
        if (!account.Succeeded)
            throw new HookFailure("the Azure CLI is not signed in",
                "run 'az login', or 'azd config set auth.useAzCliAuth true' and sign in once");
        return new AzureCli(az);
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

    public async Task<bool> GroupExistsAsync(string group, CancellationToken cancellation)
    {
        CommandResult result = await _az.RunAsync(["group", "exists", "--name", group, "--output", "json"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"Azure does not say whether the group {group} exists: {result.Reason}",
                "whoever runs azd needs the role Reader on the subscription");
        return result.Output.Trim().Equals("true", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Returns the names of the container apps in a group.</summary>
    public async Task<IReadOnlyList<string>> AppsAsync(string group, CancellationToken cancellation)
    {
        CommandResult result = await _az.RunAsync(["containerapp", "list", "--resource-group", group, "--output", "json"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"the apps of {group} can't be listed: {result.Reason}",
                "whoever runs azd needs the role Contributor on the group");
        return NamesIn(result);
    }

    /// <returns>The image of the first container, and whether the newest revision is the one that runs.</returns>
    public async Task<(CommandResult Result, string? Image, bool IsReady)> AppAsync(string group, string app,
        CancellationToken cancellation)
    {
        CommandResult result = await _az.RunAsync(["containerapp", "show", "--resource-group", group, "--name", app, "--output", "json"],
            cancellation);
        JsonNode? properties = Parse(result)?["properties"];
        string? latest = properties?["latestRevisionName"]?.ToString(), ready = properties?["latestReadyRevisionName"]?.ToString();
        string? image = properties?["template"]?["containers"]?[0]?["image"]?.ToString();
        return (result, image, latest is not null && latest == ready);
    }

    public Task<CommandResult> SetImageAsync(string group, string app, string image, CancellationToken cancellation)
        => _az.RunAsync(["containerapp", "update", "--resource-group", group, "--name", app, "--image", image, "--output", "none"],
            cancellation);

    /// <summary>Returns the names of the secrets in a vault. Null names mean that the call failed.</summary>
    public async Task<(CommandResult Result, IReadOnlyList<string>? Names)> SecretNamesAsync(string vault, CancellationToken cancellation)
    {
        CommandResult result = await _az.RunAsync(["keyvault", "secret", "list", "--vault-name", vault, "--output", "json"], cancellation);
        return (result, result.Succeeded ? NamesIn(result) : null);
    }

    /// <summary>
    /// Returns a secret's value, which comes through a pipe. 'secret download' would write a file that others on the machine may read.
    /// </summary>
    public async Task<string> SecretAsync(string vault, string name, CancellationToken cancellation)
    {
        CommandResult result = await _az.RunAsync(["keyvault", "secret", "show", "--vault-name", vault, "--name", name, "--output",
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
        CommandResult result = await _az.RunAsync(["keyvault", "secret", "set", "--vault-name", vault, "--name", name, "--file", file,
            "--encoding", "utf-8", "--output", "none"], cancellation);
        if (!result.Succeeded)
            throw new HookFailure($"secret {name} can't be written to vault {vault}: {result.Reason}",
                $"a deleted secret of that name comes back by 'az keyvault secret recover --vault-name {vault} --name {name}'");
    }

    private static string[] NamesIn(CommandResult result)
        => [.. (Parse(result) as JsonArray ?? []).Select(item => item?["name"]?.ToString()).OfType<string>()];

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
