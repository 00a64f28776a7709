using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hooks;

/// <summary>
/// The fleet's secrets in the vaults of all regions. A secret that any vault has is copied to the others. A secret is made only if no vault
/// has it.
/// </summary>
internal sealed class VaultKeys(HookContext context, AzureCli az, SecretFolder folder)
{
    private readonly List<(string Vault, IReadOnlyList<string> Names)> _vaults = [];

    /// <summary>
    /// Asks each vault for the names of its secrets. A role that was assigned a moment ago takes some minutes to count, so a refused call
    /// is repeated.
    /// </summary>
    public async Task ReadAsync(IReadOnlyList<string> vaults, CancellationToken cancellation)
    {
        foreach (string vault in vaults)
        {
            var wait = new Wait(context);
            while (true)
            {
                (CommandResult result, IReadOnlyList<string>? names) = await az.SecretNamesAsync(vault, cancellation);
                if (names is not null)
                {
                    _vaults.Add((vault, names));
                    break;
                }
                if (wait.IsOver)
                {
                    throw new HookFailure($"vault {vault} can't be read after {wait.LimitSeconds} s: {result.Reason}",
                        "whoever runs azd needs the role Key Vault Secrets Officer on it, and a way through its firewall");
                }
                context.Say($"vault {vault}: no access yet ({wait.Seconds} s of {wait.LimitSeconds} s): {result.Reason}");
                await wait.PauseAsync(cancellation);
            }
        }
    }

    /// <summary>Gives each vault the fleet's secrets that it lacks.</summary>
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        // The two rings have the same ids. One without the other is a mistake that a new ring would hide.
        RequireTogether(SecretNames.HintKeys, SecretNames.PasswordKeys);
        RequireTogether(SecretNames.PasswordKeys, SecretNames.HintKeys);
        foreach (string name in NewSecrets.Names)
        {
            string[] missing = [.. _vaults.Where(v => !v.Names.Contains(name)).Select(v => v.Vault)];
            if (missing.Length == 0) continue;
            string value = OwnerOf(name) is { } owner ? await az.SecretAsync(owner, name, cancellation) : NewSecrets.Make(name);
            await PutAsync(missing, name, value, cancellation);
        }
    }

    /// <summary>Returns the name of the secret with the key of an agent's backend.</summary>
    public static string AgentKeyName(HookContext context) => context.Optional("VOICE_AGENT_KEY_SECRET_NAME")
        ?? throw new HookFailure("VOICE_AGENT_API_KEY is set and VOICE_AGENT_KEY_SECRET_NAME is not",
            "run 'azd env set VOICE_AGENT_KEY_SECRET_NAME voice-agent-key'");

    /// <summary>
    /// Stores the key of an agent's backend in each vault that does not have it. It comes from the environment of the person who runs azd,
    /// or from a vault that has it.
    /// </summary>
    public async Task SetAgentKeyAsync(CancellationToken cancellation)
    {
        string? key = context.Optional("VOICE_AGENT_API_KEY");
        if (key is null && context.Optional("VOICE_AGENT_KEY_SECRET_NAME") is null) return;
        string name = AgentKeyName(context);
        var outdated = new List<string>();
        foreach ((string vault, IReadOnlyList<string> names) in _vaults)
        {
            if (!names.Contains(name) || (key is not null && await az.SecretAsync(vault, name, cancellation) != key)) outdated.Add(vault);
        }
        if (key is null && OwnerOf(name) is { } owner && outdated.Count > 0) key = await az.SecretAsync(owner, name, cancellation);
        if (key is not null) await PutAsync(outdated, name, key, cancellation);
    }

    /// <summary>
    /// Gives each vault the agent's key. If it is nowhere, the hook stops: Container Apps refuses an app whose secret is not there.
    /// </summary>
    public async Task RequireAgentKeyAsync(CancellationToken cancellation)
    {
        string name = AgentKeyName(context);
        await SetAgentKeyAsync(cancellation);
        if (context.Optional("VOICE_AGENT_API_KEY") is null && OwnerOf(name) is null)
            throw new HookFailure($"secret {name} (VOICE_AGENT_KEY_SECRET_NAME) is in no vault",
                "run the same command once with VOICE_AGENT_API_KEY set to the agent's key");
    }

    private string? OwnerOf(string name) => _vaults.Where(v => v.Names.Contains(name)).Select(v => v.Vault).FirstOrDefault();

    private void RequireTogether(string one, string other)
    {
        if (OwnerOf(one) is not null && OwnerOf(other) is null)
            throw new HookFailure($"{one} is in a vault and {other} in none",
                "recover it with 'az keyvault secret recover', or delete both in all vaults for new ones (calls in progress end)");
    }

    private async Task PutAsync(IReadOnlyList<string> vaults, string name, string value, CancellationToken cancellation)
    {
        if (vaults.Count == 0) return;
        string file = folder.Write("value", value);
        foreach (string vault in vaults)
        {
            await az.SetSecretAsync(vault, name, file, cancellation);
            context.Say($"vault {vault}: {name} written");
        }
        File.Delete(file);
    }
}
