namespace Dapr.Voice.Hooks;

/// <summary>The only call of <c>azd</c> that the hooks make: it stores a value that the next command of azd reads.</summary>
internal sealed class AzdCli
{
    private readonly CommandLine _azd;

    private AzdCli(CommandLine azd) => _azd = azd;

    public static AzdCli Require(HookContext context)
        => new(CommandLine.Require(context, "azd", "install the Azure Developer CLI: https://aka.ms/azd"));

    public async Task SetAsync(string name, string value, CancellationToken cancellation)
    {
        CommandResult result = await _azd.RunAsync(["env", "set", name, value], cancellation);
        if (!result.Succeeded) throw new HookFailure($"azd does not keep {name}: {result.Reason}", $"run 'azd env set {name} \"{value}\"'");
    }
}
